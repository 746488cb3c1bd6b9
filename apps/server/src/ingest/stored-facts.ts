import type { Evidence, StateImpact } from '@klpreg/compat';
import type { PatchRow, StoredObject } from '../store/catalog/manifests.js';
import type { PatchFacts } from '../store/catalog/patches.store.js';

/** The file facts of a stored patch, to compare another telling with. */
export const toFacts = (row: PatchRow): PatchFacts => ({
  ...row,
  states: row.readable ? row.states.map((state) => ({ id: BigInt(state.id.toFixed(0)), version: Number(state.version) })) : null,
  impact: row.impact as StateImpact,
  callbacks: row.callbacks as unknown as PatchFacts['callbacks'],
  objects: row.objects as unknown as StoredObject[] | null,
  file: row.files[0] ?? null,
  evidence: row.evidence as Evidence,
});
