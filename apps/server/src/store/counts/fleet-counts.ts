import type { SnapshotOrigin } from '../history/as-of.js';
import type { FreshnessKey } from '../hosts/hosts-at.js';
import type { Revision } from '../catalog/revisions.js';

/** Hosts that share everything that an answer depends on. */
export interface SituationCount {
  /** The same object for all rows of an answer that are in these freshness keys. */
  readonly freshnessKey: FreshnessKey;
  readonly hosts: number;
}

/** Those among them that share their labels, too. */
export interface CohortRow extends SituationCount {
  readonly labelSetId: string;
}

/** The cohorts that share their freshnessKey: labels and counts in arrays of one length. Those without hosts are none. */
export interface CohortGroup {
  readonly freshnessKey: FreshnessKey;
  readonly labels: readonly { readonly labelSetId: string }[];
  readonly hosts: ArrayLike<number>;
}

/** The whole fleet at one instant, situation by situation. */
export interface FleetCounts {
  readonly rows: readonly SituationCount[];
  /** What was committed then. */
  readonly snapshot: string;
  /** To which history of the database it belongs. */
  readonly origin: SnapshotOrigin;
  /** Of the catalog then. */
  readonly revision: Revision;
  /** The same by cohort, in no order; null where that was not asked for, or would be too many to carry along. */
  readonly cohorts: readonly CohortGroup[] | null;
}
