import { bugs } from '../bug-log.js';
import { RequestError, type problemDetails } from '../errors.js';
import { toProblem } from '../problem.filter.js';
import { isUnavailable } from '../database/unavailable.js';
import { Turns } from './turns.js';

/** What became of each element, in their order: its answer, or what was wrong with it. */
export interface Batch<Answer> {
  readonly results: readonly (Answer | ReturnType<typeof problemDetails>)[];
}

/**
 * Does the same with each element, each for itself: a wrong one, or a bug that it meets, does not keep the others from being stored. Where the database is away, the whole
 * batch is to be sent again.
 */
export async function eachOf<Element, Answer>(elements: readonly Element[], receive: (element: Element) => Promise<Answer>): Promise<Batch<Answer>> {
  const answer = async (element: Element) => {
    try {
      return await receive(element);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      if (!(error instanceof RequestError)) bugs.note(error);
      return toProblem(error);
    }
  };
  const turns = new Turns();
  return { results: await Promise.all(elements.map((element) => turns.do(() => answer(element)))) };
}
