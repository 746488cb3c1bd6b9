/** `SAFE`, or why not. Worst first: `REFUSED`, `UNSAFE`, `UNKNOWN`. */
export type VerdictKind = 'SAFE' | 'UNKNOWN' | 'UNSAFE' | 'REFUSED';

/** What a reason does to a verdict; an advisory does nothing to it. */
export type ReasonKind = 'REFUSED' | 'UNSAFE' | 'UNKNOWN' | 'ADVISORY';

/** The error number with which the kernel would refuse. */
export type Errno = 'EPERM' | 'EKEYREJECTED' | 'ENOEXEC' | 'EEXIST' | 'EINVAL' | 'EBUSY' | 'ENOENT';

/** What makes a reason go away: waiting, `rmmod`, a reboot, a new report, the patch's author, or nothing. */
export type ClearedBy = 'TIME' | 'RMMOD' | 'REBOOT' | 'REPORT' | 'AUTHOR' | 'NOTHING';

interface Entry {
  readonly kind: ReasonKind;
  readonly errno?: Errno;
  readonly clearedBy: ClearedBy;
  /** The facts about the host themselves are in doubt: the verdict is UNKNOWN whatever else there is. */
  readonly factsInDoubt?: true;
  /** Place in the kernel's order of refusing: the lowest decides the predicted errno. */
  readonly order?: number;
}

/** Place of each check in `load_module()` and `klp_enable_patch()`. */
const ORDER = {
  modulesDisabled: 0,
  signature: 1,
  vermagic: 2,
  name: 3,
  structure: 4,
  states: 6,
  symbols: 7,
  objects: 8,
  transition: 9,
  prePatch: 10,
  ftrace: 11,
} as const;

/**
 * Every reason: its kind, and if it has one its errno and its place in the loader's order.
 *
 * The order is the kernel's: EPERM, signature, ENOEXEC, EEXIST, structure, state check, symbols, objects,
 * EBUSY, pre_patch, ftrace.
 */
export const REASONS = {
  MODULES_DISABLED: { kind: 'REFUSED', errno: 'EPERM', clearedBy: 'REBOOT', order: ORDER.modulesDisabled },
  SIGNATURE_REQUIRED: { kind: 'REFUSED', errno: 'EKEYREJECTED', clearedBy: 'AUTHOR', order: ORDER.signature },
  TARGET_NOT_BUILT_FOR_KERNEL: {
    kind: 'REFUSED',
    errno: 'ENOEXEC',
    clearedBy: 'AUTHOR',
    order: ORDER.vermagic,
  },
  MODULE_NAME_TAKEN: { kind: 'REFUSED', errno: 'EEXIST', clearedBy: 'NOTHING', order: ORDER.name },
  MODULE_STILL_LOADED: { kind: 'REFUSED', errno: 'EEXIST', clearedBy: 'RMMOD', order: ORDER.name },
  MODULE_PINNED: { kind: 'REFUSED', errno: 'EEXIST', clearedBy: 'REBOOT', order: ORDER.name },
  NOT_A_LIVEPATCH: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: ORDER.structure },
  STATE_MISSING_IN_TARGET: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: ORDER.states },
  STATE_VERSION_TOO_LOW: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: ORDER.states },
  REPLACE_SET_CONFLICT: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: ORDER.states },
  PATCH_BLOCKS_DISABLE: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: ORDER.states },
  OBJECT_SPELLED_VMLINUX: { kind: 'REFUSED', errno: 'EEXIST', clearedBy: 'AUTHOR', order: ORDER.objects },
  TRANSITION_IN_PROGRESS: { kind: 'REFUSED', errno: 'EBUSY', clearedBy: 'TIME', order: ORDER.transition },
  FTRACE_DISABLED: { kind: 'REFUSED', errno: 'EBUSY', clearedBy: 'REPORT', order: ORDER.ftrace },

  STATE_LEFT_BEHIND: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  STATE_IRREVERSIBLE: { kind: 'UNSAFE', clearedBy: 'REBOOT' },
  STATE_NOT_RESTORED: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  FOREIGN_PATCH_DISCARDED: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  TARGET_RECALLED: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  TARGET_BUILT_FOR_OTHER_KERNEL: { kind: 'UNSAFE', clearedBy: 'AUTHOR', order: ORDER.vermagic },
  BOOT_LOADS_OTHER: { kind: 'UNSAFE', clearedBy: 'REPORT' },

  RESTORE_NOT_PROMISED: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  STATES_UNDECLARED: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  STATES_UNREADABLE: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  REPLACE_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  STACK_DEPENDENCY_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  SYMBOLS_UNVERIFIED: { kind: 'UNKNOWN', clearedBy: 'REPORT', order: ORDER.symbols },
  PRE_PATCH_MAY_REFUSE: { kind: 'UNKNOWN', clearedBy: 'REPORT', order: ORDER.prePatch },
  SIGNATURE_UNVERIFIED: { kind: 'UNKNOWN', clearedBy: 'REPORT', order: ORDER.signature },
  HOST_GATES_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'REPORT', order: ORDER.modulesDisabled },
  MODULE_STILL_LOADING: { kind: 'UNKNOWN', clearedBy: 'TIME', order: ORDER.name },
  BOOT_HISTORY_INCOMPLETE: { kind: 'UNKNOWN', clearedBy: 'REBOOT' },
  HISTORY_TOO_LONG: { kind: 'UNKNOWN', clearedBy: 'REBOOT' },
  EVIDENCE_CONFLICT: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  EVIDENCE_TOO_WEAK: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  PATCH_NOT_CATALOGUED: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  NEVER_REPORTED: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  REPORT_STALE: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  REPORT_SUPERSEDED: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  IDENTITY_SUSPECT: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  REPORT_INCOMPLETE: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  REPORT_CONTRADICTORY: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  OTHER_LIVE_PATCHING: { kind: 'UNKNOWN', clearedBy: 'REBOOT', factsInDoubt: true },
  RULES_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true, order: ORDER.states - 1 },
  BOOT_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'REPORT' },
  TARGET_UNRESOLVED: { kind: 'UNKNOWN', clearedBy: 'NOTHING' },
  NO_HOSTS_MATCHED: { kind: 'UNKNOWN', clearedBy: 'NOTHING' },

  CVE_REOPENED: { kind: 'ADVISORY', clearedBy: 'NOTHING' },
  NOT_BOOT_PERSISTENT: { kind: 'ADVISORY', clearedBy: 'REPORT' },
  VENDOR_UNSUPPORTED: { kind: 'ADVISORY', clearedBy: 'AUTHOR' },
  DATA_SEMANTICS_NOT_PROVEN: { kind: 'ADVISORY', clearedBy: 'AUTHOR' },
} as const satisfies Record<string, Entry>;

/** Frozen once released: scripts match on it. */
export type ReasonCode = keyof typeof REASONS;

/** The facts of a reason; which are there depends on the code. */
export interface Facts {
  /** The patch that the reason is about: whose state, which module. */
  readonly patch?: string;
  readonly buildId?: string | null;
  readonly stateId?: bigint;
  /**
   * What the target (or the host) has, and what it would need. For versions: null if the id is missing.
   */
  readonly have?: number | null;
  readonly need?: number;
  /** Another patch that matters: the one that would be disabled, the one in transition. */
  readonly other?: string;
  readonly function?: string;
  readonly errno?: Errno;
  readonly route?: string;
  readonly clearedBy?: ClearedBy;
  /** A short fact that no other field holds: a file, an age, a CVE. */
  readonly detail?: string;
}

/** A reason for a verdict. Its kind follows from its code, and from whether a policy raised it. */
export interface Reason extends Facts {
  readonly code: ReasonCode;
  /** An advisory that a policy raised to UNSAFE. It means nothing on other codes. */
  readonly raised?: true;
}

/** The facts that name the patch of a reason. */
export const about = ({ name, buildId }: { readonly name: string; readonly buildId: string | null }) => ({
  patch: name,
  buildId,
});

/** What follows from a code. */
interface Nature {
  readonly kind: ReasonKind;
  readonly errno: Errno | null;
  readonly clearedBy: ClearedBy;
  readonly factsInDoubt: boolean;
  readonly order: number;
}

/** The same with every field filled in. */
const NATURES: ReadonlyMap<string, Nature> = new Map(
  Object.entries<Entry>(REASONS).map(
    ([code, { kind, errno = null, clearedBy, factsInDoubt = false, order = Number.POSITIVE_INFINITY }]) => [
      code,
      { kind, errno, clearedBy, factsInDoubt, order },
    ],
  ),
);
/** What follows from the code of an advisory that was raised. */
const RAISED_NATURES: ReadonlyMap<string, Nature> = new Map(
  [...NATURES]
    .filter(([, { kind }]) => kind === 'ADVISORY')
    .map(([code, nature]) => [code, { ...nature, kind: 'UNSAFE' }]),
);

/** Returns what follows from the code of this reason, and from whether it was raised. */
export const natureOf = ({ code, raised }: Pick<Reason, 'code' | 'raised'>): Nature =>
  (raised === true ? RAISED_NATURES.get(code) : undefined) ?? NATURES.get(code)!;

/** Returns whether a policy may raise this code: it is an advisory. */
export const canBeRaised = (code: ReasonCode): boolean => RAISED_NATURES.has(code);

/** Returns whether a policy raised this advisory. */
export const isRaised = ({ code, raised }: Reason): boolean => raised === true && canBeRaised(code);

/** Returns the reasons with the advisories of these codes raised to UNSAFE. */
export const raise = (reasons: readonly Reason[], codes: readonly string[]): readonly Reason[] =>
  codes.length === 0
    ? reasons
    : reasons.map((reason) =>
        codes.includes(reason.code) && canBeRaised(reason.code) ? { ...reason, raised: true } : reason,
      );

export const kindOf = (reason: Reason): ReasonKind => natureOf(reason).kind;
export const errnoOf = (reason: Reason): Errno | null => reason.errno ?? natureOf(reason).errno;
export const clearedBy = (reason: Reason): ClearedBy => reason.clearedBy ?? natureOf(reason).clearedBy;
/** The gate that the kernel reads last. */
export const FTRACE_GATE = 'kernel.ftrace_enabled';

/** Place in the kernel's order of refusing; Infinity for what the kernel does not look at. */
export function loaderOrder(reason: Reason): number {
  if (reason.errno === 'ENOEXEC') return ORDER.vermagic;
  if (reason.code === 'HOST_GATES_UNKNOWN' && reason.detail?.startsWith(FTRACE_GATE) === true)
    return ORDER.ftrace;
  return natureOf(reason).order;
}

/** Doubts about a patch that leave the result of the state check open. */
const STATES_IN_DOUBT = new Set<ReasonCode>(['STATES_UNREADABLE', 'REPLACE_UNKNOWN', 'PATCH_NOT_CATALOGUED']);

/**
 * Returns whether this doubt leaves the result of the state check open, if the kernel compares the states of
 * that patch.
 */
export const isStateDoubt = ({ code }: Reason): boolean => STATES_IN_DOUBT.has(code);

/** Place in the kernel's order at which this doubt may turn into a refusal; Infinity if it never does. */
export const doubtOrder = (reason: Reason): number =>
  isStateDoubt(reason) ? ORDER.states : loaderOrder(reason);

/** Returns whether two reasons state the same facts. What clears them may differ. */
export const sameFacts = (a: Reason, b: Reason): boolean =>
  a.code === b.code &&
  a.patch === b.patch &&
  a.buildId === b.buildId &&
  a.stateId === b.stateId &&
  a.function === b.function &&
  a.other === b.other &&
  a.detail === b.detail;

export const REASON_CODES = Object.keys(REASONS) as ReasonCode[];
