import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, statSync, type Dirent } from 'node:fs';
import { Failure, shown, unreadable } from '../failure.js';

/** What was listed a moment ago is gone: not an error, a reason to look again. */
export class Vanished extends Error {
  override readonly name = 'Vanished';
}

/** The file is there, and this user may not read it. A failure, unless the caller knows how to say "not known". */
export class Forbidden extends Failure {
  constructor(path: string, errno: string) {
    super('UNREADABLE', `${path}: there, and not readable by this user (${errno})`);
  }
}

const PAGE = 4096;
// a FIFO must not make us wait, and a link must not lead out of the tree
const CAUTIOUS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const ABSENT = new Set(['ENOENT', 'ENOTDIR']);
// sysfs answers ENODEV, proc ESRCH, when what the open file stood for has gone
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
 * Opens a plain file for reading without ever waiting for it.
 *
 * @param follow a symbolic link is followed; below sys and proc there is none to follow
 * @returns the descriptor, which the caller closes; null where there is no such file
 */
export function openPlain(path: string, follow = false): number | null {
  const found = orNull(path, () => (follow ? statSync(path) : lstatSync(path)));
  if (found === null) return null;
  if (!found.isFile()) throw unreadable(path, found.isSymbolicLink() ? 'is a symbolic link, not a file' : 'is not a plain file');
  const descriptor = orNull(path, () => openSync(path, follow ? CAUTIOUS : CAUTIOUS | constants.O_NOFOLLOW));
  if (descriptor !== null && !fstatSync(descriptor).isFile()) {
    closeSync(descriptor);
    throw unreadable(path, 'is not a plain file');
  }
  return descriptor;
}

/** Up to `size` bytes more of an open file; 0 at its end. */
export const readMore = (path: string, descriptor: number, into: Buffer): number => orNull(path, () => readSync(descriptor, into, 0, into.length, null)) ?? 0;

/**
 * Which bytes does this file hold?
 *
 * @param limit in bytes; a longer file is an error, because half a file is a wrong one
 * @returns null where there is no such file
 * @throws Failure UNREADABLE naming the path; Forbidden; Vanished
 */
export function readBytes(path: string, limit: number, follow = false): Buffer | null {
  const descriptor = openPlain(path, follow);
  if (descriptor === null) return null;
  try {
    // files below proc and sys come in pages, and most of them say 0 or a page of their size, whatever they hold
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

/** As `readBytes`, decoded; what is not UTF-8 is an error. */
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
 * What does this one-line attribute say?
 *
 * @param shape what a kernel can write there
 * @param allowed the same for people
 * @returns the line without its newline; null where there is no such attribute
 */
export function readAttribute(path: string, shape: RegExp, allowed: string): string | null {
  const text = readText(path)?.replace(/\n$/, '');
  if (text === undefined) return null;
  if (!shape.test(text)) throw unreadable(path, `found ${shown(text)}, and it should be ${allowed}`);
  return text;
}

/** An attribute that is 0 or 1; null where there is none. */
export function readFlag(path: string): boolean | null {
  const text = readAttribute(path, /^[01]$/, '0 or 1');
  return text === null ? null : text === '1';
}

/** An attribute that is a whole number within these; null where there is none. */
export function readNumber(path: string, least: number, most: number): number | null {
  const text = readAttribute(path, /^-?[0-9]{1,15}$/, 'a whole number');
  if (text === null) return null;
  if (Number(text) < least || Number(text) > most) throw unreadable(path, `found ${text}, and it should be ${least} to ${most}`);
  return Number(text);
}

/** What is in this folder, sorted by name? Null where there is no such folder. */
export function listFolder(path: string): Dirent[] | null {
  const found = orNull(path, () => readdirSync(path, { withFileTypes: true }));
  return found?.sort((a, b) => (a.name < b.name ? -1 : 1)) ?? null;
}
