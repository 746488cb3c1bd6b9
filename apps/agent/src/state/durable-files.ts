import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.js';

/** Errors that need another configuration. Others, such as a full disk, may be over in the next run. */
const CONFIGURED = new Set([
  'EACCES',
  'EPERM',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'EINVAL',
]);

/** Converts a system error to a failure. Throws any other error as it is. */
export function unwritable(path: string, error: unknown): Failure {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return CONFIGURED.has(code)
    ? new Failure('USAGE', `${path}: cannot be written (${code}); give --state a folder that can`)
    : new Failure('DISK', `${path}: cannot be written now (${code})`);
}

function orUnwritable<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Creates a directory with mode 0700, and its missing parents.
 *
 * One by one, because `mkdir` with `recursive` never returns below /proc, where nothing can be created.
 *
 * @throws Failure USAGE, DISK
 */
export function makeFolder(path: string): void {
  const made = (): string | null => {
    try {
      mkdirSync(path, { mode: 0o700 });
      return null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return null;
      if (code === 'ENOENT') return code;
      throw unwritable(path, error);
    }
  };
  if (made() === null) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  const code = made();
  if (code !== null) throw unwritable(path, Object.assign(new Error(code), { code }));
}

/** Makes new, renamed and linked entries of a directory survive a power loss. */
export function syncFolder(path: string): void {
  orUnwritable(path, () => {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

function writeTemporary(path: string, text: string, sync: boolean): string {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text);
      if (sync) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritable(dirname(path), error);
  }
  return temporary;
}

function moveInPlace(temporary: string, path: string): void {
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritable(path, error);
  }
}

/** Removes a file if it exists. @throws Failure USAGE, DISK */
export const removeFile = (path: string): void => orUnwritable(path, () => rmSync(path, { force: true }));

/** Writes a file atomically, and returns when it is on the disk. @throws Failure USAGE, DISK */
export function writeDurably(path: string, text: string): void {
  moveInPlace(writeTemporary(path, text, true), path);
  syncFolder(dirname(path));
}

/** Writes a file atomically. After a power loss it may have its old content, or be empty. */
export const writeWhole = (path: string, text: string): void =>
  moveInPlace(writeTemporary(path, text, false), path);

/**
 * Creates a file like `writeDurably`.
 *
 * @returns false if it exists already; then it is not changed
 */
export function createDurably(path: string, text: string): boolean {
  const temporary = writeTemporary(path, text, true);
  try {
    // A link fails if the name exists, and appears with its
    // whole content. Of two at once exactly one succeeds.
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unwritable(path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(dirname(path));
  return true;
}
