import { atLeast, type RequiredEvidence } from '../facts/manifest.js';
import { loadedName } from '../rules/patch.js';
import type { KnownPatch } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';
import { hasUnpatchCallback, pushWeakWord } from './restore.js';

/**
 * Which patches that stay may rest on this one that is disabled?
 *
 * The kernel knows no dependencies between patches. A patch above may use the code of this one, unless their functions are disjoint and its
 * author promises independence. And whatever the order, the callbacks of this one may take away a state that the other holds too.
 *
 * @param list the kernel's list, oldest first
 */
export function pushDependents(
  reasons: Reason[],
  gone: KnownPatch,
  staying: readonly KnownPatch[],
  list: readonly KnownPatch[],
  required: RequiredEvidence,
): void {
  for (const stays of staying) {
    const facts = { code: 'STACK_DEPENDENCY_UNKNOWN', patch: stays.name, buildId: stays.buildId, other: gone.name } as const;
    for (const stateId of takenAway(gone, stays)) reasons.push({ ...facts, stateId });
    if (list.indexOf(stays) < list.indexOf(gone)) continue;
    if (!independent(stays, gone, required)) reasons.push(facts);
    else pushWeakWord(reasons, stays, required);
  }
}

/** Which states of the patch that stays could the callbacks of the other one restore under its feet? */
function takenAway(gone: KnownPatch, stays: KnownPatch): bigint[] {
  if (hasUnpatchCallback(gone) === false) return [];
  return gone.declared.filter((state) => state.restore !== 'NOT_NEEDED' && stays.declared.some((own) => own.id === state.id)).map((state) => state.id);
}

function independent(stays: KnownPatch, gone: KnownPatch, required: RequiredEvidence): boolean {
  const [own, theirs] = [functionsOf(stays, required), functionsOf(gone, required)];
  if (own === null || theirs === null || own.some((name) => theirs.includes(name))) return false;
  return stays.manifest?.author?.independentOf.some((name) => loadedName(name) === gone.name) ?? false;
}

/** What it redirects; null where that is not known well enough. */
function functionsOf({ manifest, doubts }: KnownPatch, required: RequiredEvidence): readonly string[] | null {
  return manifest === null || doubts.length > 0 || !atLeast(manifest.evidence, required.facts) ? null : manifest.functions;
}
