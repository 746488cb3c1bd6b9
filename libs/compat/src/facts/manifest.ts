import type { State } from '../rules/patch.js';

/**
 * How well a fact is known, strongest first: read from the running kernel; parsed by the registry from the
 * module file; a signed author statement; an unsigned one; a conclusion, or what a host reports about a file
 * on its disk.
 */
export type Evidence = 'LIVE' | 'MODULE' | 'MANIFEST' | 'UNSIGNED' | 'INFERRED';

const STRENGTH: Record<Evidence, number> = { LIVE: 4, MODULE: 3, MANIFEST: 2, UNSIGNED: 1, INFERRED: 0 };

/** Returns whether this evidence is at least as strong as that one. */
export const atLeast = (evidence: Evidence, required: Evidence): boolean =>
  evidence === required || STRENGTH[evidence] >= STRENGTH[required];

/** The weaker of two. */
export const weaker = (a: Evidence, b: Evidence): Evidence => (STRENGTH[a] <= STRENGTH[b] ? a : b);

/** The evidence that is required: of what modules declare, and of what authors promise. */
export interface RequiredEvidence {
  readonly facts: Evidence;
  readonly statement: Evidence;
}

const requiredBy = (evidence: Evidence): RequiredEvidence => ({
  facts: weaker(evidence, 'MODULE'),
  statement: weaker(evidence, 'MANIFEST'),
});
const REQUIRED: Record<Evidence, RequiredEvidence> = {
  LIVE: requiredBy('LIVE'),
  MODULE: requiredBy('MODULE'),
  MANIFEST: requiredBy('MANIFEST'),
  UNSIGNED: requiredBy('UNSIGNED'),
  INFERRED: requiredBy('INFERRED'),
};

/**
 * The evidence that a question requires. Modules are known by their files at best, statements by their
 * signature.
 */
export const requiredAt = (evidence: Evidence): RequiredEvidence => REQUIRED[evidence];

/** What a module does to the system's state, read from its file. */
export type StateImpact = 'NONE' | 'DECLARED' | 'UNDECLARED' | 'UNREADABLE';

/** What disabling does about a state, as the author states it. */
export type Restore = 'CALLBACKS' | 'NOT_NEEDED' | 'IMPOSSIBLE' | 'UNKNOWN';

/** Which callbacks are set in any object of the patch. Mirrors `struct klp_callbacks`. */
export interface Callbacks {
  readonly prePatch: boolean;
  readonly postPatch: boolean;
  readonly preUnpatch: boolean;
  readonly postUnpatch: boolean;
}

/** A state in an author statement. */
export interface AuthorState extends State {
  readonly restore: Restore;
}

/** An author statement: what no module file can show about a patch. */
export interface AuthorStatement {
  /** `MANIFEST` where it is signed, else `UNSIGNED`. */
  readonly evidence: Evidence;
  readonly states: readonly AuthorState[];
  /** Nothing outside the patched functions changes, not even the meaning of data. */
  readonly impactNone: boolean;
  /** Names of patches whose loading and disabling do not affect this one. */
  readonly independentOf: readonly string[];
  readonly cves: readonly string[];
  /** What the vendor does not support on a running system, although the kernel may accept it. */
  readonly unsupported?: readonly ('LOAD' | 'DISABLE' | 'REPLACE')[];
}

/** What a host (or the registry) could read of one module's declarations. */
export interface Reading {
  readonly evidence: Evidence;
  readonly replace: boolean | null;
  /** Only under `replace-set` rules: the set that the patch replaces; 0 if it is not given. */
  readonly replaceSet?: bigint;
  /** Effective states; null if they cannot be read. */
  readonly states: readonly State[] | null;
  readonly impact: StateImpact;
  /** null if the objects cannot be read. */
  readonly callbacks: Callbacks | null;
  /** It writes to the states of the patches below it, which it finds by `klp_get_prev_state()`. */
  readonly rewritesEarlierStates?: boolean;
}

/** A file of a build. A build-id does not cover the signature, so one build may have several files. */
export interface ModuleFile {
  /** Of the uncompressed file, signature included. */
  readonly sha256: string;
  readonly signed: boolean;
  /** Key that signed it, as the signature names it; null: unsigned, or not readable. */
  readonly signer: string | null;
}

/** What a patch is: read from its module, completed by its author. */
export interface Manifest extends Reading {
  readonly buildId: string;
  /** As the kernel names it once loaded. */
  readonly name: string;
  readonly release: string;
  readonly owner: string;
  readonly kernelRelease: string;
  /** As `uname -m`. */
  readonly arch: string;
  /** Built with symbol versions: another release's kernel may accept it all the same. */
  readonly modversions: boolean;
  /** modinfo `livepatch=Y`. */
  readonly livepatch: boolean;
  /** What it redirects, as `object:function,sympos`; null if the objects cannot be read. */
  readonly functions: readonly string[] | null;
  /**
   * It has an object named by the string `vmlinux`, where a correct patch has NULL. null: the spelling is not
   * known.
   */
  readonly spellsVmlinux: boolean | null;
  /** It has an object whose name is NULL: the kernel. null: not known. */
  readonly patchesKernel: boolean | null;
  /** The files that were published for this build. Empty: only facts were published. */
  readonly files: readonly ModuleFile[];
  readonly author: AuthorStatement | null;
  readonly recalled: boolean;
  /** Field names on which the file, the author or another upload disagree. */
  readonly conflicts: readonly string[];
}
