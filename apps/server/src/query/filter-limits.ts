import { limitExceeded } from '../errors.js';
import type { HostFilter } from './generated/schema.js';

const MAX_VALUES = 100;
const MAX_EXCLUSIONS = 20;

/** The lists that are compared with what each situation has. */
const LISTS = [
  'kernelReleases',
  'archs',
  'runningNames',
  'runningReleases',
  'states',
  'impacts',
  'boot',
  'freshness',
] as const satisfies readonly (keyof HostFilter)[];

/** @throws RequestError LIMIT_EXCEEDED if a list of the filter is too long to be tested on every situation */
export function refuseLongLists(where: HostFilter, pointer = '/where'): void {
  for (const field of LISTS) {
    const found = where[field]?.length ?? 0;
    if (found > MAX_VALUES)
      throw limitExceeded(`values of \`${field}\``, MAX_VALUES, found, `${pointer}/${field}`);
  }
  const exclusions = where.not ?? [];
  if (exclusions.length > MAX_EXCLUSIONS)
    throw limitExceeded('exclusions of `not`', MAX_EXCLUSIONS, exclusions.length, `${pointer}/not`);
  for (const [i, excluded] of exclusions.entries()) refuseLongLists(excluded, `${pointer}/not/${i}`);
}
