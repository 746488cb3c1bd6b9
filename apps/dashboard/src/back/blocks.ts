import { type Counts, type Kind, KINDS } from '../parts/kinds.js';
import type { BackCohort } from './generated/operations.js';

/** Hosts that share properties and answer. */
export interface Block {
  /** Names it in an address. */
  readonly key: string;
  readonly kind: Kind;
  readonly hosts: number;
  /** Null: the hosts of all groups with this verdict that the registry did not list. */
  readonly cohort: BackCohort | null;
}

/** The groups of an answer as blocks, the largest first. A block for each verdict has what is not listed. */
export function blocksOf(cohorts: readonly BackCohort[], counts: Counts): Block[] {
  const listed = cohorts.map((cohort) => ({
    key: keyOf(cohort),
    kind: cohort.verdict.kind,
    hosts: cohort.hosts,
    cohort,
  }));
  const others = KINDS.map((kind) => ({
    key: `others-${kind}`,
    kind,
    hosts: listed
      .filter((block) => block.kind === kind)
      .reduce((rest, { hosts }) => rest - hosts, counts[kind.toLowerCase() as Lowercase<Kind>]),
    cohort: null,
  }));
  return [...listed, ...others].filter(({ hosts }) => hosts > 0).sort((a, b) => b.hosts - a.hosts);
}

/** The codes of the reasons that decide a verdict. */
export const decidingCodes = ({ kind, reasons }: BackCohort['verdict']): string[] => [
  ...new Set(reasons.filter((reason) => reason.kind === kind).map(({ code }) => code)),
];

/** The names of the listed patches, and what else the hosts share. Without any, it is the empty text. */
export const sharedBy = ({ runs, kernelRelease, labels }: BackCohort, original: string): string =>
  [
    runs === null ? '' : runs.join(' < ') || original,
    kernelRelease ?? '',
    ...labels.map(({ key, value }) => `${key}=${value}`),
  ]
    .filter((text) => text !== '')
    .join(' · ');

/** Groups have no id. A hash (FNV-1a) of what the hosts share is short enough for an address. */
function keyOf({ runs, kernelRelease, arch, labels, verdict: { kind, route, reasons } }: BackCohort): string {
  const text = JSON.stringify([
    runs,
    kernelRelease,
    arch,
    labels,
    kind,
    route,
    reasons.map(({ text }) => text),
  ]);
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
