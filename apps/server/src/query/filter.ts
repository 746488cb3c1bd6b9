import { RequestError } from '../errors.js';
import type { Condition, LabelTest } from '../store/hosts/condition.js';
import type { HostFilter, LabelFilter } from './generated/schema.js';
import { toHostId } from './ids.js';

/** Returns the condition of a filter. Fields that are left out match all hosts. */
export function toCondition(filter: HostFilter): Condition {
  const {
    hostnames = null,
    ids = null,
    kernelReleases = null,
    archs = null,
    running = null,
    labels = null,
  } = filter;
  const authoritative = filter.authoritativeLabels ?? false;
  return {
    hosts: hostnames === null && ids === null ? null : { hostnames, ids: ids?.map(toHostId) ?? null },
    situations:
      kernelReleases === null && archs === null && running === null
        ? null
        : { kernelReleases, archs, running },
    labels:
      labels === null || labels.length === 0
        ? null
        : labels.map((label) => toLabelTest(label, authoritative)),
  };
}

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
