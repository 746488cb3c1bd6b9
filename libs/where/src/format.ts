import type { Term } from './parse.js';

/** A value that needs no quotes. */
const BARE = /^[^\s=!(),"]+$/;

const quoted = (value: string): string =>
  BARE.test(value) ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

/**
 * Formats terms as a selector. `parseWhere` returns the same terms, with other positions.
 *
 * @returns an empty text for no terms, which is not a selector
 */
export const formatWhere = (terms: readonly Omit<Term, 'at'>[]): string => terms.map(formatTerm).join(',');

function formatTerm({ key, isLabel, operator, values }: Omit<Term, 'at'>): string {
  const name = isLabel ? `label:${key}` : key;
  if (operator === 'exists') return name;
  if (operator === 'absent') return `!${name}`;
  const list = values.map(quoted).join(',');
  if (values.length === 1) return `${name}${operator === 'in' ? '=' : '!='}${list}`;
  return `${name} ${operator === 'in' ? 'in' : 'notin'} (${list})`;
}
