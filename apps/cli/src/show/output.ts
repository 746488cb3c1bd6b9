import { stringify } from 'yaml';
import type { Output } from '../environment.js';
import { cleanLines } from './clean.js';

/** The formats of other tools. Only gates have them. */
export const REPORT_FORMATS = ['junit', 'sarif', 'github'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export const FORMATS = ['table', 'json', 'yaml', ...REPORT_FORMATS] as const;
export type Format = (typeof FORMATS)[number];

export const isReportFormat = (format: Format): format is ReportFormat =>
  REPORT_FORMATS.some((each) => each === format);

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
