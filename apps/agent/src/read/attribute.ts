import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  type Dirent,
} from 'node:fs';
import { Failure, shown, unreadable } from '../failure.js';

/** A file or directory disappeared after it was listed. The caller reads again. */
export class Vanished extends Error {
  override readonly name = 'Vanished';
}

/** The file exists, and this user may not read it. */
export class Forbidden extends Failure {
  constructor(path: string, errno: string) {
    super('UNREADABLE', `${path}: not readable by this user (${errno})`);
  }
}

const PAGE = 4096;
// A FIFO must not block, and a link must not lead out of the tree.
const CAUTIOUS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const ABSENT = new Set(['ENOENT', 'ENOTDIR']);
// sysfs returns ENODEV and procfs ESRCH if the object of an open file is gone.
const GONE = new Set(['ENODEV', 'ESRCH', 'ESTALE']);
const FORBIDDEN = new Set(['EACCES', 'EPERM']);

function orNull<T>(path: string, action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    if (ABSENT.has(code)) return null;
    if (GONE.has(code)) throw new Vanished(path);
    if (FORBIDDEN.has(code)) throw new Forbidden(path, code);
    throw unreadable(path, `cannot be read (${code})`);
  }
}

/**
 * Opens a regular file for reading without blocking.
 *
 * @param follow follow a symbolic link; below sys and proc there are none to follow
 * @returns the descriptor, which the caller closes; null if the file does not exist
 */
export function openPlain(path: string, follow = false): number | null {
  const found = orNull(path, () => (follow ? statSync(path) : lstatSync(path)));
  if (found === null) return null;
  if (!found.isFile())
    throw unreadable(
      path,
      found.isSymbolicLink() ? 'is a symbolic link, not a file' : 'is not a regular file',
    );
  const descriptor = orNull(path, () => openSync(path, follow ? CAUTIOUS : CAUTIOUS | constants.O_NOFOLLOW));
  if (descriptor !== null && !fstatSync(descriptor).isFile()) {
    closeSync(descriptor);
    throw unreadable(path, 'is not a regular file');
  }
  return descriptor;
}

/** Reads more bytes of an open file. Returns 0 at its end. */
export const readMore = (path: string, descriptor: number, into: Buffer): number =>
  orNull(path, () => readSync(descriptor, into, 0, into.length, null)) ?? 0;

/**
 * Reads a whole file.
 *
 * @param limit in bytes; a longer file is an error
 * @returns null if the file does not exist
 * @throws Failure UNREADABLE with the path; Forbidden; Vanished
 */
export function readBytes(path: string, limit: number, follow = false): Buffer | null {
  const descriptor = openPlain(path, follow);
  if (descriptor === null) return null;
  try {
    // Files of procfs and sysfs are read in pages. Their
    // size is mostly 0 or one page, whatever their content.
    let bytes = Buffer.allocUnsafe(Math.min(fstatSync(descriptor).size, limit) + PAGE);
    for (let total = 0; ;) {
      if (total === bytes.length) bytes = Buffer.concat([bytes], 2 * total);
      const size = readMore(path, descriptor, bytes.subarray(total));
      if (size === 0) return bytes.subarray(0, total);
      total += size;
      if (total > limit) throw unreadable(path, `is longer than ${limit} bytes`);
    }
  } finally {
    closeSync(descriptor);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a whole file as UTF-8 text. Other bytes are an error. */
export function readText(path: string, limit = 4 * PAGE, follow = false): string | null {
  const bytes = readBytes(path, limit, follow);
  if (bytes === null) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    throw unreadable(path, 'is not UTF-8 text');
  }
}

/**
 * Reads a one-line attribute.
 *
 * @param shape matches the values that a kernel writes
 * @param allowed describes them in error messages
 * @returns the line without its newline; null if the attribute does not exist
 */
export function readAttribute(path: string, shape: RegExp, allowed: string): string | null {
  const text = readText(path)?.replace(/\n$/, '');
  if (text === undefined) return null;
  if (!shape.test(text)) throw unreadable(path, `found ${shown(text)}, expected ${allowed}`);
  return text;
}

/** Reads an attribute that is 0 or 1. Null if it does not exist. */
export function readFlag(path: string): boolean | null {
  const text = readAttribute(path, /^[01]$/, '0 or 1');
  return text === null ? null : text === '1';
}

/** Reads an attribute that is an integer in a range. Null if it does not exist. */
export function readNumber(path: string, least: number, most: number): number | null {
  const text = readAttribute(path, /^-?[0-9]{1,15}$/, 'a whole number');
  if (text === null) return null;
  if (Number(text) < least || Number(text) > most)
    throw unreadable(path, `found ${text}, expected ${least} to ${most}`);
  return Number(text);
}

/** Lists a directory, sorted by name. Null if it does not exist. */
export function listFolder(path: string): Dirent[] | null {
  const found = orNull(path, () => readdirSync(path, { withFileTypes: true }));
  return found?.sort((a, b) => (a.name < b.name ? -1 : 1)) ?? null;
}
