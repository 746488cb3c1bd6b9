import { state } from './answers.js';
import { fields, flag, list, nullable, type Read, text, uint64, whole } from './shape.js';

/** What the registry says of published patches and of the states that they declare. */

const callbacks = fields({ prePatch: flag, postPatch: flag, preUnpatch: flag, postUnpatch: flag });

const patch = {
  buildId: text,
  name: text,
  release: text,
  owner: text,
  kernelRelease: text,
  arch: text,
  replace: nullable(flag),
  states: nullable(list(state)),
  unreadable: nullable(text),
  impact: text,
  evidence: text,
  conflicts: list(text),
  publishedAt: text,
  recalledAt: nullable(text),
  recallReason: nullable(text),
};
export const patchRow = fields(patch);
export type PatchRow = Read<typeof patchRow>;

export const wholePatch = fields({
  ...patch,
  vermagic: nullable(text),
  sha256: nullable(text),
  files: list(fields({ sha256: text, signed: flag, signer: nullable(text), size: nullable(whole) })),
  rewritesEarlierStates: flag,
  srcversion: nullable(text),
  builder: text,
  impactReasons: list(text),
  callbacks: nullable(callbacks),
  objects: list(fields({ name: text, functions: list(fields({ name: text, sympos: uint64 })) })),
  author: nullable(
    fields({
      revision: whole,
      evidence: text,
      signedBy: nullable(text),
      states: list(fields({ id: uint64, version: whole, what: text, restore: text })),
      impactNone: flag,
      independentOf: list(text),
      cves: list(text),
      notes: text,
      at: text,
    }),
  ),
});
export type WholePatch = Read<typeof wholePatch>;

export const stateRow = fields({ stateId: uint64, versions: list(fields({ version: whole, patches: whole, owners: list(text), hosts: whole })) });
export type StateRow = Read<typeof stateRow>;

export const ownerKey = fields({ fingerprint: text, owner: text, addedAt: text, addedBy: text, revokedAt: nullable(text) });
export type OwnerKey = Read<typeof ownerKey>;
