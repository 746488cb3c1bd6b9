import { clean } from './clean.js';

/** Named facts, one on each line; those that are null are left out, a nameless one goes on from the one above. */
export function facts(rows: readonly (readonly [name: string, value: string | null])[], indent = ''): string {
  const shown = rows.filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${indent}${name.padEnd(width)}  ${clean(value ?? '')}`.trimEnd()).join('\n');
}
