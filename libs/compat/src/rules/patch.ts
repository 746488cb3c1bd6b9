/**
 * A state of the system that a patch modifies. `id` is unsigned 64-bit, `version` unsigned 32-bit. Mirrors
 * `struct klp_state`.
 */
export interface State {
  readonly id: bigint;
  readonly version: number;
  /** Only under `block-disable` rules: the state forbids disabling its patch. */
  readonly blockDisable?: boolean;
}

/**
 * A patch as the kernel compares it. Mirrors the fields of `struct klp_patch` that the state check reads.
 *
 * `states` are the effective ones, see `effectiveStates`.
 */
export interface Patch {
  readonly name: string;
  /** `klp_patch.replace`: a cumulative patch that takes the place of every other. */
  readonly replace: boolean;
  readonly states: readonly State[];
  /** Only under `replace-set` rules: the set that the patch replaces. */
  readonly replaceSet?: bigint;
  /** Only read under `replace-set` rules: what it redirects, as `object:function,sympos`. */
  readonly functions?: readonly string[];
}

/**
 * Returns those of these states that the kernel sees.
 *
 * Mirrors `klp_for_each_state()`: an id 0 ends the array, and whatever stands behind it is invisible.
 */
export function effectiveStates(states: readonly State[]): readonly State[] {
  const end = states.findIndex((state) => state.id === 0n);
  return end < 0 ? states : states.slice(0, end);
}

/** Returns the name that the kernel gives the module: `-` in a file's name becomes `_`. */
export const loadedName = (name: string): string => name.replaceAll('-', '_');
