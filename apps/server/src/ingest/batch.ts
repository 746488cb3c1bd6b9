import { Mistake, problemDetails } from '../errors.js';

/** What became of each element, in their order: its answer, or what was wrong with it. */
export interface Batch<Answer> {
  readonly results: readonly (Answer | ReturnType<typeof problemDetails>)[];
}

const MAX = 1000;

/**
 * Does the same with each element of an array, each for itself: a wrong one does not keep the others from being stored.
 *
 * @throws Mistake unless it is an array of at most 1000
 */
export async function eachOf<Answer>(body: unknown, receive: (element: unknown) => Promise<Answer>): Promise<Batch<Answer>> {
  if (!Array.isArray(body) || body.length > MAX)
    throw new Mistake(
      'BAD_USER_INPUT',
      `a batch is an array of at most ${MAX} documents, found ${Array.isArray(body) ? `${body.length} of them` : 'something else'}`,
    );
  const answer = async (element: unknown) => {
    try {
      return await receive(element);
    } catch (error) {
      if (error instanceof Mistake) return problemDetails(error);
      throw error;
    }
  };
  return { results: await Promise.all(body.map(answer)) };
}
