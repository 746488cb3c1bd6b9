import type { KnownPatch } from '../facts/resolve.js';

/** One operation of the operator. */
export interface Step {
  readonly action: 'DISABLE' | 'REMOVE_MODULE' | 'LOAD' | 'REVERSE' | 'WAIT' | 'REBOOT';
  /** The patch or module; null for a reboot. */
  readonly patch: string | null;
  /** Build-id of the patch. Only with `LOAD`. */
  readonly buildId?: string | null;
  /** SHA-256 of the file to load, see `fileToLoad()`. Only with `LOAD`. */
  readonly sha256?: string | null;
}

/** Many hosts are asked about few targets, and a target is loaded in the same way everywhere. */
const loadings = new WeakMap<KnownPatch, readonly Step[]>();

/** Returns the operator's steps to load it. */
export const loading = (target: KnownPatch): readonly Step[] => loadings.get(target) ?? loadingOnce(target);

function loadingOnce(target: KnownPatch): readonly Step[] {
  const { name: patch, buildId } = target;
  const steps: readonly Step[] = [
    { action: 'LOAD', patch, buildId },
    { action: 'WAIT', patch },
  ];
  loadings.set(target, steps);
  return steps;
}
