import { z } from 'zod';
import { canonicalJson } from './digest.js';
import { BuildId, line, ModuleName, Sha256, text, word } from './names.js';
import { UInt32, UInt64, WireState } from './numbers.js';

/** What disabling does about a state, in its author's word. */
export const Restore = z.enum(['callbacks', 'not-needed', 'impossible', 'unknown']);
export type Restore = z.infer<typeof Restore>;

/** YAML integers are read as bigint, so that an id above 2^53 arrives whole. */
const integerAsText = (value: unknown) => (typeof value === 'bigint' ? value.toString() : value);
const integerAsNumber = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value);

const AuthorState = z.strictObject({
  id: z.preprocess(integerAsText, UInt64),
  version: z.preprocess(integerAsNumber, UInt32),
  /** What the state is, for people. */
  what: word(500),
  restore: Restore.default('unknown'),
});

/**
 * The author's word on a livepatch: what no module file can tell. `FILE.klp.yaml` beside the module.
 */
export const AuthorStatement = z
  .strictObject({
    schema: z.literal('klp/v1'),
    states: z.array(AuthorState).max(4096).default([]),
    /** `none`: nothing outside the patched functions is changed, and no data gets another meaning. */
    stateImpact: z.literal('none').optional(),
    /** Names of patches that may be disabled or kept whatever becomes of this one. */
    independentOf: z.array(ModuleName).max(500).default([]),
    cves: z
      .array(z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/, 'must be a CVE id, such as CVE-2026-12345'))
      .max(2_000)
      .default([]),
    /** What the vendor does not support on a running system, whatever the kernel accepts. */
    unsupported: z
      .array(z.enum(['load', 'disable', 'replace']))
      .max(3)
      .default([]),
    notes: text(10_000).default(''),
  })
  .refine((word) => !(word.stateImpact === 'none' && word.states.length > 0), {
    path: ['stateImpact'],
    message: '`none` contradicts the states that are listed',
  })
  .refine((word) => new Set(word.states.map((state) => state.id)).size === word.states.length, { path: ['states'], message: 'lists an id twice' })
  .refine((word) => word.states.every((state) => state.id !== '0'), { path: ['states'], message: "id 0 ends the kernel's array and cannot name a state" });
export type AuthorStatement = z.infer<typeof AuthorStatement>;

const FileCallbacks = z.strictObject({ prePatch: z.boolean(), postPatch: z.boolean(), preUnpatch: z.boolean(), postUnpatch: z.boolean() });

/** Facts of a module file, published without the file: `UNSIGNED` evidence. */
export const FileFacts = z.strictObject({
  name: ModuleName,
  sha256: Sha256.nullable().default(null),
  srcversion: line(64).nullable().default(null),
  vermagic: line(256).nullable().default(null),
  kernelRelease: word(128),
  arch: z.string().regex(/^[a-z0-9_]{1,32}$/),
  livepatch: z.boolean().default(true),
  /** null: not known. */
  replace: z.boolean().nullable(),
  /** null: not known. */
  states: z.array(WireState).max(4096).nullable(),
  impact: z.enum(['NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE']),
  /** Of the file without its appended signature. */
  contentSha256: Sha256.optional(),
  /** A signature is appended. Left out: not known. */
  signed: z.boolean().optional(),
  /** Key that signed it, as the signature names it. */
  signer: line(500).nullable().optional(),
  /** Bytes of the uncompressed file. */
  size: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional(),
  /** Its code may change states of the patches below it. */
  rewritesEarlierStates: z.boolean().optional(),
  builder: z.enum(['STATIC', 'KPATCH_BUILD', 'KLP_BUILD', 'UNKNOWN']).default('UNKNOWN'),
  objects: z
    .array(
      z.strictObject({
        name: word(55),
        /** The name that the kernel is given: null is NULL, the kernel itself. Left out: not known. */
        spelled: word(55).nullable().optional(),
        functions: z.array(z.strictObject({ name: word(511), sympos: UInt64 })).max(20_000),
        callbacks: FileCallbacks.optional(),
      }),
    )
    .max(2_000)
    .default([]),
  callbacks: FileCallbacks,
});
export type FileFacts = z.infer<typeof FileFacts>;

/** An Ed25519 signature over `signedForm`, in base64. */
export const Signature = z.string().regex(/^[A-Za-z0-9+/]{86}==$/, 'must be an Ed25519 signature: 64 bytes in base64');

/** Whose a livepatch is, and which. Goes with the module file (as form fields) or with its facts. */
export const Publication = z.strictObject({
  /** The livepatch that this is a build of, the same for all kernels. */
  release: word(128),
  /** Who answers for it; only the owner changes the author's word. */
  owner: word(128),
});
export type Publication = z.infer<typeof Publication>;

/**
 * What a livepatch is, told without its file. `PUT /v1/patches/{buildId}` as JSON
 *
 * With the file, the same PUT is `multipart/form-data`: `module` (the `.ko`, plain or compressed), `author` (the YAML, optional), `signature` (optional), `release`, `owner`.
 */
export const Manifest = z.strictObject({
  schema: z.literal('manifest/v1'),
  buildId: BuildId,
  ...Publication.shape,
  author: AuthorStatement.nullable().default(null),
  /** Of the author's word; null: it is unsigned. */
  signature: Signature.nullable().default(null),
  facts: FileFacts,
});
export type Manifest = z.infer<typeof Manifest>;

/**
 * What does an author sign?
 *
 * The word as it is understood, not as it is written: a comment or another order of keys changes nothing. The build, its release and its owner are
 * in it, so that a signature cannot be moved to another module.
 *
 * @returns canonical JSON in UTF-8
 */
export const signedForm = (buildId: string, { release, owner }: Publication, author: AuthorStatement): Uint8Array =>
  new TextEncoder().encode(canonicalJson({ schema: 'signed-word/v1', buildId, release, owner, author }));
