import { lstatSync, type Stats } from 'node:fs';
import { sep } from 'node:path';
import { Failure } from '../failure.js';
import type { Settings } from '../settings.js';
import { makeFolder } from './durable-files.js';

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

/**
 * Returns why a directory must not hold the agent's state. Null if it may.
 *
 * A user who can write there controls the identity of the host and its messages.
 */
export function objection(
  found: Pick<Stats, 'mode' | 'uid' | 'isDirectory' | 'isSymbolicLink'>,
  user: number,
): string | null {
  if (found.isSymbolicLink()) return 'is a symbolic link; give --state the folder itself';
  if (!found.isDirectory()) return 'is not a folder; give --state a folder';
  if (found.uid !== user)
    return (
      `belongs to user ${found.uid}, and this agent runs as user ${user}; give --state a folder of ` +
      'this user'
    );
  if ((found.mode & 0o022) !== 0)
    return `can be written by other users (mode ${octal(found.mode)}); make it 0700`;
  return null;
}

const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(root + sep);

/**
 * Creates the state directory if it does not exist, and checks that only this user can write to it.
 *
 * @throws Failure USAGE, DISK
 */
export function checkStateDirectory({ state, roots }: Settings, user = process.getuid?.() ?? 0): void {
  const tree = ['/proc', '/sys', roots.proc, roots.sys].find((root) => isBelow(state, root));
  if (tree !== undefined)
    throw new Failure(
      'USAGE',
      `${state}: lies below ${tree}, where this agent never writes; give --state another folder`,
    );
  makeFolder(state);
  const found = lstatSync(state, { throwIfNoEntry: false });
  const why = found === undefined ? 'is not there' : objection(found, user);
  if (why !== null) throw new Failure('USAGE', `${state}: ${why}`);
}
