import * as where from '@klpreg/where';
import { usage } from '../exits.js';

/** As `hostFilter` of the library. @throws Failure 2 with the position, for the flag `--where` */
export const hostFilter = (...question: Parameters<typeof where.hostFilter>): where.HostFilter =>
  ofFlag('--where', () => where.hostFilter(...question));

/** As `parseWhere` of the library. @throws Failure 2 with the position */
export const parseWhere = (selector: string, flag = '--where'): where.Term[] =>
  ofFlag(flag, () => where.parseWhere(selector));

/** Turns an error in a selector into a usage error of its flag, with a caret below the place. */
function ofFlag<T>(flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof where.WhereError)) throw error;
    const { message, selector, at } = error;
    throw usage(`${flag}: ${message}`, selector.replaceAll(/\s/g, ' '), `${' '.repeat(at)}^`);
  }
}
