import { clean } from './clean.js';

/** Formats named facts, one a line. Leaves out null values. A row without a name continues the one above. */
export function facts(rows: readonly (readonly [name: string, value: string | null])[], indent = ''): string {
  const shown = rows.filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${indent}${name.padEnd(width)}  ${clean(value ?? '')}`.trimEnd())
    .join('\n');
}
