import { isRaised, type Reason, type ReasonCode } from './reasons.js';

const quoted = (name: string | undefined): string => (name === undefined ? 'a patch' : `'${name}'`);
const because = (detail: string | undefined): string => (detail === undefined ? '' : `: ${detail}`);

/** The one place for English: what each reason says to an operator. */
const SENTENCES: Record<ReasonCode, (reason: Reason) => string> = {
  MODULES_DISABLED: (r) =>
    'kernel.modules_disabled is 1: no module can be loaded or removed before a ' +
    `reboot${r.patch === undefined ? '' : `, ${quoted(r.patch)} neither`}`,
  SIGNATURE_REQUIRED: (r) =>
    'this kernel refuses modules without a signature, and ' +
    `${quoted(r.patch)} has none; publish and load a signed file`,
  TARGET_NOT_BUILT_FOR_KERNEL: (r) => `${quoted(r.patch)} has no build for this kernel${because(r.detail)}`,
  MODULE_NAME_TAKEN: (r) =>
    `a listed module already has the name ${quoted(r.patch)}; the kernel loads a name only once`,
  MODULE_STILL_LOADED: (r) =>
    r.clearedBy === 'REBOOT'
      ? `a module named ${quoted(r.patch)} is still loaded, and modules cannot ` +
        'be removed in this boot; reboot to free the name'
      : `a module named ${quoted(r.patch)} is still loaded; remove it to free the name, which restores ` +
        'nothing that the patch changed',
  MODULE_PINNED: (r) =>
    `a module named ${quoted(r.patch)} is no longer on the list and is pinned in memory; reboot to remove it`,
  NOT_A_LIVEPATCH: (r) => `${quoted(r.patch)} would not be accepted as a livepatch${because(r.detail)}`,
  STATE_MISSING_IN_TARGET: (r) =>
    `${quoted(r.patch)} modifies state ${r.stateId} (version ${r.need}) and the target does not have it`,
  STATE_VERSION_TOO_LOW: (r) =>
    `${quoted(r.patch)} modifies state ${r.stateId} at version ` +
    `${r.need} and the target has only version ${r.have}`,
  REPLACE_SET_CONFLICT: (r) =>
    `${quoted(r.patch)} is in another replace set and shares ` +
    `${r.function === undefined ? `state ${r.stateId}` : `function ${r.function}`} with the target`,
  PATCH_BLOCKS_DISABLE: (r) => `${quoted(r.patch)} cannot be disabled: its state ${r.stateId} blocks that`,
  OBJECT_SPELLED_VMLINUX: (r) =>
    `${quoted(r.patch)} names the kernel 'vmlinux' by a string, ` +
    `${r.other === undefined ? 'and by NULL as well' : `and ${quoted(r.other)} by NULL`}: the kernel ` +
    'cannot make two objects of one name; rebuild it with NULL',
  TRANSITION_IN_PROGRESS: (r) => `the transition of ${quoted(r.patch)} is still open${because(r.detail)}`,
  FTRACE_DISABLED: (r) =>
    `kernel.ftrace_enabled is 0, so that the functions of ${quoted(r.patch)} cannot be patched; set it to 1`,
  STATE_LEFT_BEHIND: (r) =>
    `state ${r.stateId} (version ${r.need}) of ${quoted(r.patch)} is left behind: its callbacks do not ` +
    'run and no patch takes it over',
  STATE_IRREVERSIBLE: (r) =>
    `the author of ${quoted(r.patch)} says that state ${r.stateId} cannot be restored`,
  STATE_NOT_RESTORED: (r) =>
    `${quoted(r.patch)} modifies state ${r.stateId} and has no ` +
    'callback that could restore it when it is disabled',
  FOREIGN_PATCH_DISCARDED: (r) =>
    `${quoted(r.patch)} belongs to another owner${because(r.detail)}, and would be discarded`,
  TARGET_RECALLED: (r) => `${quoted(r.patch)} is recalled`,
  TARGET_BUILT_FOR_OTHER_KERNEL: (r) =>
    `${quoted(r.patch)} was built for another kernel, and symbol versions ` +
    `may let it load all the same${because(r.detail)}`,
  BOOT_LOADS_OTHER: (r) => `the next boot loads something else${because(r.detail)}`,
  RESTORE_NOT_PROMISED: (r) =>
    r.detail === undefined
      ? `${quoted(r.patch)} modifies state ${r.stateId} and has unpatch callbacks, but its author has not ` +
        'said that they restore it'
      : `${quoted(r.patch)} modifies state ${r.stateId}, and its author ` +
        `statement does not cover this${because(r.detail)}`,
  STATES_UNDECLARED: (r) =>
    `${quoted(r.patch)} may change the system's state (callbacks, shadow ` +
    'variables or init code) and declares no states',
  STATES_UNREADABLE: (r) =>
    r.other === undefined
      ? `the states of ${quoted(r.patch)} cannot be read from its module${because(r.detail)}`
      : `the states of ${quoted(r.patch)} cannot be known from its module: ` +
        `${quoted(r.other)} overwrites them at run time`,
  REPLACE_UNKNOWN: (r) => `it is not known whether ${quoted(r.patch)} is cumulative`,
  STACK_DEPENDENCY_UNKNOWN: (r) =>
    r.stateId === undefined
      ? `${quoted(r.patch)} stays above ${quoted(r.other)} and may depend on it`
      : `${quoted(r.patch)} stays and modifies state ${r.stateId} too; the ` +
        `callbacks of ${quoted(r.other)} may undo it`,
  SYMBOLS_UNVERIFIED: (r) =>
    `a symbol that ${quoted(r.patch)} needs may be missing on this kernel${because(r.detail)}`,
  PRE_PATCH_MAY_REFUSE: (r) =>
    `the pre_patch callback of ${quoted(r.patch)} may refuse: it was not observed to accept the same states`,
  SIGNATURE_UNVERIFIED: (r) => `this kernel may refuse the signature of ${quoted(r.patch)}`,
  HOST_GATES_UNKNOWN: (r) => `settings of this host may refuse the module${because(r.detail)}`,
  MODULE_STILL_LOADING: (r) =>
    `a module named ${quoted(r.patch)} may be still loading or ` +
    `going${because(r.detail)}; wait for the next report`,
  BOOT_HISTORY_INCOMPLETE: (r) =>
    `livepatches were loaded in this boot that the registry may not know${because(r.detail)}`,
  HISTORY_TOO_LONG: () =>
    'more patches left the list in this boot than the registry keeps; a reboot clears this',
  EVIDENCE_CONFLICT: (r) => `sources disagree about ${quoted(r.patch)}${because(r.detail)}`,
  EVIDENCE_TOO_WEAK: (r) =>
    `the evidence about ${quoted(r.patch)} is weaker than required${because(r.detail)}`,
  PATCH_NOT_CATALOGUED: (r) =>
    `${quoted(r.patch)} is not ` +
    `published${r.buildId == null ? ', and the host does not report its build-id' : ` (build-id ${r.buildId})`}`,
  NEVER_REPORTED: () => 'this host has never reported',
  REPORT_STALE: (r) => `what is known of this host is too old${because(r.detail)}`,
  REPORT_SUPERSEDED: () => 'this host has changed since its last report',
  IDENTITY_SUSPECT: () => 'two machines use the identity of this host, or its reports were replayed',
  REPORT_INCOMPLETE: (r) => `the agent could not read all facts that a verdict needs${because(r.detail)}`,
  REPORT_CONTRADICTORY: (r) =>
    `the report contradicts itself: no kernel can be in this state${because(r.detail)}`,
  OTHER_LIVE_PATCHING: (r) =>
    'another live patching system was at work in this ' +
    `boot${because(r.detail)}; what it changed is not known here`,
  RULES_UNKNOWN: (r) => `the rules of this host's kernel are not known${because(r.detail)}`,
  BOOT_UNKNOWN: (r) => `it is not known what the next boot loads${because(r.detail)}`,
  TARGET_UNRESOLVED: (r) => `the target cannot be reached as asked${because(r.detail)}`,
  NO_HOSTS_MATCHED: () => 'no host matched',
  CVE_REOPENED: (r) => `${r.detail ?? 'a CVE'} is fixed by ${quoted(r.patch)} and would be open again`,
  NOT_BOOT_PERSISTENT: (r) => `${quoted(r.patch)} is not what the next boot loads`,
  VENDOR_UNSUPPORTED: (r) =>
    `the vendor of ${quoted(r.patch)} does not ` +
    `support${r.detail === undefined ? ' this' : ` ${r.detail}`} on a running system`,
  DATA_SEMANTICS_NOT_PROVEN: (r) =>
    `${quoted(r.patch)} declares no changes of state; no module file can prove that its functions leave ` +
    'the meaning of existing data unchanged',
};

/** Explains this reason in one sentence. */
export const explain = (reason: Reason): string =>
  `${SENTENCES[reason.code](reason)}${isRaised(reason) ? '; the policy counts this as UNSAFE' : ''}`;

/** Returns where to read what to do about this code, relative to this library's folder. */
export const help = (code: ReasonCode): string => `reasons.md#${code.toLowerCase()}`;
