import { hash } from 'node:crypto';

/** JSON with sorted keys and no spaces: the same value gives the same bytes, whoever wrote it. */
export const canonicalJson = (value: unknown): string => write(value, asItIs);

const asItIs = (_key: string, value: unknown): unknown => value;
const PLAIN = /^[\w.:-]*$/;
const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** Written in one go, without lists in between: every report is, twice. @param told what counts of a field, by its key; of what stands in a list, by an empty one */
function write(value: unknown, told: (key: string, value: unknown) => unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${write(told('', item), told)}`;
    return `[${text}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const field = told(key, (value as Record<string, unknown>)[key]);
    if (field !== undefined) text += `${text === '' ? '' : ','}${quote(key)}:${write(field, told)}`;
  }
  return `{${text}}`;
}

export const sha256 = (text: string | Uint8Array): string => hash('sha256', text, 'hex');

/** What two reports of an unchanged host may differ in: clocks, task lists, and by how much a reference count is above zero. */
const withoutNoise = (key: string, value: unknown): unknown => (key === 'refcount' && typeof value === 'number' ? Math.min(value, 1) : value);

/**
 * Which content does this report carry?
 *
 * Taken over the document as it was written, so a report of an older agent that lacks a newer field keeps its digest.
 *
 * @param report a report as parsed from JSON; its own `digest` is not part of it
 * @returns SHA-256 in hexadecimal; equal exactly when two reports say the same of their host
 */
export function contentDigest(report: Record<string, unknown>): string {
  const { digest: _digest, sequence: _sequence, clock: _clock, agent: _agent, transition, ...content } = report;
  const open =
    transition !== null && typeof transition === 'object' && !Array.isArray(transition)
      ? { patch: (transition as Record<string, unknown>)['patch'] ?? null }
      : null;
  return sha256(write({ ...content, transition: open }, withoutNoise));
}
