import type { Declaration } from './declaration.js';
import { findInFile } from './file.js';
import { explainFinding, type Finding, worstFirst } from './findings.js';
import { findInLine } from './earlier.js';
import { findForLoader } from './loader.js';
import { findAmongNeighbours } from './catalog.js';
import { findInStatement } from './statement.js';

/**
 * Returns what the author of this livepatch should know before it is installed.
 *
 * That is everything that would later make a host's verdict REFUSED, UNSAFE or UNKNOWN and that the author
 * can still fix: in the file, in its statement, and against what is published already.
 *
 * @param before earlier livepatches of the same release line, oldest first
 * @param others everything else in the catalog, builds of the candidate's own release included
 * @returns findings, the worst first; empty if there are none
 */
export const lint = (
  candidate: Declaration,
  before: readonly Declaration[] = [],
  others: readonly Declaration[] = [],
): Finding[] =>
  worstFirst(
    withoutDuplicates([
      ...findInFile(candidate),
      ...findForLoader(candidate),
      ...findInStatement(candidate, [...before, ...others]),
      ...findInLine(candidate, before),
      ...findAmongNeighbours(candidate, before, others),
    ]),
  );

/** Removes findings that two entries or two builds cause alike. */
const withoutDuplicates = (findings: readonly Finding[]): Finding[] => [
  ...new Map(findings.map((finding) => [`${finding.code} ${explainFinding(finding)}`, finding])).values(),
];
