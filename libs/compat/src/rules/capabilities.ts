/** What an agent probed of the kernel; null means "not reported". */
export interface Capabilities {
  /** `/sys/kernel/livepatch` is there. */
  readonly livepatch: boolean;
  /** A patch's directory has `replace_set`; null while there is no directory. */
  readonly replaceSetAttribute: boolean | null;
  /** `klp_*` names in kallsyms; null if it could not be read. */
  readonly symbols: readonly string[] | null;
  /** kallsyms was read to its end. */
  readonly symbolsComplete: boolean;
  /** Field names of `struct klp_state` in BTF; null if not reported. */
  readonly stateFields: readonly string[] | null;
  readonly lockdown: 'none' | 'integrity' | 'confidentiality' | null;
  readonly signatureEnforced: boolean | null;
}
