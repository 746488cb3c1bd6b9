/**
 * A state as the kernel compares it. `id` is u64 and never 0;
 * `version` is u32. Mirrors `struct klp_state` without `data`.
 */
export interface KlpState {
  readonly id: bigint;
  readonly version: number;
}

/**
 * A function that is redirected. `sympos` 0: the name must be unique; n: the n-th of that name in kallsyms.
 */
export interface ModuleFunction {
  readonly name: string;
  readonly sympos: bigint;
}

/** Which callbacks the object has; `true` where the pointer is set. Mirrors `struct klp_callbacks`. */
export interface ModuleCallbacks {
  readonly prePatch: boolean;
  readonly postPatch: boolean;
  readonly preUnpatch: boolean;
  readonly postUnpatch: boolean;
}

/**
 * What is patched: `vmlinux` (a NULL name in the file) or
 * a module. The same name may occur twice, as in the file.
 */
export interface ModuleObject {
  readonly name: string;
  /**
   * The name that the kernel is given; null: NULL, which is the kernel itself.
   *
   * The text `vmlinux` stands for a module of that name,
   * which is never loaded: such an object is never patched.
   */
  readonly spelled: string | null;
  readonly functions: readonly ModuleFunction[];
  readonly callbacks: ModuleCallbacks;
}

/** Who made the `klp_patch`: the source (`STATIC`), a builder's init code at load time, or we cannot tell. */
export type Builder = 'STATIC' | 'KPATCH_BUILD' | 'KLP_BUILD' | 'UNKNOWN';

/** What the module does to system state, as far as its file shows. `NONE` is proven, never assumed. */
export type StateImpact = 'NONE' | 'DECLARED' | 'UNDECLARED' | 'UNREADABLE';

/** A coded reason with the sentence that explains it. */
export interface Unreadable {
  readonly code: UnreadableCode;
  readonly text: string;
}

/** Why the states cannot be read from the file. Released codes never change. */
export type UnreadableCode =
  | 'NOT_A_LIVEPATCH'
  | 'NO_CANDIDATE'
  | 'TWO_CANDIDATES'
  | 'TWO_STORIES'
  | 'BUILDER_MALFORMED'
  | 'STATES_POINTER'
  | 'STATES_MALFORMED'
  | 'NOT_ENABLED'
  | 'ENABLED_ELSEWHERE'
  | 'CHANGED_AT_RUN_TIME'
  | 'ADDRESS_ESCAPES'
  | 'CODE_NOT_UNDERSTOOD'
  | 'UNSUPPORTED_RELOCATIONS';

/** What a `.ko` file declares. Everything here is a fact of the file; nothing was asked of a kernel. */
export interface ModuleReading {
  /** `name=` of modinfo, as the file says it. The loaded module's name has `_` where this has `-`. */
  readonly name: string;
  /** SHA-256 of the uncompressed file with its signature, lower-case hex. */
  readonly sha256: string;
  /**
   * SHA-256 of the uncompressed file without the appended
   * signature: the same for every signature over one build.
   */
  readonly contentSha256: string;
  /** `.note.gnu.build-id`, lower-case hex: the identity of the loaded module. */
  readonly buildId: string | null;
  readonly srcversion: string | null;
  readonly version: string | null;
  readonly vermagic: string | null;
  /** First word of `vermagic`. */
  readonly kernelRelease: string | null;
  /** Symbol versions: the kernel's loader may accept the module on another release. */
  readonly modversions: boolean;
  /** As `uname -m` says it. */
  readonly arch: string;
  /** modinfo has the key `livepatch`; the kernel looks at the key, not at its value. */
  readonly livepatch: boolean;
  /** A signature is appended. It is not verified. */
  readonly signed: boolean;
  /**
   * The key that signed, as the signature names it: `issuer:HEX,serial:HEX`
   * or `key-id:HEX`. Null: unsigned, or it cannot be read.
   */
  readonly signer: string | null;
  /** Why the appended signature cannot be read; null where it can, or where there is none. */
  readonly signatureProblem: string | null;
  readonly modinfo: Readonly<Record<string, readonly string[]>>;
  readonly builder: Builder;
  /** `klp_patch.replace`; null where the file does not tell (a builder's module, a write at run time). */
  readonly replace: boolean | null;
  /**
   * What the kernel walks: up to the first id 0, duplicates
   * kept, in order. Null exactly when `unreadable` is set.
   */
  readonly states: readonly KlpState[] | null;
  /**
   * From the first id 0 on, where the array's symbol shows that entries
   * follow it or that it carries a version: the kernel never sees them.
   */
  readonly shadowedStates: readonly KlpState[];
  readonly unreadable: Unreadable | null;
  /**
   * Code may change states of the patches below this one, through the pointer of `klp_get_prev_state()`.
   *
   * While this patch is listed, their files do not tell their states.
   */
  readonly rewritesEarlierStates: boolean;
  /** Why `rewritesEarlierStates` is true. */
  readonly rewriteReason: Unreadable | null;
  /** Null if they are created or changed at run time, or cannot be read. */
  readonly objects: readonly ModuleObject[] | null;
  /**
   * Names of livepatch symbols (`.klp.sym.*`) and their sections (`.klp.rela.*`)
   * that the kernel cannot parse, so that it refuses the module. The first 16.
   */
  readonly malformedSymbols: readonly string[];
  readonly usesShadowVariables: boolean;
  readonly impact: StateImpact;
  /** Why `impact` is UNDECLARED or UNREADABLE, as `CODE: sentence`; else empty. */
  readonly impactReasons: readonly string[];
}
