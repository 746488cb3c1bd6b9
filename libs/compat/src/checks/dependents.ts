import { atLeast, type RequiredEvidence } from '../facts/manifest.js';
import type { KnownPatch } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';
import { loadedName } from '../rules/patch.js';
import { findWeakStatement, hasUnpatchCallback } from './restore.js';

/**
 * Returns which patches that stay may depend on this one, which is disabled.
 *
 * The kernel knows no dependencies between patches. A patch above may use the code of this one, unless their
 * functions are disjoint and its author promises independence. In any order, the callbacks of this patch may
 * undo a state that the other one holds too.
 *
 * @param list the kernel's list, oldest first
 */
export const findDependents = (
  gone: KnownPatch,
  staying: readonly KnownPatch[],
  list: readonly KnownPatch[],
  required: RequiredEvidence,
): Reason[] =>
  staying.flatMap((stays): Reason[] => {
    const facts = {
      code: 'STACK_DEPENDENCY_UNKNOWN',
      patch: stays.name,
      buildId: stays.buildId,
      other: gone.name,
    } as const;
    const shared = findUndone(gone, stays).map((stateId): Reason => ({ ...facts, stateId }));
    if (list.indexOf(stays) < list.indexOf(gone)) return shared;
    return [
      ...shared,
      ...(isIndependent(stays, gone, required) ? findWeakStatement(stays, required) : [facts]),
    ];
  });

/**
 * Returns the states that the callbacks of the disabled patch may undo although the other patch holds them.
 */
function findUndone(gone: KnownPatch, stays: KnownPatch): bigint[] {
  if (hasUnpatchCallback(gone) === false) return [];
  const held = new Set(stays.declared.map(({ id }) => id));
  return gone.declared
    .filter(({ id, restore }) => restore !== 'NOT_NEEDED' && held.has(id))
    .map(({ id }) => id);
}

function isIndependent(stays: KnownPatch, gone: KnownPatch, required: RequiredEvidence): boolean {
  const [own, theirs] = [functionsOf(stays, required), functionsOf(gone, required)];
  if (own === null || theirs === null || own.some((name) => theirs.includes(name))) return false;
  return stays.manifest?.author?.independentOf.some((name) => loadedName(name) === gone.name) ?? false;
}

/** Returns what the patch redirects; null if that is not known well enough. */
function functionsOf({ manifest, doubts }: KnownPatch, required: RequiredEvidence): readonly string[] | null {
  if (manifest === null || doubts.length > 0 || !atLeast(manifest.evidence, required.facts)) return null;
  return manifest.functions;
}
