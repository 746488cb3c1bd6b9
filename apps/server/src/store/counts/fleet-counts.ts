import type { LogPosition } from '../../database/log-position.js';
import type { Revision } from '../catalog/revisions.js';
import type { AsOf, SnapshotOrigin } from '../history/as-of.js';
import type { Condition } from '../hosts/condition.js';
import type { FreshnessKey, FreshnessLimits } from '../hosts/hosts-at.js';

/** Hosts that share everything that a verdict depends on. */
export interface SituationCount {
  /** The same object for all rows of an answer that have this key. */
  readonly freshnessKey: FreshnessKey;
  readonly hosts: number;
}

/** Those of them that also share their labels. */
export interface CohortRow extends SituationCount {
  readonly labelSetId: string;
}

/** The cohorts with one freshness key: label sets and numbers of hosts in arrays of one length. */
export interface CohortGroup {
  readonly freshnessKey: FreshnessKey;
  readonly labelSetIds: readonly string[];
  readonly hosts: readonly number[];
}

/** The whole fleet at one instant. */
export interface FleetCounts {
  readonly rows: readonly SituationCount[];
  /** What was committed then. */
  readonly snapshot: string;
  readonly origin: SnapshotOrigin;
  /** Of the catalog then. */
  readonly revision: Revision;
  /** The same by cohort, in no order; null: not asked for, or too many to return at once. */
  readonly cohorts: readonly CohortGroup[] | null;
}

/** Counts as a statement wrote them: its epoch may not have begun yet. */
export type WrittenCounts = Omit<FleetCounts, 'origin'> & { readonly origin: LogPosition };

/** A selection of hosts, and from when on their facts are old. */
export interface CountedPart {
  readonly condition: Condition;
  readonly limits: FreshnessLimits;
}

/** Counts of several selections, at the same instant. */
export type WrittenParts = WrittenCounts & {
  readonly parts: readonly Pick<FleetCounts, 'rows' | 'cohorts'>[];
};

/** A way to count the fleet. Each answer is of one statement, and so of one instant. */
export interface Counter {
  /** @returns null if this way cannot count these hosts, or not now */
  counts(
    condition: Condition,
    limits: FreshnessLimits,
    asOf: AsOf,
    withCohorts: boolean,
  ): Promise<WrittenCounts | null>;
}
