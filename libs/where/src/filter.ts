import { FACTS } from './facts.js';
import type { HostFilter, LabelFilter } from './generated/host-filter.js';
import { parseWhere, type Term } from './parse.js';
import { WhereError } from './where-error.js';

/** Whether the key of a term is that of a fact, not of a label. */
export const isFact = ({ key, isLabel }: Term): boolean => !isLabel && Object.hasOwn(FACTS, key);

/**
 * Parses a selector to a filter of the schema.
 *
 * @param selector undefined: all hosts
 * @param now in milliseconds; ages are subtracted from it
 * @throws WhereError
 */
export function hostFilter(
  selector: string | undefined,
  authoritativeLabels = false,
  now = Date.now(),
): HostFilter {
  const filter: HostFilter = authoritativeLabels ? { authoritativeLabels } : {};
  for (const term of selector === undefined ? [] : parseWhere(selector)) {
    if (isFact(term)) addFact(filter, term, selector!, now);
    else (filter.labels ??= []).push(labelFilter(term));
  }
  return filter;
}

function labelFilter({ key, operator, values }: Term): LabelFilter {
  if (operator === 'in') return { key, in: [...values] };
  if (operator === 'notIn') return { key, notIn: [...values] };
  return { key, exists: operator === 'exists' };
}

/**
 * Adds what a term says. A fact can be given once, because all terms must match. States and exclusions add
 * up.
 */
function addFact(filter: HostFilter, term: Term, selector: string, now: number): void {
  const fact = FACTS[term.key]!(term, now);
  if ('wrong' in fact) throw new WhereError(selector, term.at, fact.wrong);
  if ('not' in fact) {
    (filter.not ??= []).push(fact.not);
    return;
  }
  const { states, ...others } = fact.where;
  for (const [field, value] of Object.entries(others)) {
    if (field in filter)
      throw new WhereError(
        selector,
        term.at,
        `${term.key} occurs twice; for several values, write ${term.key} in (…)`,
      );
    Object.assign(filter, { [field]: value });
  }
  if (states != null) (filter.states ??= []).push(...states);
}
