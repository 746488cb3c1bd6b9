import { fields, flag, list, nullable, oneOf, page, type Read, text, uint64, whole } from './shape.js';

/** What the registry's answers look like, as far as this program reads them. The words are those of the schema. */

export const state = fields({ id: uint64, version: whole });

/** Worst last: the order in which they decide. */
export const KINDS = ['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED'] as const;
export type Kind = (typeof KINDS)[number];

export const label = fields({ key: text, value: text });
const publication = fields({ release: text, owner: text });

export const listedPatch = fields({
  name: text,
  buildId: nullable(text),
  enabled: flag,
  transition: flag,
  replace: nullable(flag),
  states: nullable(list(state)),
  evidence: nullable(text),
  moduleState: nullable(text),
  moduleTaint: nullable(text),
  file: nullable(text),
  patch: nullable(publication),
});
export type ListedPatch = Read<typeof listedPatch>;

const reason = fields({
  code: text,
  kind: oneOf('REFUSED', 'UNSAFE', 'UNKNOWN', 'ADVISORY'),
  clearedBy: text,
  errno: nullable(text),
  patch: nullable(text),
  buildId: nullable(text),
  stateId: nullable(uint64),
  have: nullable(whole),
  need: nullable(whole),
  other: nullable(text),
  function: nullable(text),
  route: nullable(text),
  detail: nullable(text),
  text,
});
export type Reason = Read<typeof reason>;

export const rulesChoice = fields({ sets: list(text), basis: text });

export const verdict = fields({
  kind: oneOf(...KINDS),
  route: nullable(text),
  steps: list(fields({ action: text, patch: nullable(text), sha256: nullable(text) })),
  price: nullable(fields({ transitions: whole, transitionsUnpatched: whole, cvesReopened: list(text), reboots: whole })),
  searched: nullable(fields({ tried: whole, of: whole })),
  reasons: list(reason),
  basedOnStaleFacts: flag,
  errno: nullable(text),
  allowed: list(text),
  accepted: flag,
  rules: rulesChoice,
});
export type Verdict = Read<typeof verdict>;

const cohort = fields({
  hosts: whole,
  kernelRelease: nullable(text),
  arch: nullable(text),
  stack: list(listedPatch),
  labels: list(label),
  freshness: text,
  verdict,
  examples: list(text),
});
export type Cohort = Read<typeof cohort>;

const reasonCount = fields({ reason, hosts: whole });
export type ReasonCount = Read<typeof reasonCount>;

const counts = fields({ safe: whole, unknown: whole, unsafe: whole, refused: whole, total: whole, harmful: whole, accepted: whole });
export type Counts = Read<typeof counts>;

const snapshot = fields({ id: nullable(text), now: text, catalogRevision: uint64, rules: text });
export type Snapshot = Read<typeof snapshot>;

export const fleetVerdict = fields({
  kind: oneOf(...KINDS),
  counts,
  matched: whole,
  limitedByScope: flag,
  reasons: page(reasonCount),
  cohorts: page(cohort),
  snapshot,
});
