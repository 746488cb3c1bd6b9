import { stringify } from 'yaml';
import type { Output } from '../environment.js';
import { cleanLines } from './clean.js';

export const FORMATS = ['table', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** Writes data in the requested format. Calls `asText` only for a table. */
export function show(
  data: unknown,
  asText: (width: number | null) => string,
  format: Format,
  stdout: Output,
): void {
  if (format === 'json') stdout.write(`${cleanLines(JSON.stringify(data, null, 2))}\n`);
  // Quotes all strings, so that an escaped character keeps its meaning.
  else if (format === 'yaml')
    stdout.write(
      cleanLines(
        stringify(data, {
          defaultStringType: 'QUOTE_DOUBLE',
          defaultKeyType: 'PLAIN',
          lineWidth: 0,
          aliasDuplicateObjects: false,
        }),
      ),
    );
  else stdout.write(`${asText(stdout.columns ?? (stdout.isTTY ? 120 : null))}\n`);
}
