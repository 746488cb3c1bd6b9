import type { StoredPatch } from '../store/catalog/manifests.js';
import type { PatchFacts } from '../store/catalog/patches.store.js';

/** The file facts of a stored patch, to compare other facts with. */
export const toFacts = (patch: StoredPatch): PatchFacts => ({ ...patch, file: patch.files[0] ?? null });
