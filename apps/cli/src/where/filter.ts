import type { HostFilter, LabelFilter } from '../registry/generated/operations.js';
import { parseWhere, type Term } from './parse.js';
import { selectorError } from './tokens.js';

/** Keys that are not labels but facts of a host. */
const RESERVED = {
  hostname: 'hostnames',
  id: 'ids',
  kernel: 'kernelReleases',
  arch: 'archs',
  running: 'running',
} as const;
type Reserved = keyof typeof RESERVED;

const isReserved = (key: string): key is Reserved => Object.hasOwn(RESERVED, key);

/**
 * Parses a selector to a filter of the schema.
 *
 * @param selector undefined: all hosts
 * @throws Failure 2 with the position
 */
export function hostFilter(selector: string | undefined, authoritativeLabels = false): HostFilter {
  const filter: HostFilter = authoritativeLabels ? { authoritativeLabels } : {};
  for (const term of selector === undefined ? [] : parseWhere(selector)) {
    if (isReserved(term.key)) reserve(filter, term as Term & { key: Reserved }, selector!);
    else (filter.labels ??= []).push(labelFilter(term));
  }
  return filter;
}

function labelFilter({ key, operator, values }: Term): LabelFilter {
  if (operator === 'in') return { key, in: [...values] };
  if (operator === 'notIn') return { key, notIn: [...values] };
  return { key, exists: operator === 'exists' };
}

function reserve(filter: HostFilter, term: Term & { key: Reserved }, selector: string): void {
  const field = RESERVED[term.key];
  if (term.operator !== 'in')
    throw selectorError(
      selector,
      term.at,
      `${term.key} is not a label: only ${term.key}=… ` +
        `${term.key === 'running' ? '' : `and ${term.key} in (…) `}is allowed`,
    );
  if (filter[field] != null)
    throw selectorError(
      selector,
      term.at,
      `${term.key} occurs ` +
        `twice${term.key === 'running' ? '' : `; for several values, write ${term.key} in (…)`}`,
    );
  if (field !== 'running') filter[field] = [...term.values];
  else if (term.values.length === 1 && /^(?:[0-9a-f]{2}){8,64}$/.test(term.values[0]!))
    filter.running = term.values[0]!;
  else
    throw selectorError(
      selector,
      term.at,
      'running takes one build-id: 16 to 128 lower-case hexadecimal digits',
    );
}
