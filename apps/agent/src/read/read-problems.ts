import { Failure } from '../failure.js';

/**
 * What could not be read while looking at a host.
 *
 * `unread` puts the livepatches themselves in doubt: the list, `enabled`, `transition`, the modules or their taint.
 * `warnings` are about everything else. Each entry is a sentence that names the path.
 */
export interface ReadProblems {
  readonly unread: string[];
  readonly warnings: string[];
}

export const noProblems = (): ReadProblems => ({ unread: [], warnings: [] });

/**
 * Reads a fact that a report can lack: what cannot be read is null, and a sentence is added.
 *
 * @throws Vanished, which is a reason to look again
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
