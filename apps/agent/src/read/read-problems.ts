import { Failure } from '../failure.js';

/**
 * What could not be read on a host. Each entry is a sentence with the path.
 *
 * `unread` makes the livepatches uncertain: the list, `enabled`, `transition`, the modules or their taint.
 * `warnings` are about everything else.
 */
export interface ReadProblems {
  readonly unread: string[];
  readonly warnings: string[];
}

export const noProblems = (): ReadProblems => ({ unread: [], warnings: [] });

/**
 * Reads an optional fact. If it cannot be read, returns null and adds a sentence.
 *
 * @throws Vanished, after which the caller reads again
 */
export function orNull<T>(sentences: string[], read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    sentences.push(error.message);
    return null;
  }
}
