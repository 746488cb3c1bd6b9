import type { Verdict, VerdictKind } from '@klpreg/compat';
import type { VerdictCounts } from './generated/schema.js';

/** Numbers of hosts that grow. */
export type Counts = { -readonly [Field in keyof VerdictCounts]: VerdictCounts[Field] };

export const noHosts = (): Counts => ({
  safe: 0,
  unknown: 0,
  unsafe: 0,
  refused: 0,
  total: 0,
  harmful: 0,
  accepted: 0,
});

const FIELDS = {
  SAFE: 'safe',
  UNKNOWN: 'unknown',
  UNSAFE: 'unsafe',
  REFUSED: 'refused',
} as const satisfies Record<VerdictKind, keyof VerdictCounts>;

/** Adds hosts that have this verdict. */
export function addHosts(counts: Counts, { kind, harmful, accepted }: Verdict, hosts: number): void {
  counts[FIELDS[kind]] += hosts;
  counts.total += hosts;
  if (harmful) counts.harmful += hosts;
  if (accepted) counts.accepted += hosts;
}
