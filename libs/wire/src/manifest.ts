import { z } from 'zod';
import { canonicalJson } from './digest.js';
import { BuildId, line, ModuleName, PublicName, Sha256, text, word } from './names.js';
import { UInt32, UInt64, WireState } from './numbers.js';

/** What disabling the patch does about a state, according to its author. */
export const Restore = z.enum(['callbacks', 'not-needed', 'impossible', 'unknown']);
export type Restore = z.infer<typeof Restore>;

/** YAML integers are read as bigint, because a number would round an id above 2^53. */
const integerAsText = (value: unknown) => (typeof value === 'bigint' ? value.toString() : value);
const integerAsNumber = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value);

const AuthorState = z.strictObject({
  id: z.preprocess(integerAsText, UInt64),
  version: z.preprocess(integerAsNumber, UInt32),
  /** A description of the state. */
  what: word(500),
  restore: Restore.default('unknown'),
});

/**
 * The author statement on a livepatch: facts that no module
 * file contains. `FILE.klp.yaml` next to the module.
 */
export const AuthorStatement = z
  .strictObject({
    schema: z.literal('klp/v1'),
    states: z.array(AuthorState).max(4096).default([]),
    /** `none`: the patch has no effect outside the patched functions, and changes the meaning of no data. */
    stateImpact: z.literal('none').optional(),
    /** Names of patches that can be disabled or kept independently of this one. */
    independentOf: z.array(ModuleName).max(500).default([]),
    cves: z
      .array(z.string().regex(/^CVE-[0-9]{4}-[0-9]{4,19}$/, 'must be a CVE id, such as CVE-2026-12345'))
      .max(2_000)
      .default([]),
    /** Operations that the vendor does not support on a running system, even if the kernel accepts them. */
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
  .refine((word) => new Set(word.states.map((state) => state.id)).size === word.states.length, {
    path: ['states'],
    message: 'lists an id twice',
  })
  .refine((word) => word.states.every((state) => state.id !== '0'), {
    path: ['states'],
    message: "id 0 ends the kernel's array and cannot name a state",
  });
export type AuthorStatement = z.infer<typeof AuthorStatement>;

const FileCallbacks = z.strictObject({
  prePatch: z.boolean(),
  postPatch: z.boolean(),
  preUnpatch: z.boolean(),
  postUnpatch: z.boolean(),
});

/** Facts of a module file, published without the file: `UNSIGNED` evidence. */
export const FileFacts = z.strictObject({
  name: ModuleName,
  sha256: Sha256.nullable().default(null),
  srcversion: line(64).nullable().default(null),
  vermagic: line(256).nullable().default(null),
  kernelRelease: word(128),
  arch: z.string().regex(/^[a-z0-9_]{1,32}$/),
  livepatch: z.boolean().default(true),
  /** Null: unknown. */
  replace: z.boolean().nullable(),
  /** Null: unknown. */
  states: z.array(WireState).max(4096).nullable(),
  impact: z.enum(['NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE']),
  /** SHA-256 of the file without its appended signature. */
  contentSha256: Sha256.optional(),
  /** A signature is appended. Absent: unknown. */
  signed: z.boolean().optional(),
  /** The key that signed it, as the signature names it. */
  signer: line(500).nullable().optional(),
  /** Size of the uncompressed file in bytes. */
  size: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional(),
  /** Its code may change the states of patches below it. */
  rewritesEarlierStates: z.boolean().optional(),
  builder: z.enum(['STATIC', 'KPATCH_BUILD', 'KLP_BUILD', 'UNKNOWN']).default('UNKNOWN'),
  objects: z
    .array(
      z.strictObject({
        name: word(55),
        /** The name that the kernel gets. Null is NULL, the kernel itself. Absent: unknown. */
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
export const Signature = z
  .string()
  .regex(/^[A-Za-z0-9+/]{86}==$/, 'must be an Ed25519 signature: 64 bytes in base64');

/** The release and owner of a livepatch. Sent with the module file (as form fields) or with its facts. */
export const Publication = z.strictObject({
  /** The release that this is a build of, the same for all kernels. */
  release: PublicName,
  /** The responsible team. Only the owner can change the author statement. */
  owner: PublicName,
});
export type Publication = z.infer<typeof Publication>;

/**
 * A livepatch without its file. `PUT /v1/patches/{buildId}` as JSON.
 *
 * With the file, the same PUT is `multipart/form-data`: `module` (the `.ko`, plain or compressed), `author`
 * (YAML, optional), `signature` (optional), `release`, `owner`.
 */
export const Manifest = z.strictObject({
  schema: z.literal('manifest/v1'),
  buildId: BuildId,
  ...Publication.shape,
  author: AuthorStatement.nullable().default(null),
  /** Signature of the author statement; the facts must name the SHA-256 of the file. Null: unsigned. */
  signature: Signature.nullable().default(null),
  facts: FileFacts,
});
export type Manifest = z.infer<typeof Manifest>;

/** The module file for which a statement is signed. */
export interface SignedFile extends Publication {
  readonly buildId: string;
  /** Of the uncompressed file, an appended signature included. */
  readonly sha256: string;
}

/**
 * Returns the bytes that an author signs. docs/integrating/signatures.md describes them for other
 * implementations.
 *
 * They contain the parsed statement, so comments and the order of keys do not matter. They also contain the
 * file, its build, its release and its owner, so that a signature cannot be used for another file.
 *
 * @returns canonical JSON (RFC 8785) in UTF-8
 */
export const signedForm = (
  { buildId, sha256, release, owner }: SignedFile,
  author: AuthorStatement,
): Uint8Array =>
  new TextEncoder().encode(
    canonicalJson({ schema: 'signed-statement/v1', buildId, sha256, release, owner, author }),
  );
