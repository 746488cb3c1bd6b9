import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.js';

/** What a configuration mends. Everything else (a full disk, an input error) may be over in the next run. */
const CONFIGURED = new Set(['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'EINVAL']);

/** The failure of what could not be written. What is not an error of the system is thrown as it is. */
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
 * Makes a folder that only its owner can look into, and those above it that are missing.
 *
 * One by one: `mkdir` with `recursive` never returns below /proc, where a folder is there and nothing can be made in it.
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

/** Makes what was just created, renamed or linked in this folder outlive a loss of power. */
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

/** Removes a file that may be gone already. @throws Failure USAGE, DISK */
export const removeFile = (path: string): void => orUnwritable(path, () => rmSync(path, { force: true }));

/** Writes a file whole or not at all, and returns when it is on the disk. @throws Failure USAGE, DISK */
export function writeDurably(path: string, text: string): void {
  moveInPlace(writeTemporary(path, text, true), path);
  syncFolder(dirname(path));
}

/** Writes a file whole or not at all. After a loss of power it may be what it was before, or empty. */
export const writeWhole = (path: string, text: string): void => moveInPlace(writeTemporary(path, text, false), path);

/**
 * As `writeDurably`, for a file that must not be there yet.
 *
 * @returns false if it is there already; then it is left as it is
 */
export function createDurably(path: string, text: string): boolean {
  const temporary = writeTemporary(path, text, true);
  try {
    // a link fails if the name is taken, and appears with its whole content: of two at once exactly one wins
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
