import { fields, flag, list, measure, nullable, oneOf, page, type Read, text, uint64, whole } from './shape.js';

/** What the registry's answers look like, as far as this program reads them. The words are those of the schema. */

const state = fields({ id: uint64, version: whole });

/** Worst last: the order in which they decide. */
export const KINDS = ['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED'] as const;
export type Kind = (typeof KINDS)[number];

const label = fields({ key: text, value: text });
const publication = fields({ release: text, owner: text });

const listedPatch = fields({
  name: text,
  buildId: nullable(text),
  enabled: flag,
  transition: flag,
  replace: nullable(flag),
  states: nullable(list(state)),
  evidence: nullable(text),
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

const rulesChoice = fields({ sets: list(text), basis: text });

const verdict = fields({
  kind: oneOf(...KINDS),
  route: nullable(text),
  steps: list(fields({ action: text, patch: nullable(text) })),
  reasons: list(reason),
  asLastSeen: flag,
  errno: nullable(text),
  allowed: list(text),
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

const counts = fields({ safe: whole, unknown: whole, unsafe: whole, refused: whole, total: whole, harmful: whole });
export type Counts = Read<typeof counts>;

export const fleetVerdict = fields({
  kind: oneOf(...KINDS),
  counts,
  matched: whole,
  limitedByScope: flag,
  reasons: page(reasonCount),
  cohorts: page(cohort),
  snapshot: fields({ now: text }),
});

const host = {
  id: text,
  instance: text,
  hostname: text,
  labels: list(label),
  kernelRelease: nullable(text),
  arch: nullable(text),
  stack: list(listedPatch),
  transition: nullable(fields({ patch: text, enabling: flag, since: nullable(text), tasks: list(fields({ pid: whole, comm: text })), moreTasks: whole })),
  freshness: fields({ level: text, ageSeconds: nullable(measure), confirmedAt: nullable(text), contactAt: nullable(text), superseded: flag }),
  retiredAt: nullable(text),
};
export const hostRow = fields(host);
export type HostRow = Read<typeof hostRow>;

const fullHost = {
  ...host,
  bootId: nullable(text),
  kernelVersion: nullable(text),
  leftovers: list(fields({ name: text, buildId: nullable(text), referenced: flag, pinned: flag })),
  departed: list(fields({ name: text, buildId: nullable(text), departure: text })),
  rules: rulesChoice,
  retiredBy: nullable(text),
};
export const wholeHost = fields(fullHost);
export const judgedHost = fields({ ...fullHost, canDowngrade: verdict });
export type WholeHost = Read<typeof wholeHost>;

export const namedHost = fields({ id: text, hostname: text, labels: list(label) });

const callbacks = fields({ prePatch: flag, postPatch: flag, preUnpatch: flag, postUnpatch: flag });

const patch = {
  buildId: text,
  name: text,
  release: text,
  owner: text,
  kernelRelease: text,
  arch: text,
  replace: nullable(flag),
  states: nullable(list(state)),
  unreadable: nullable(text),
  impact: text,
  evidence: text,
  conflicts: list(text),
  publishedAt: text,
  recalledAt: nullable(text),
  recallReason: nullable(text),
};
export const patchRow = fields(patch);
export type PatchRow = Read<typeof patchRow>;

export const wholePatch = fields({
  ...patch,
  vermagic: nullable(text),
  sha256: nullable(text),
  srcversion: nullable(text),
  builder: text,
  impactReasons: list(text),
  callbacks: nullable(callbacks),
  objects: list(fields({ name: text, functions: list(fields({ name: text, sympos: uint64 })) })),
  author: nullable(
    fields({
      revision: whole,
      evidence: text,
      states: list(fields({ id: uint64, version: whole, what: text, restore: text })),
      impactNone: flag,
      independentOf: list(text),
      cves: list(text),
      notes: text,
      at: text,
    }),
  ),
});
export type WholePatch = Read<typeof wholePatch>;

export const stateRow = fields({ stateId: uint64, versions: list(fields({ version: whole, patches: whole, owners: list(text), hosts: whole })) });
export type StateRow = Read<typeof stateRow>;
