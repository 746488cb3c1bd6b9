import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { readText } from '../read/attribute.js';
import type { Settings } from '../settings.js';
import { isUuid } from '../uuid.js';
import { createDurably, makeFolder } from './durable-files.js';
import { checkStateDirectory } from './state-directory.js';

/** The state directory of one instance. */
export interface StateDirectory {
  readonly instance: string;
  /** `STATE/instances/INSTANCE`: the sequence, the spool and the records. */
  readonly folder: string;
}

/**
 * Returns `STATE` for this machine and `STATE/trees/HASH`
 * for another tree, so that two trees are never one host.
 */
function identityDirectory({ state, isTree, roots }: Settings): string {
  if (!isTree) return state;
  const hash = createHash('sha256').update([roots.root, roots.sys, roots.proc].join('\0')).digest('hex');
  return join(state, 'trees', hash.slice(0, 16));
}

function readInstance(file: string): string | null {
  const text = readText(file)?.trim();
  if (text === undefined) return null;
  // A new id in its place would make one host two.
  if (!isUuid(text))
    throw new Failure('USAGE', `${file}: is not a UUID; restore it, or remove it to become a new host`);
  return text;
}

/**
 * Returns the instance id of this host with its state directory.
 *
 * The id is the configured one, or the one that the first run generated and stored.
 *
 * @param mayFail if the state directory cannot be written, return an id that is not stored, with a warning
 */
export function findStateDirectory(
  settings: Settings,
  mayFail: boolean,
  warn: (text: string) => void,
): StateDirectory {
  const at = (instance: string): StateDirectory => ({
    instance,
    folder: join(settings.state, 'instances', instance),
  });
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
    warn(`${error.message}. The instance id is not stored`);
    return at(made);
  }
  return at(readInstance(file) ?? made);
}
