import { Labels } from '@klpreg/wire';
import { readEnrolmentToken } from '../enrol/enrolment-token.js';
import { uuidFrom } from '../uuid.js';

/** One setting: what is allowed, and how to parse it. */
export interface Field {
  /** The allowed values, for error messages. */
  readonly allowed: string;
  /** Parses a value. Undefined if it is not allowed. */
  readonly read: (found: unknown) => unknown;
  /** A fact of the host itself, which does not apply to another tree. */
  readonly ofTheHost?: true;
  /** Never shown. */
  readonly secret?: true;
}

const matching = (shape: RegExp) => (found: unknown) =>
  typeof found === 'string' && shape.test(found) ? found : undefined;
const within = (low: number, high: number) => (found: unknown) => {
  const number = typeof found === 'string' && /^[0-9]+$/.test(found) ? Number(found) : found;
  return typeof number === 'number' && Number.isInteger(number) && number >= low && number <= high
    ? number
    : undefined;
};

const folder: Field = { allowed: 'a directory', read: matching(/^[^\0]+$/) };

function readUrl(found: unknown): string | undefined {
  if (typeof found !== 'string' || !URL.canParse(found)) return undefined;
  const url = new URL(found);
  if (
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    return undefined;
  return url.href.replace(/\/+$/, '');
}

/** Parses labels: a table in a file, and `key=value` words elsewhere. */
function readLabels(found: unknown): Record<string, string> | undefined {
  const words = typeof found === 'string' ? found.split(',').filter((word) => word !== '') : found;
  if (Array.isArray(words) && !words.every((word) => typeof word === 'string' && word.includes('=')))
    return undefined;
  const pairs = Array.isArray(words)
    ? Object.fromEntries(
        words.map((word: string) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
      )
    : words;
  return Labels.safeParse(pairs).data;
}

function readFolders(found: unknown): string[] | undefined {
  const folders = typeof found === 'string' ? found.split(':').filter((part) => part !== '') : found;
  return Array.isArray(folders) && folders.every((part) => folder.read(part) !== undefined)
    ? (folders as string[])
    : undefined;
}

/**
 * All settings by their name in a file. The variable of
 * `boot_id` is `KLPREG_BOOT_ID`, and its flag is `--boot-id`.
 */
export const FIELDS = {
  url: { allowed: 'an http:// or https:// URL without user, query or fragment', read: readUrl },
  token: { allowed: 'printable characters without spaces', read: matching(/^[!-~]{1,4096}$/), secret: true },
  token_file: { allowed: 'a file', read: folder.read },
  enrol_token: {
    allowed: 'an enrolment token, as `klpreg enrolment token create` prints it',
    read: (found) =>
      typeof found === 'string' && readEnrolmentToken(found) !== undefined ? found : undefined,
    secret: true,
  },
  enrol_token_file: { allowed: 'a file', read: folder.read },
  ca_file: { allowed: 'a file', read: folder.read },
  cert_file: { allowed: 'a file', read: folder.read },
  key_file: { allowed: 'a file', read: folder.read },
  root: folder,
  sys: folder,
  proc: folder,
  lib_modules: folder,
  kpatch: folder,
  modules: { allowed: 'directories: a list, or separated by colons', read: readFolders },
  instance: {
    allowed: 'a UUID, or any text of 1 to 200 characters',
    read: (found) =>
      typeof found === 'string' && /^[^\u0000-\u001f\u007f]{1,200}$/.test(found)
        ? uuidFrom(found)
        : undefined,
    ofTheHost: true,
  },
  hostname: {
    allowed: 'a name of 1 to 253 characters',
    read: matching(/^[^\u0000-\u001f\u007f]{1,253}$/),
    ofTheHost: true,
  },
  labels: {
    allowed:
      'key=value; keys of 1 to 63 letters, digits and _ . / -, values of one line up to 253 characters, ' +
      'at most 64',
    read: readLabels,
    ofTheHost: true,
  },
  boot_id: {
    allowed: 'a UUID',
    read: (found) =>
      matching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)(
        typeof found === 'string' ? found.toLowerCase() : found,
      ),
    ofTheHost: true,
  },
  arch: {
    allowed: 'an architecture as printed by `uname -m`, such as x86_64',
    read: matching(/^[a-z0-9_]{1,32}$/),
    ofTheHost: true,
  },
  kernel_release: {
    allowed: 'a kernel release as printed by `uname -r`',
    read: matching(/^[!-~]{1,128}$/),
    ofTheHost: true,
  },
  state: folder,
  timeout: { allowed: 'seconds, 1 to 3600', read: within(1, 3_600) },
  interval: { allowed: 'seconds, 5 to 86400', read: within(5, 86_400) },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;
