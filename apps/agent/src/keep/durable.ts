import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.js';

/** Makes a folder that only its owner can look into. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(path, error);
  }
}

const unwritable = (path: string, error: unknown): Failure =>
  new Failure('USAGE', `${path}: cannot be written (${(error as NodeJS.ErrnoException).code}); give --state a folder that can`);

/** Makes what was just created, renamed or linked in this folder outlive a loss of power. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeBeside(path: string, text: string): string {
  const beside = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    const descriptor = openSync(beside, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    rmSync(beside, { force: true });
    throw unwritable(dirname(path), error);
  }
  return beside;
}

/** Writes a file whole or not at all, and returns when it is on the disk. */
export function writeDurably(path: string, text: string): void {
  const beside = writeBeside(path, text);
  renameSync(beside, path);
  syncFolder(dirname(path));
}

/**
 * As `writeDurably`, for a file that must not be there yet.
 *
 * @returns false where it is there already; then it is left as it is
 */
export function createDurably(path: string, text: string): boolean {
  const beside = writeBeside(path, text);
  try {
    // a link fails where the name is taken, and appears with its whole content: of two at once exactly one wins
    linkSync(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(beside, { force: true });
  }
  syncFolder(dirname(path));
  return true;
}
