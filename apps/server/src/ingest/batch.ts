import { bugs } from '../bug-log.js';
import { Mistake, type problemDetails } from '../errors.js';
import { toProblem } from '../problem.filter.js';
import { isUnavailable } from '../store/unavailable.js';
import { Turns } from './turns.js';

/** What became of each element, in their order: its answer, or what was wrong with it. */
export interface Batch<Answer> {
  readonly results: readonly (Answer | ReturnType<typeof problemDetails>)[];
}

/** So many documents at most come as one. */
export const BATCH_LIMIT = 1000;

/**
 * Does the same with each element of an array, each for itself: a wrong one, or a bug that it meets, does not keep the others from being stored. Where the database is away, the whole
 * batch is to be sent again.
 *
 * @throws Mistake unless it is an array of at most 1000
 */
export async function eachOf<Answer>(body: unknown, receive: (element: unknown) => Promise<Answer>): Promise<Batch<Answer>> {
  if (!Array.isArray(body) || body.length > BATCH_LIMIT)
    throw new Mistake(
      'BAD_USER_INPUT',
      `a batch is an array of at most ${BATCH_LIMIT} documents, found ${Array.isArray(body) ? `${body.length} of them` : 'something else'}`,
    );
  const answer = async (element: unknown) => {
    try {
      return await receive(element);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      if (!(error instanceof Mistake)) bugs.note(error);
      return toProblem(error);
    }
  };
  const turns = new Turns();
  return { results: await Promise.all(body.map((element) => turns.do(() => answer(element)))) };
}
