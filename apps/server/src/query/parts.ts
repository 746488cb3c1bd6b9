import { Injectable } from '@nestjs/common';
import type { VerdictKind } from '@klpreg/compat';
import type { CohortGroup, CohortRow, FleetCounts, SituationCount } from '../store/counts/fleet-counts.js';
import { FleetStore } from '../store/counts/fleet.store.js';
import type { AsOf } from '../store/history/as-of.js';
import type { Condition } from '../store/hosts/condition.js';
import { type FreshnessKey, freshnessKeyText } from '../store/hosts/hosts-at.js';
import { type HostPage, type HostRow, HostsStore, type KeyRestriction } from '../store/hosts/hosts.store.js';
import { compareKeys } from './cohort-page.js';
import { type Part, partIndex } from './policy-rules.js';
import type { JudgedSituation } from './reason-counts.js';

/** The parts of a fleet at one instant. */
export interface CountedParts {
  /** The rows of all parts. Their freshness keys name the part. */
  readonly rows: readonly SituationCount[];
  /** Null: too many to return at once. */
  readonly cohorts: readonly CohortGroup[] | null;
  /** The first count, which decides the instant. */
  readonly first: FleetCounts;
  /** Pinned, so that everything that is loaded later is of the same instant. */
  readonly pinned: AsOf;
}

/** An answer, as far as its lists depend on it. */
export interface PartedAnswer {
  readonly parts: readonly Part[];
  readonly condition: Condition;
  /** The situations are not all that match the condition. */
  readonly narrowed: boolean;
  readonly situations: readonly JudgedSituation[];
  readonly pinned: AsOf;
}

/** Counts and lists the hosts of the parts of an answer. With one part, each costs one statement. */
@Injectable()
export class Parts {
  constructor(
    private readonly store: FleetStore,
    private readonly hostsStore: HostsStore,
  ) {}

  /** Counts all parts at one instant: together, or the others at the instant of the first one. */
  async count(parts: readonly Part[], asOf: AsOf, withCohorts: boolean): Promise<CountedParts> {
    const [{ condition, limits }, ...others] = parts as [Part, ...Part[]];
    const together = others.length === 0 ? null : await this.store.together(parts, asOf, withCohorts);
    const first = together ?? (await this.store.counts(condition, limits, asOf, withCohorts));
    const pinned: AsOf = asOf.past
      ? asOf
      : {
          now: asOf.now,
          snapshot: first.snapshot,
          past: true,
          pinned: true,
          epoch: first.origin.epoch,
          ...(asOf.usesPrimary !== undefined && { usesPrimary: asOf.usesPrimary }),
        };
    if (others.length === 0) return { rows: first.rows, cohorts: first.cohorts, first, pinned };
    const counted: Pick<FleetCounts, 'rows' | 'cohorts'>[] = [...(together?.parts ?? [first])];
    for (const part of together === null ? others : [])
      counted.push(await this.store.counts(part.condition, part.limits, pinned, withCohorts));
    const named = counted.map(withPart);
    return {
      rows: named.flatMap(({ rows }) => rows),
      cohorts: named.some(({ cohorts }) => cohorts === null)
        ? null
        : named.flatMap(({ cohorts }) => cohorts!),
      first,
      pinned,
    };
  }

  /** Returns a page of the cohorts, by rank and then by size, the largest first; and the number of all. */
  async cohorts(
    { parts, situations, pinned }: PartedAnswer,
    rankOf: (kind: VerdictKind) => number,
    from: number,
    limit: number,
  ): Promise<{ rows: CohortRow[]; total: number }> {
    const keyOf = (key: FreshnessKey) => `${partIndex(key)} ${freshnessKeyText(key)}`;
    const ranks = new Map(
      situations.map(({ count, verdict }) => [keyOf(count.freshnessKey), rankOf(verdict.kind)]),
    );
    const several = parts.length > 1;
    const page = several ? { from: 0, limit: from + limit } : { from, limit };
    const found = await Promise.all(
      parts.map(async ({ condition, limits }, i) => {
        const ranked = situations
          .filter(({ count }) => partIndex(count.freshnessKey) === i)
          .map(({ count: { freshnessKey }, verdict }) => ({ freshnessKey, rank: rankOf(verdict.kind) }));
        return this.store.cohorts(condition, limits, pinned, ranked, page);
      }),
    );
    if (!several) return found[0]!;
    const rows = found.flatMap(({ rows: own }, i) =>
      own.map((row) => ({ ...row, freshnessKey: inPart(row.freshnessKey, i) })),
    );
    const rank = ({ freshnessKey }: CohortRow) => ranks.get(keyOf(freshnessKey))!;
    return {
      rows: rows
        .toSorted((a, b) => rank(a) - rank(b) || b.hosts - a.hosts || compareKeys(a, b))
        .slice(from, from + limit),
      total: found.reduce((sum, { total }) => sum + total, 0),
    };
  }

  /** The first three host names of each of these cohorts. */
  async examples(
    { parts, condition }: PartedAnswer,
    rows: readonly CohortRow[],
    asOf: AsOf,
  ): Promise<string[][]> {
    const names = new Map<CohortRow, string[]>();
    await Promise.all(
      parts.map(async ({ limits }, i) => {
        const own = rows.filter(({ freshnessKey }) => partIndex(freshnessKey) === i);
        const found = own.length === 0 ? [] : await this.store.examples(own, condition, limits, asOf);
        own.forEach((row, at) => names.set(row, found[at]!));
      }),
    );
    return rows.map((row) => names.get(row)!);
  }

  /** A page of the hosts in these situations. */
  async hosts(
    { parts, condition, narrowed, situations, pinned }: PartedAnswer,
    wanted: readonly JudgedSituation[],
    place: HostPage,
  ): Promise<HostRow[]> {
    if (wanted.length === 0) return [];
    if (wanted.length === situations.length && !narrowed)
      return this.hostsStore.page(condition, place, pinned);
    return this.hostsStore.page(condition, place, pinned, this.restrictions({ parts }, wanted));
  }

  /** What restricts a statement about hosts to those in these situations. */
  restrictions({ parts }: Pick<PartedAnswer, 'parts'>, wanted: readonly JudgedSituation[]): KeyRestriction[] {
    return parts.flatMap(({ condition: within, limits }, i): KeyRestriction[] => {
      const own = wanted.filter(({ count }) => partIndex(count.freshnessKey) === i);
      if (own.length === 0) return [];
      return [
        {
          ...(parts.length > 1 && { within }),
          freshnessKeys: own.map(({ count }) => count.freshnessKey),
          limits,
          hosts: own.reduce((sum, { count }) => sum + count.hosts, 0),
        },
      ];
    });
  }
}

/** Freshness keys that name their part. They are kept, so that verdicts are found by object. */
const inParts = new WeakMap<FreshnessKey, FreshnessKey[]>();

function inPart(key: FreshnessKey, part: number): FreshnessKey {
  const known = inParts.get(key) ?? [];
  inParts.set(key, known);
  return (known[part] ??= { ...key, part });
}

const withPart = (
  { rows, cohorts }: Pick<FleetCounts, 'rows' | 'cohorts'>,
  part: number,
): Pick<CountedParts, 'rows' | 'cohorts'> => ({
  rows: rows.map((row) => ({ ...row, freshnessKey: inPart(row.freshnessKey, part) })),
  cohorts: cohorts?.map((group) => ({ ...group, freshnessKey: inPart(group.freshnessKey, part) })) ?? null,
});
