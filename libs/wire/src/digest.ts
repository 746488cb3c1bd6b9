import { hash } from 'node:crypto';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** JSON with sorted keys and no spaces: the same value gives the same bytes, whoever wrote it. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`;
}

export const sha256 = (text: string | Uint8Array): string => hash('sha256', text, 'hex');

/** What two reports of an unchanged host may differ in: clocks, task lists, and by how much a reference count is above zero. */
function withoutNoise(key: string, value: Json): Json {
  if (key === 'refcount') return typeof value === 'number' ? Math.min(value, 1) : value;
  if (Array.isArray(value)) return value.map((item) => withoutNoise('', item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withoutNoise(name, field)]));
}

/**
 * Which content does this report carry?
 *
 * Taken over the document as it was written, so a report of an older agent that lacks a newer field keeps its digest.
 *
 * @param report a report as parsed from JSON; its own `digest` is not part of it
 * @returns SHA-256 in hexadecimal; equal exactly when two reports say the same of their host
 */
export function contentDigest(report: Record<string, unknown>): string {
  const { digest: _digest, sequence: _sequence, clock: _clock, agent: _agent, transition, ...content } = report as Record<string, Json>;
  const open = transition !== null && typeof transition === 'object' && !Array.isArray(transition) ? { patch: transition['patch'] ?? null } : null;
  return sha256(canonicalJson(withoutNoise('', { ...content, transition: open })));
}
