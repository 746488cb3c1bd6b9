import type { FleetAnswer } from '../src/gate/fleet.js';
import type {
  Cohort,
  ListedPatch,
  Reason,
  ReasonCount,
  Verdict,
  VerdictCounts,
  VerdictKind,
} from '../src/registry/generated/operations.js';
import { KINDS } from '../src/registry/kinds.js';

/** A reason with defaults. */
export const reason = (code: string, kind: Reason['kind'], more: Partial<Reason> = {}): Reason => ({
  code,
  kind,
  clearedBy: 'AUTHOR',
  errno: null,
  patch: null,
  buildId: null,
  stateId: null,
  have: null,
  need: null,
  other: null,
  function: null,
  routes: [],
  detail: null,
  text: `because of ${code}`,
  ...more,
});

export const listed = (name: string, more: Partial<ListedPatch> = {}): ListedPatch => ({
  name,
  buildId: null,
  enabled: true,
  transition: false,
  replace: true,
  states: [],
  evidence: 'MODULE',
  moduleState: 'LIVE',
  moduleTaint: null,
  file: null,
  patch: null,
  ...more,
});

/** A verdict whose kind follows from its reasons, as in the registry, unless `more.kind` overrides it. */
export function verdict(reasons: readonly Reason[], more: Partial<Verdict> = {}): Verdict {
  const allowed = more.allowed ?? [];
  const counted = reasons.filter((each) => each.kind !== 'ADVISORY').map((each) => each.kind as VerdictKind);
  const kind = KINDS.findLast((each) => counted.includes(each)) ?? 'SAFE';
  const accepted = reasons.every(
    (each) => each.kind === 'ADVISORY' || (each.kind === 'UNKNOWN' && allowed.includes(each.code)),
  );
  return {
    kind,
    route: 'REPLACE',
    steps: [],
    price: null,
    searched: null,
    reasons: [...reasons],
    basedOnStaleFacts: false,
    errno: null,
    allowed: [...allowed],
    accepted,
    policyRule: null,
    rules: { sets: ['KLP_5_5'], basis: 'KALLSYMS' },
    ...more,
  };
}

export const cohort = (hosts: number, judged: Verdict, more: Partial<Cohort> = {}): Cohort => ({
  hosts,
  kernelRelease: '6.1.0',
  arch: 'x86_64',
  runs: ['lp_1'],
  stack: [listed('lp_1')],
  labels: [],
  freshness: 'FRESH',
  verdict: judged,
  examples: ['web-1'],
  ...more,
});

/** A consistent answer with these cohorts. `more` overrides its fields. */
export function fleetAnswer(cohorts: readonly Cohort[], more: Partial<FleetAnswer> = {}): FleetAnswer {
  const count = (kind: VerdictKind) =>
    cohorts.filter((each) => each.verdict.kind === kind).reduce((sum, each) => sum + each.hosts, 0);
  const harmful = cohorts
    .filter((each) => each.verdict.reasons.some((why) => why.kind === 'UNSAFE'))
    .reduce((sum, each) => sum + each.hosts, 0);
  const counts: VerdictCounts = {
    safe: count('SAFE'),
    unknown: count('UNKNOWN'),
    unsafe: count('UNSAFE'),
    refused: count('REFUSED'),
    total: cohorts.reduce((sum, each) => sum + each.hosts, 0),
    harmful,
    accepted: cohorts.filter((each) => each.verdict.accepted).reduce((sum, each) => sum + each.hosts, 0),
  };
  const kind = KINDS.findLast((each) => count(each) > 0) ?? 'UNKNOWN';
  return {
    kind,
    counts,
    matched: counts.total,
    limitedByScope: false,
    policy: { revision: null, rules: [] },
    waivers: [],
    snapshot: {
      id: 'WyJrbHAyIl0',
      now: '2026-11-23T10:00:00.000Z',
      catalogRevision: '18446744073709551615',
      policyRevision: null,
      rules: '2026-11-24',
    },
    asOf: null,
    reasons: reasonsOf(cohorts),
    cohorts,
    complete: true,
    steady: true,
    ...more,
  };
}

function reasonsOf(cohorts: readonly Cohort[]): ReasonCount[] {
  const counted = new Map<string, ReasonCount>();
  for (const { hosts, verdict: judged } of cohorts)
    for (const why of judged.reasons)
      counted.set(JSON.stringify(why), {
        reason: why,
        hosts: hosts + (counted.get(JSON.stringify(why))?.hosts ?? 0),
      });
  return [...counted.values()].sort((a, b) => b.hosts - a.hosts);
}

/** The answer as the registry sends it. */
export const asData = (answer: FleetAnswer) => ({
  data: {
    canDowngrade: {
      ...answer,
      reasons: {
        nodes: answer.reasons,
        totalCount: answer.reasons.length,
        pageInfo: { hasNextPage: false, endCursor: null },
      },
      cohorts: {
        nodes: answer.cohorts,
        totalCount: answer.cohorts.length,
        pageInfo: { hasNextPage: false, endCursor: null },
      },
    },
  },
});
