import { type DeclaredState, declare } from '../facts/declared.js';
import type { AuthorState, AuthorStatement, Callbacks, StateImpact } from '../facts/manifest.js';
import { effectiveStates, type Patch, type State } from '../rules/patch.js';

/** A state in an author statement, with its description for people. */
export interface DescribedState extends AuthorState {
  readonly what: string;
}

/** An author statement as it was written. */
export interface WrittenStatement extends AuthorStatement {
  readonly states: readonly DescribedState[];
  readonly notes: string;
}

/** A livepatch as its author hands it in: what its file shows, and what its author says. */
export interface Declaration {
  readonly buildId: string | null;
  readonly name: string;
  readonly release: string;
  /** null until it is published. */
  readonly owner: string | null;
  readonly kernelRelease: string;
  readonly arch: string;
  /** modinfo has `livepatch`. */
  readonly livepatch: boolean;
  readonly replace: boolean | null;
  /** The array as it stands in the file, with what is behind an id 0; null if it cannot be read. */
  readonly states: readonly State[] | null;
  /** Which callbacks are set in any object; null if the objects cannot be read. */
  readonly callbacks: Callbacks | null;
  readonly usesShadowVariables: boolean;
  readonly impact: StateImpact;
  /** Why `impact` is UNDECLARED or UNREADABLE, as `CODE: sentence`. */
  readonly impactReasons: readonly string[];
  /** As `object:function,sympos`; null if the objects cannot be read. */
  readonly functions: readonly string[] | null;
  /**
   * Object names as the kernel gets them: null is NULL, the kernel itself. The list is null if the objects
   * cannot be read.
   */
  readonly objects?: readonly (string | null)[] | null;
  /** Names of livepatch symbols and their sections that the kernel cannot parse. */
  readonly malformedSymbols?: readonly string[];
  /** A signature is appended to the file. */
  readonly signed?: boolean;
  /** Why the appended signature cannot be read. */
  readonly signatureProblem?: string | null;
  readonly author: WrittenStatement | null;
}

/** Returns whether the states can be read. A file does not show what is written at run time. */
export const isReadable = ({ states, impact }: Declaration): boolean =>
  states !== null && impact !== 'UNREADABLE';

/** Returns the states that the kernel sees; none if they cannot be read. */
export const kernelStates = (of: Declaration): readonly State[] =>
  isReadable(of) ? effectiveStates(of.states!) : [];

/** Returns the states that the file or the author declares. */
export const declaredStates = (of: Declaration): DeclaredState[] =>
  declare(kernelStates(of), of.author?.states ?? []);

/**
 * As the state rule reads it. A patch counts as cumulative if its flag is not known: builders make these by
 * default.
 */
export const asPatch = (of: Declaration, states: readonly State[] = kernelStates(of)): Patch => ({
  name: of.name,
  replace: of.replace !== false,
  states,
});

/** Returns whether it has a callback that runs when it is disabled; null if that cannot be read. */
export const unpatches = ({ callbacks }: Declaration): boolean | null =>
  callbacks && (callbacks.preUnpatch || callbacks.postUnpatch);

/** Returns whether it has any callback. */
export const hasCallbacks = ({ callbacks }: Declaration): boolean =>
  callbacks !== null && Object.values(callbacks).some(Boolean);

/** Returns whether this is the same build. */
export const isItself = (a: Declaration, b: Declaration): boolean =>
  a === b || (a.buildId !== null && a.buildId === b.buildId);
