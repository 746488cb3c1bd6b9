import { Instant } from '@klpreg/wire';
import { usage } from '../exits.js';

/**
 * Reads the value of a flag that is a time: an instant with its offset, or a date, which begins at 00:00 UTC.
 *
 * @returns an instant in UTC
 */
export function timeFrom(flag: string, text: string): string {
  const instant = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  if (!Instant.safeParse(instant).success)
    throw usage(
      `${flag}: '${text}' is not a time`,
      'write a date (00:00 UTC), such as 2027-01-31, or an instant, such as 2027-01-31T12:00:00+01:00',
    );
  return new Date(instant).toISOString();
}
