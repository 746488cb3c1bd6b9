import type { State } from '../rules/patch.js';
import { findStateRefusals } from '../rules/klp-5.5.js';
import {
  asPatch,
  type Declaration,
  declaredStates,
  hasCallbacks,
  isReadable,
  kernelStates,
} from './declaration.js';
import type { Finding } from './findings.js';

const HIGHEST_VERSION = 0xffffffff;

/** Returns what is wrong with the file on its own. */
export const findInFile = (of: Declaration): Finding[] => [
  ...findUnfit(of),
  ...findHidden(of.states ?? []),
  ...findDuplicates(of),
  ...kernelStates(of).flatMap(({ id, version }): Finding[] =>
    version === HIGHEST_VERSION ? [{ code: 'VERSION_AT_LIMIT', stateId: id }] : [],
  ),
  ...findUndeclared(of),
  ...findUncoveredReverse(of),
];

function findUnfit(of: Declaration): Finding[] {
  const findings: Finding[] = [];
  if (!of.livepatch) findings.push({ code: 'NOT_A_LIVEPATCH' });
  if (!isReadable(of)) findings.push({ code: 'STATES_UNREADABLE', detail: of.impactReasons[0] });
  if (of.replace === null) findings.push({ code: 'REPLACE_UNREADABLE' });
  return findings;
}

/**
 * Mirrors `klp_for_each_state()`: an id 0 ends the array. One that carries a version was meant as a state.
 */
function findHidden(states: readonly State[]): Finding[] {
  const end = states.findIndex(({ id }) => id === 0n);
  if (end < 0) return [];
  return states.slice(end).flatMap(({ id, version }): Finding[] => {
    if (id !== 0n) return [{ code: 'STATE_HIDDEN', stateId: id, version }];
    return version === 0 ? [] : [{ code: 'STATE_ID_ZERO', version }];
  });
}

/**
 * Returns ids with several entries. Of a listed patch each entry counts, of the target only the first one:
 * such a patch may refuse its own next version.
 */
function findDuplicates(of: Declaration): Finding[] {
  const states = kernelStates(of);
  const twice = states
    .filter(({ id }, i) => states.findIndex((other) => other.id === id) !== i)
    .map(({ id }) => id);
  const refusals = findStateRefusals(asPatch(of), [asPatch(of)]);
  return [...new Set(twice)].map((stateId): Finding => {
    const refused = refusals.filter((reason) => reason.stateId === stateId);
    const [first] = refused;
    if (first === undefined) return { code: 'STATE_DUPLICATED', stateId };
    return {
      code: 'STATE_REFUSES_ITSELF',
      stateId,
      version: first.have,
      otherVersion: Math.max(...refused.map(({ need }) => need!)),
    };
  });
}

/** Returns changes that no declaration describes. */
function findUndeclared(of: Declaration): Finding[] {
  if (!isReadable(of) || declaredStates(of).length > 0 || of.author?.impactNone === true) return [];
  const findings: Finding[] = [];
  if (hasCallbacks(of)) findings.push({ code: 'CALLBACKS_WITHOUT_STATES' });
  if (of.usesShadowVariables) findings.push({ code: 'SHADOW_VARIABLES_WITHOUT_STATES' });
  if (findings.length === 0 && of.impact === 'UNDECLARED')
    findings.push({ code: 'IMPACT_WITHOUT_STATES', detail: of.impactReasons[0] });
  return findings;
}

/**
 * Mirrors `klp_reverse_transition()`: enabling that is reversed runs post_unpatch alone, disabling that is
 * reversed runs post_patch again.
 */
function findUncoveredReverse({ callbacks }: Declaration): Finding[] {
  if (callbacks === null) return [];
  const { prePatch, postPatch, preUnpatch, postUnpatch } = callbacks;
  const findings: Finding[] = [];
  if (prePatch && !postUnpatch)
    findings.push({ code: 'REVERSE_NOT_COVERED', detail: 'pre_patch without post_unpatch' });
  if (preUnpatch && !postPatch)
    findings.push({ code: 'REVERSE_NOT_COVERED', detail: 'pre_unpatch without post_patch' });
  return findings;
}
