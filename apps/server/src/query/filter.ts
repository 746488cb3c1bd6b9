import { RequestError } from '../errors.js';
import type { AsOf } from '../store/history/as-of.js';
import type { Scope } from '../store/access/tokens.store.js';
import { type Condition, type CurrentFacts, type LabelTest, scopeTests } from '../store/hosts/condition.js';
import type { HostFilter, LabelFilter } from './generated/schema.js';
import { refuseLongLists } from './filter-limits.js';
import { toHostId } from './ids.js';

/**
 * An open transition is stalled after this time. By then the kernel has signalled its tasks several times.
 */
export const STALLED_AFTER_SECONDS = 60;

/**
 * Returns the condition of a filter, for the hosts of a scope at this time. Fields that are left out match
 * all of them. `hasTheProperties` has the rest of the filter.
 *
 * A host out of the scope matches no filter, so that it is in no list and no count.
 *
 * @throws RequestError if a list is too long
 */
export function toCondition(filter: HostFilter, scope: Scope | null, asOf: AsOf): Condition {
  refuseLongLists(filter);
  const {
    hostnames = null,
    ids = null,
    kernelReleases = null,
    archs = null,
    running = null,
    labels,
  } = filter;
  const authoritative = filter.authoritativeLabels ?? false;
  const current = currentFacts(filter, asOf);
  const { changedSince = null } = filter;
  const isByHost = [hostnames, ids, current, changedSince].some((part) => part !== null);
  const tests = [...scopeTests(scope), ...(labels ?? []).map((label) => toLabelTest(label, authoritative))];
  return {
    hosts: isByHost
      ? {
          hostnames,
          ids: ids?.map(toHostId) ?? null,
          ...(current !== null && { current }),
          ...(changedSince !== null && { changed: { since: changedSince, scope } }),
        }
      : null,
    situations:
      kernelReleases === null && archs === null && running === null
        ? null
        : { kernelReleases, archs, running },
    labels: tests.length === 0 ? null : tests,
    ...(scope !== null && { scope }),
  };
}

/** Whether the filter has a field that is known of the present only. */
export const needsCurrentFacts = (filter: HostFilter): boolean => currentFields(filter).length > 0;

/** The fields of the filter that are known of the present only. */
export const currentFields = ({ agentVersions, agentVersionBelow, transition }: HostFilter): string[] => [
  ...(agentVersions == null ? [] : ['agentVersions']),
  ...(agentVersionBelow == null ? [] : ['agentVersionBelow']),
  ...(transition === 'STALLED' ? ['transition: STALLED'] : []),
];

function currentFacts(filter: HostFilter, { now, past, pinned }: AsOf): CurrentFacts | null {
  const [field] = currentFields(filter);
  if (field === undefined) return null;
  if (past && pinned !== true)
    throw new RequestError(
      'BAD_USER_INPUT',
      `\`where.${field}\` is known of the present only, because no history has it: ` +
        'leave out `asOf` and `snapshot`',
    );
  const { agentVersions = null, agentVersionBelow = null, transition } = filter;
  if (agentVersionBelow !== null && !/^\d/.test(agentVersionBelow))
    throw new RequestError(
      'BAD_USER_INPUT',
      '`where.agentVersionBelow` must begin with a number, found ' +
        JSON.stringify(agentVersionBelow.slice(0, 100)),
    );
  const stalledSince =
    transition === 'STALLED' ? new Date(now.getTime() - STALLED_AFTER_SECONDS * 1000) : null;
  return { agentVersions, agentVersionBelow, stalledSince };
}

/**
 * Whether the filter provably selects hosts of the scope only: it counts authoritative labels only, and for
 * each label of the scope it demands one of the scope's values.
 *
 * It compares the filter and the scope, not the hosts: which hosts there are may change at any time.
 */
export const selectsWithin = ({ authoritativeLabels, labels }: HostFilter, scope: Scope | null): boolean =>
  scope === null ||
  (authoritativeLabels === true &&
    Object.entries(scope).every(
      ([key, allowed]) =>
        labels?.some(
          (label) => label.key === key && label.in?.every((value) => allowed.includes(value)) === true,
        ) ?? false,
    ));

function toLabelTest({ key, in: values, notIn, exists }: LabelFilter, authoritative: boolean): LabelTest {
  const tests = [
    ...(values == null ? [] : [{ in: values }]),
    ...(notIn == null ? [] : [{ notIn }]),
    ...(exists == null ? [] : [{ exists }]),
  ];
  const [is] = tests;
  if (is === undefined || tests.length > 1)
    throw new RequestError(
      'BAD_USER_INPUT',
      `the condition on label ${JSON.stringify(key)} must be exactly one of in, notIn and exists`,
    );
  return { key, is, authoritative };
}
