import { boundedCache } from '../../bounded-cache.js';
import type { FreshnessKey } from '../hosts/hosts-at.js';
import { NO_SITUATION } from './cohorts.store.js';

/** Counts of cohorts as PostgreSQL writes them: four arrays of one length. */
export type WrittenArrays = readonly [
  situationIds: string,
  labelSetIds: string,
  suspects: string,
  hosts: string,
];

/** Identifies a roll-up: numbers rise by one, and a name is never given twice. */
export interface RollUp {
  readonly number: bigint;
  readonly name: string;
}

/** The cohorts that share everything but their labels. */
export interface Group {
  /** Of its hosts that are neither overdue nor superseded. */
  readonly freshnessKey: FreshnessKey;
  /** Hosts by label set. Cohorts without hosts are not in it. */
  readonly hosts: Map<string, number>;
}

export const groupKey = (situationId: string, suspect: boolean): string =>
  suspect ? `${situationId}!` : situationId;

export function newGroup(situationId: string, suspect: boolean): Group {
  const isNever = situationId === NO_SITUATION;
  const level = isNever ? 'NEVER' : 'FRESH';
  const id = isNever ? null : situationId;
  return {
    freshnessKey: { situationId: id, suspect, superseded: false, level, overdue: false },
    hosts: new Map(),
  };
}

/** The elements of an array of ids, numbers or booleans, as PostgreSQL writes it. */
export const elements = (array: string): string[] => (array === '{}' ? [] : array.slice(1, -1).split(','));

/** Reads arrays cohort by cohort. */
export function eachCohort(
  [situationIds, labelSetIds, suspects, hosts]: WrittenArrays,
  take: (situationId: string, suspect: boolean, labelSetId: string, hosts: number) => void,
): void {
  const [labels, booleans, numbers] = [elements(labelSetIds), elements(suspects), elements(hosts)];
  elements(situationIds).forEach((id, i) => take(id, booleans[i] === 't', labels[i]!, Number(numbers[i])));
}

/** A copy: a part of a longer string would keep all of it in memory. */
const copied = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/**
 * The table `cohort` after one roll-up. It may be old, and is never wrong: it says which roll-up it is of.
 */
export class CohortCounts {
  /** -1: of none; it is empty. */
  rollUp: RollUp = { number: -1n, name: NO_SITUATION };
  readonly groups = new Map<string, Group>();
  /** One string for all cohorts with these labels. */
  private readonly labelSetIds = boundedCache<string>(100_000);

  /** The number of cohorts. */
  size = 0;

  /** Takes what later roll-ups have changed, in their order; numbers are those after each. */
  advance(rollUp: RollUp, changes: readonly WrittenArrays[]): void {
    for (const arrays of changes) eachCohort(arrays, (...cohort) => this.set(...cohort));
    this.rollUp = rollUp;
  }

  private set(situationId: string, suspect: boolean, labelSetId: string, hosts: number): void {
    const key = groupKey(situationId, suspect);
    const known = this.groups.get(key);
    // a new object: what was found out about the group is of its earlier hosts
    const group = known === undefined ? newGroup(copied(situationId), suspect) : { ...known };
    this.size -= group.hosts.size;
    if (hosts === 0) group.hosts.delete(labelSetId);
    else group.hosts.set(this.shared(labelSetId), hosts);
    this.size += group.hosts.size;
    if (group.hosts.size === 0) this.groups.delete(key);
    else this.groups.set(known === undefined ? copied(key) : key, group);
  }

  private shared(labelSetId: string): string {
    const id = this.labelSetIds.get(labelSetId) ?? copied(labelSetId);
    this.labelSetIds.set(id, id);
    return id;
  }
}
