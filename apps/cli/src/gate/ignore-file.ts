import { readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { timeFrom } from '../commands/time-flag.js';
import { type Failure, usage } from '../exits.js';
import { codeOf } from './question.js';

/** A code of a reason that a file ignores. */
export interface IgnoredCode {
  readonly code: string;
  readonly owner: string;
  readonly reason: string;
  /** An instant in UTC. */
  readonly expiresAt: string;
}

const FIELDS = ['code', 'owner', 'reason', 'expires'];

/**
 * Reads the file of `--ignore-file`: YAML with a list, or TOML with tables `[[ignore]]`.
 *
 * @param now in milliseconds
 * @throws Failure 2 unless each entry has a code, an owner, a reason and an expiry in the future
 */
export function readIgnoreFile(file: string, now: number): IgnoredCode[] {
  const found = parseFile(file);
  const list = Array.isArray(found) ? found : (found as { ignore?: unknown } | null)?.ignore;
  if (!Array.isArray(list))
    throw wrong(file, 'it has no list', `write a list of entries with ${FIELDS.join(', ')}`);
  return list.map((entry: unknown, i) => {
    const fields = entry !== null && typeof entry === 'object' ? (entry as Record<string, unknown>) : {};
    const unknown = Object.keys(fields).filter((key) => !FIELDS.includes(key));
    if (unknown.length > 0) throw wrong(file, `entry ${i + 1} has an unknown field: ${unknown.join(', ')}`);
    const [code, owner, reason, expires] = FIELDS.map((key) => textOf(fields[key]));
    if (!code || !owner || !reason || !expires)
      throw wrong(file, `entry ${i + 1} must have ${FIELDS.join(', ')}, each as text`);
    const flag = `--ignore-file ${file}, entry ${i + 1}`;
    const expiresAt = timeFrom(flag, expires);
    if (Date.parse(expiresAt) <= now)
      throw usage(
        `${flag}: ${code} of ${owner} expired at ${expiresAt}`,
        'remove the entry, or let its owner decide on a later time',
      );
    return { code: codeOf(flag, code), owner, reason, expiresAt };
  });
}

function parseFile(file: string): unknown {
  try {
    const text = readFileSync(file, 'utf8');
    return file.endsWith('.toml') ? parseToml(text) : parseYaml(text);
  } catch (error) {
    throw wrong(file, `it cannot be read: ${(error as Error).message}`);
  }
}

const textOf = (value: unknown): string | null =>
  value instanceof Date ? value.toISOString() : typeof value === 'string' ? value : null;

const wrong = (file: string, what: string, ...hints: string[]): Failure =>
  usage(`--ignore-file ${file}: ${what}`, ...hints);
