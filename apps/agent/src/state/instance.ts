import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { readText } from '../read/attribute.js';
import type { Settings } from '../settings.js';
import { isUuid } from '../uuid.js';
import { createDurably, makeFolder } from './durable-files.js';
import { checkStateDirectory } from './state-directory.js';

/** Where what is kept for one instance lies. */
export interface StateDirectory {
  readonly instance: string;
  /** `STATE/instances/INSTANCE`: sequence, spool, and what was acknowledged. */
  readonly folder: string;
}

/** `STATE` for this machine, `STATE/trees/HASH` for another tree, so that two trees are never one host. */
function identityDirectory({ state, isTree, roots }: Settings): string {
  if (!isTree) return state;
  const hash = createHash('sha256').update([roots.root, roots.sys, roots.proc].join('\0')).digest('hex');
  return join(state, 'trees', hash.slice(0, 16));
}

function readInstance(file: string): string | null {
  const text = readText(file)?.trim();
  if (text === undefined) return null;
  // never replaced by a new one: that would make one host two
  if (!isUuid(text)) throw new Failure('USAGE', `${file}: is not a UUID; restore it, or remove it to become a new host`);
  return text;
}

/**
 * Under which id does the registry know this host?
 *
 * The one that was configured; else the one that was made at the first run and kept ever since.
 *
 * @param mayFail a state directory that cannot be written gives an id that nobody keeps, with a warning; else it is an error
 */
export function findStateDirectory(settings: Settings, mayFail: boolean, warn: (text: string) => void): StateDirectory {
  const at = (instance: string): StateDirectory => ({ instance, folder: join(settings.state, 'instances', instance) });
  if (!mayFail) checkStateDirectory(settings);
  if (settings.instance !== null) return at(settings.instance);
  const folder = identityDirectory(settings);
  const file = join(folder, 'instance');
  const kept = readInstance(file);
  if (kept !== null) return at(kept);
  const made = randomUUID();
  try {
    checkStateDirectory(settings);
    makeFolder(folder);
    createDurably(file, `${made}\n`);
  } catch (error) {
    if (!mayFail || !(error instanceof Failure)) throw error;
    warn(`${error.message}. The instance id that is shown is kept nowhere`);
    return at(made);
  }
  return at(readInstance(file) ?? made);
}
