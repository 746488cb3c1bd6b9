/** `SAFE`, or why not. Worst first: `REFUSED`, `UNSAFE`, `UNKNOWN`. */
export type VerdictKind = 'SAFE' | 'UNKNOWN' | 'UNSAFE' | 'REFUSED';

/** What a reason does to a verdict; an advisory does nothing to it. */
export type ReasonKind = 'REFUSED' | 'UNSAFE' | 'UNKNOWN' | 'ADVISORY';

/** The error number with which the kernel would refuse. */
export type Errno = 'ENOEXEC' | 'EEXIST' | 'EINVAL' | 'EBUSY' | 'ENOENT';

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

/**
 * Every reason: its kind, and where there is one its errno and its place in the loader's order.
 *
 * The order is the kernel's: ENOEXEC, EEXIST, the state check, symbols, EBUSY, the callback's own.
 */
export const REASONS = {
  TARGET_NOT_BUILT_FOR_KERNEL: { kind: 'REFUSED', errno: 'ENOEXEC', clearedBy: 'AUTHOR', order: 1 },
  MODULE_NAME_TAKEN: { kind: 'REFUSED', errno: 'EEXIST', clearedBy: 'NOTHING', order: 2 },
  MODULE_STILL_LOADED: { kind: 'REFUSED', errno: 'EEXIST', clearedBy: 'RMMOD', order: 2 },
  MODULE_PINNED: { kind: 'REFUSED', errno: 'EEXIST', clearedBy: 'REBOOT', order: 2 },
  NOT_A_LIVEPATCH: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: 3 },
  STATE_MISSING_IN_TARGET: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: 4 },
  STATE_VERSION_TOO_LOW: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: 4 },
  REPLACE_SET_CONFLICT: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: 4 },
  PATCH_BLOCKS_DISABLE: { kind: 'REFUSED', errno: 'EINVAL', clearedBy: 'AUTHOR', order: 4 },
  TRANSITION_IN_PROGRESS: { kind: 'REFUSED', errno: 'EBUSY', clearedBy: 'TIME', order: 6 },

  STATE_LEFT_BEHIND: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  STATE_IRREVERSIBLE: { kind: 'UNSAFE', clearedBy: 'REBOOT' },
  STATE_NOT_RESTORED: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  FOREIGN_PATCH_DISCARDED: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  TARGET_RECALLED: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  TARGET_BUILT_FOR_OTHER_KERNEL: { kind: 'UNSAFE', clearedBy: 'AUTHOR' },
  BOOT_LOADS_OTHER: { kind: 'UNSAFE', clearedBy: 'REPORT' },

  RESTORE_NOT_PROMISED: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  STATES_UNDECLARED: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  STATES_UNREADABLE: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  REPLACE_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  STACK_DEPENDENCY_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  SYMBOLS_UNVERIFIED: { kind: 'UNKNOWN', clearedBy: 'REPORT', order: 5 },
  PRE_PATCH_MAY_REFUSE: { kind: 'UNKNOWN', clearedBy: 'REPORT', order: 7 },
  SIGNATURE_UNVERIFIED: { kind: 'UNKNOWN', clearedBy: 'REPORT', order: 0 },
  EVIDENCE_CONFLICT: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  EVIDENCE_TOO_WEAK: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  PATCH_NOT_CATALOGUED: { kind: 'UNKNOWN', clearedBy: 'AUTHOR' },
  NEVER_REPORTED: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  REPORT_STALE: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  REPORT_SUPERSEDED: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  IDENTITY_SUSPECT: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  RULES_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'REPORT', factsInDoubt: true },
  BOOT_UNKNOWN: { kind: 'UNKNOWN', clearedBy: 'REPORT' },
  TARGET_UNRESOLVED: { kind: 'UNKNOWN', clearedBy: 'NOTHING' },
  NO_HOSTS_MATCHED: { kind: 'UNKNOWN', clearedBy: 'NOTHING' },

  CVE_REOPENED: { kind: 'ADVISORY', clearedBy: 'NOTHING' },
  NOT_BOOT_PERSISTENT: { kind: 'ADVISORY', clearedBy: 'REPORT' },
  VENDOR_UNSUPPORTED: { kind: 'ADVISORY', clearedBy: 'AUTHOR' },
  DATA_SEMANTICS_NOT_PROVEN: { kind: 'ADVISORY', clearedBy: 'AUTHOR' },
  BOOT_HISTORY_INCOMPLETE: { kind: 'ADVISORY', clearedBy: 'REBOOT' },
} as const satisfies Record<string, Entry>;

/** Frozen once released: scripts match on it. */
export type ReasonCode = keyof typeof REASONS;

/** The facts of a reason; which are there depends on the code. */
export interface Facts {
  /** The patch that the reason is about: whose state, which module. */
  readonly patch?: string;
  readonly buildId?: string | null;
  readonly stateId?: bigint;
  /** What the target (or the host) has, and what it would need. For versions: null where the id is missing. */
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

/** One why. Its kind follows from its code. */
export interface Reason extends Facts {
  readonly code: ReasonCode;
}

/** Adds these. Most often there are none, and nothing is made anew: this is the hot path of every fleet question. */
export function append(reasons: Reason[], more: readonly Reason[]): void {
  for (const reason of more) reasons.push(reason);
}

/** What follows from a code. */
interface Nature {
  readonly kind: ReasonKind;
  readonly errno: Errno | null;
  readonly clearedBy: ClearedBy;
  readonly factsInDoubt: boolean;
  readonly order: number;
}

/** The same with every field filled in: entries of one shape are read fast, and they are read for every reason of every verdict. */
const NATURES: ReadonlyMap<string, Nature> = new Map(
  Object.entries<Entry>(REASONS).map(([code, { kind, errno = null, clearedBy, factsInDoubt = false, order = Number.POSITIVE_INFINITY }]) => [
    code,
    { kind, errno, clearedBy, factsInDoubt, order },
  ]),
);
/** What follows from the code of this reason? Whoever wants to know several things of it looks it up once. */
export const natureOf = ({ code }: Pick<Reason, 'code'>): Nature => NATURES.get(code)!;

export const kindOf = (reason: Reason): ReasonKind => natureOf(reason).kind;
export const errnoOf = (reason: Reason): Errno | null => reason.errno ?? natureOf(reason).errno;
export const clearedBy = (reason: Reason): ClearedBy => reason.clearedBy ?? natureOf(reason).clearedBy;
/** Where in the kernel's order of refusing this stands; Infinity for what the kernel does not look at. */
export const loaderOrder = (reason: Reason): number => (reason.errno === 'ENOEXEC' ? 1 : natureOf(reason).order);
/** Do two reasons say the same of the same? What clears them may differ. */
export const sameFacts = (a: Reason, b: Reason): boolean =>
  a.code === b.code &&
  a.patch === b.patch &&
  a.buildId === b.buildId &&
  a.stateId === b.stateId &&
  a.function === b.function &&
  a.other === b.other &&
  a.detail === b.detail;

export const REASON_CODES = Object.keys(REASONS) as ReasonCode[];
