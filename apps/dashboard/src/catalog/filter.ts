import type { Parameters } from '../address/parameters.js';
import type { CatalogBuildsVariables } from './generated/operations.js';

type PatchFilter = NonNullable<CatalogBuildsVariables['where']>;

/** The fields of the filter, as the address names them. */
export const FIELDS = ['release', 'name', 'owner', 'kernel', 'state'] as const;
export const IMPACTS = ['NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE'] as const;

/** Whether the address asks for builds, and not for releases. */
export const isOfBuilds = (values: Parameters): boolean =>
  values.by === 'builds' || [...FIELDS, 'impact', 'recalled'].some((field) => (values[field] ?? '') !== '');

/** Reads the filter of an address. */
export function filterOf(values: Parameters): PatchFilter {
  const one = (text: string | undefined) => (text === undefined || text === '' ? undefined : [text]);
  const impact = IMPACTS.find((name) => name === values.impact);
  return {
    releases: one(values.release),
    names: one(values.name),
    owners: one(values.owner),
    kernelReleases: one(values.kernel),
    stateId: values.state === '' ? undefined : values.state,
    impacts: impact && [impact],
    recalled: values.recalled === 'yes' ? true : values.recalled === 'no' ? false : undefined,
  };
}

/** The number of rows of a page. */
const ROWS = 50;

/** Reads the page of an address: `after` or `before` a cursor. */
export const pageOf = ({ after, before }: Parameters) =>
  before === undefined ? { first: ROWS, after } : { last: ROWS, before };
