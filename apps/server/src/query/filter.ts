import { RequestError } from '../errors.js';
import type { Scope } from '../store/access/tokens.store.js';
import { type Condition, type LabelTest, scopeTests } from '../store/hosts/condition.js';
import type { HostFilter, LabelFilter } from './generated/schema.js';
import { toHostId } from './ids.js';

/**
 * Returns the condition of a filter, for the hosts of a scope. Fields that are left out match all of them.
 *
 * A host out of the scope matches no filter, so that it is in no list and no count.
 */
export function toCondition(filter: HostFilter, scope: Scope | null): Condition {
  const {
    hostnames = null,
    ids = null,
    kernelReleases = null,
    archs = null,
    running = null,
    labels,
  } = filter;
  const authoritative = filter.authoritativeLabels ?? false;
  const tests = [...scopeTests(scope), ...(labels ?? []).map((label) => toLabelTest(label, authoritative))];
  return {
    hosts: hostnames === null && ids === null ? null : { hostnames, ids: ids?.map(toHostId) ?? null },
    situations:
      kernelReleases === null && archs === null && running === null
        ? null
        : { kernelReleases, archs, running },
    labels: tests.length === 0 ? null : tests,
  };
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
