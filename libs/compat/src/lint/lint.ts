import type { Declaration } from './declaration.js';
import { findInFile } from './file.js';
import { explainFinding, type Finding, worstFirst } from './findings.js';
import { findInLine } from './earlier.js';
import { findForLoader } from './loader.js';
import { findAmongNeighbours } from './catalog.js';
import { findInWord } from './statement.js';

/**
 * What should the author of this livepatch know before anyone installs it?
 *
 * Everything that would later make a host's verdict REFUSED, UNSAFE or UNKNOWN and that its author could still mend: in the file, in the word
 * that goes with it, and against what is published already.
 *
 * @param before the livepatches of the same release line, oldest first
 * @param others whatever else is in the catalog; builds of the candidate's own release may be among them
 * @returns findings, the worst first; empty exactly when there is nothing to say
 */
export const lint = (candidate: Declaration, before: readonly Declaration[] = [], others: readonly Declaration[] = []): Finding[] =>
  worstFirst(
    toldOnce([
      ...findInFile(candidate),
      ...findForLoader(candidate),
      ...findInWord(candidate, [...before, ...others]),
      ...findInLine(candidate, before),
      ...findAmongNeighbours(candidate, before, others),
    ]),
  );

/** What two entries or two builds give reason to say alike is said once. */
const toldOnce = (findings: readonly Finding[]): Finding[] => [
  ...new Map(findings.map((finding) => [`${finding.code} ${explainFinding(finding)}`, finding])).values(),
];
