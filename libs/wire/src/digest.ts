import { hash } from 'node:crypto';

/**
 * Returns canonical JSON (RFC 8785): equal values give equal bytes. A field that is undefined is left out.
 *
 * The schemas of the messages allow neither fractions nor halves of surrogate pairs.
 *
 * @throws TypeError for a number that JSON does not have: NaN, Infinity
 */
export const canonicalJson = (value: unknown): string => write(value, asItIs);

const asItIs = (_key: string, value: unknown): unknown => value;
const PLAIN = /^[\w.:-]*$/;
const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/**
 * Writes canonical JSON in one pass, because every report is written twice.
 *
 * @param filter returns the value to write for a key; items
 *   of a list have an empty key; undefined leaves it out
 */
function write(value: unknown, filter: (key: string, value: unknown) => unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${write(filter('', item), filter)}`;
    return `[${text}]`;
  }
  // the default order is that of UTF-16 code units, as RFC 8785 demands
  for (const key of Object.keys(value).sort()) {
    const field = filter(key, (value as Record<string, unknown>)[key]);
    if (field !== undefined) text += `${text === '' ? '' : ','}${quote(key)}:${write(field, filter)}`;
  }
  return `{${text}}`;
}

export const sha256 = (text: string | Uint8Array): string => hash('sha256', text, 'hex');

/** Reduces a reference count to 0 or 1, because its value changes on an unchanged host. */
const withoutNoise = (key: string, value: unknown): unknown =>
  key === 'refcount' && typeof value === 'number' ? Math.min(value, 1) : value;

/**
 * Returns the digest of a report's content.
 *
 * Covers the document as it was sent, so a report of an older agent without a newer field keeps its digest.
 *
 * @param report a report as parsed from JSON; its own `digest` is left out
 * @returns SHA-256 in hexadecimal; equal if and only if two reports have the same facts
 */
export function contentDigest(report: Record<string, unknown>): string {
  const {
    digest: _digest,
    sequence: _sequence,
    clock: _clock,
    agent: _agent,
    transition,
    ...content
  } = report;
  const open =
    transition !== null && typeof transition === 'object' && !Array.isArray(transition)
      ? { patch: (transition as Record<string, unknown>)['patch'] ?? null }
      : null;
  return sha256(write({ ...content, transition: open }, withoutNoise));
}
