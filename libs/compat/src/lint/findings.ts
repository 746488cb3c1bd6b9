/**
 * `ERROR`: the kernel would refuse, or what is said is not so. `WARNING`: verdicts will be worse than they
 * need be. `INFO`: good to know before.
 */
export type Severity = 'ERROR' | 'WARNING' | 'INFO';

/** The facts of a finding; which are there depends on the code. */
export interface FindingFacts {
  readonly stateId?: bigint;
  /** The version that the candidate has, and the one that something else has. */
  readonly version?: number | null;
  readonly otherVersion?: number;
  /** The other livepatch that matters. */
  readonly other?: string;
  readonly function?: string;
  /** A short fact that no other field holds: a callback, a CVE, an owner, a meaning. */
  readonly detail?: string;
}

/** One thing to tell an author. Its severity follows from its code. */
export interface Finding extends FindingFacts {
  readonly code: FindingCode;
}

interface Entry {
  readonly severity: Severity;
  readonly says: (finding: FindingFacts) => string;
}

const because = (detail: string | undefined): string => (detail === undefined ? '' : `: ${detail}`);

/** Every finding: how much it matters, and the one sentence that an author reads. */
const FINDINGS = {
  // What the file shows alone.
  NOT_A_LIVEPATCH: {
    severity: 'ERROR',
    says: () => 'the module lacks livepatch=Y, and the kernel would refuse it',
  },
  STATE_REFUSES_ITSELF: {
    severity: 'ERROR',
    says: (f) =>
      `state ${f.stateId} stands there twice, first at version ${f.version}, then at ${f.otherVersion}: ` +
      'while it is listed, the kernel refuses another build that declares the same',
  },
  STATE_DUPLICATED: {
    severity: 'WARNING',
    says: (f) =>
      `state ${f.stateId} stands there more than once; of a patch that is loaded the kernel takes the first`,
  },
  STATE_HIDDEN: {
    severity: 'ERROR',
    says: (f) =>
      `state ${f.stateId} (version ${f.version}) stands behind an id 0, where the kernel does not see it`,
  },
  STATE_ID_ZERO: {
    severity: 'ERROR',
    says: (f) => `a state with id 0 (version ${f.version}) ends the array: the kernel does not see it`,
  },
  VERSION_AT_LIMIT: {
    severity: 'WARNING',
    says: (f) => `state ${f.stateId} has the highest version that there is: it can never be raised again`,
  },
  STATES_UNREADABLE: {
    severity: 'WARNING',
    says: (f) =>
      `its states cannot be read from the file, and every verdict on it is UNKNOWN${because(f.detail)}`,
  },
  REPLACE_UNREADABLE: {
    severity: 'INFO',
    says: () => 'the file does not show whether it is cumulative; only a host that runs it can',
  },
  CALLBACKS_WITHOUT_STATES: {
    severity: 'WARNING',
    says: () => 'it has callbacks and declares no state: what they change is not known',
  },
  SHADOW_VARIABLES_WITHOUT_STATES: {
    severity: 'WARNING',
    says: () => 'it uses shadow variables and declares no state: they outlive it, which nothing shows',
  },
  IMPACT_WITHOUT_STATES: {
    severity: 'WARNING',
    says: (f) => `it may change the system's state and declares none${because(f.detail)}`,
  },
  REVERSE_NOT_COVERED: {
    severity: 'WARNING',
    says: (f) =>
      `a transition that is reversed half-way runs one callback only, and it is missing: ${f.detail}`,
  },

  // What the module loader and the livepatch core do with its names and its signature.
  OBJECT_NEVER_LOADED: {
    severity: 'ERROR',
    says: (f) =>
      `no loaded module has the object name ${f.detail}: its functions are ` +
      'never redirected, and the fix is never active',
  },
  OBJECT_NAME_TOO_LONG: {
    severity: 'ERROR',
    says: (f) =>
      `the object name '${f.detail}' has ${f.detail?.length} characters, at ` +
      'most 55 are allowed: the kernel refuses the patch',
  },
  OBJECT_SPELLED_VMLINUX: {
    severity: 'ERROR',
    says: () =>
      "an object is named by the text 'vmlinux', a module that is never loaded: the fix is never " +
      'active; the kernel itself is NULL',
  },
  SYMBOL_NAME_MALFORMED: {
    severity: 'ERROR',
    says: (f) =>
      `'${f.detail}' is not of the form .klp.sym.OBJECT.SYMBOL,POSITION or .klp.rela.OBJECT.SECTION: ` +
      'the kernel refuses the module',
  },
  SIGNATURE_MISSING: {
    severity: 'INFO',
    says: () => 'the file is not signed: kernels that enforce module signatures refuse it',
  },
  SIGNATURE_MALFORMED: {
    severity: 'ERROR',
    says: (f) =>
      `the appended signature cannot be read: ${f.detail}; kernels ` +
      'that check module signatures refuse the file',
  },

  // What the author says of it.
  NO_WORD: {
    severity: 'INFO',
    says: () => 'it declares states and no author says what disabling does about them',
  },
  WORD_UNSIGNED: {
    severity: 'INFO',
    says: () =>
      "the author's word is not signed, and its promises count for nothing unless a question asks for less",
  },
  NONE_CONTRADICTED: {
    severity: 'ERROR',
    says: () => 'its author says that it changes nothing, and its file declares states',
  },
  NONE_DOUBTED: {
    severity: 'WARNING',
    says: (f) => `its author says that it changes nothing, and it has ${f.detail}`,
  },
  VERSION_CONTRADICTED: {
    severity: 'ERROR',
    says: (f) =>
      `state ${f.stateId} has version ${f.version} in the file, and its author says ${f.otherVersion}`,
  },
  STATE_NOT_IN_FILE: {
    severity: 'ERROR',
    says: (f) => `its author declares state ${f.stateId}, and it is not among the states of the file`,
  },
  STATE_ONLY_IN_WORD: {
    severity: 'INFO',
    says: (f) => `state ${f.stateId} is in its author's word alone: the kernel will check nothing about it`,
  },
  STATE_WITHOUT_WORD: {
    severity: 'WARNING',
    says: (f) => `the file declares state ${f.stateId}, and its author says nothing of it`,
  },
  RESTORE_NOT_SAID: {
    severity: 'WARNING',
    says: (f) => `its author does not say whether the unpatch callbacks restore state ${f.stateId}`,
  },
  PROMISE_WITHOUT_CALLBACK: {
    severity: 'ERROR',
    says: (f) =>
      `its author promises that callbacks restore state ${f.stateId}, and there is no unpatch callback`,
  },
  NO_UNPATCH_CALLBACK: {
    severity: 'WARNING',
    says: (f) => `state ${f.stateId} stays modified when the patch is disabled: there is no unpatch callback`,
  },
  CANNOT_BE_RESTORED: {
    severity: 'INFO',
    says: (f) =>
      `its author says that state ${f.stateId} cannot be restored: ` +
      'who installs it goes back by a reboot only',
  },
  INDEPENDENCE_DOUBTED: {
    severity: 'WARNING',
    says: (f) => `its author says that it does not need '${f.other}', and both redirect ${f.function}`,
  },

  // Against the livepatches before it.
  STATE_FORGOTTEN: {
    severity: 'ERROR',
    says: (f) =>
      `it lacks state ${f.stateId}, which '${f.other}' has at version ${f.otherVersion}: the kernel ` +
      'refuses it there; to give a state up, keep its id and raise its version',
  },
  VERSION_WENT_DOWN: {
    severity: 'ERROR',
    says: (f) =>
      `state ${f.stateId} has version ${f.version}, and '${f.other}' has ` +
      `${f.otherVersion}: the kernel refuses it there`,
  },
  STATE_ABANDONED: {
    severity: 'ERROR',
    says: (f) =>
      `the author of '${f.other}' declares state ${f.stateId} at version ${f.otherVersion}, and it is ` +
      'left behind here: the kernel would not notice',
  },
  STATE_ADDED: {
    severity: 'INFO',
    says: (f) =>
      `state ${f.stateId} is new: who installs it cannot safely go back to '${f.other}' by replacing`,
  },
  VERSION_RAISED: {
    severity: 'INFO',
    says: (f) =>
      `state ${f.stateId} goes from version ${f.otherVersion} to ${f.version}: who installs it cannot ` +
      `safely go back to '${f.other}' by replacing`,
  },
  VERSION_RAISED_WITHOUT_NOTE: {
    severity: 'WARNING',
    says: (f) =>
      `state ${f.stateId} goes from version ${f.otherVersion} to ${f.version}, which closes the way ` +
      `back to '${f.other}', and no note says what for`,
  },
  STATE_STACKED: {
    severity: 'WARNING',
    says: (f) =>
      `it goes on top of others and brings state ${f.stateId} (version ${f.version}): a cumulative ` +
      'patch without it cannot take its place',
  },
  MEANING_DIFFERS: {
    severity: 'WARNING',
    says: (f) => `state ${f.stateId} meant something else in '${f.other}'${because(f.detail)}`,
  },
  REPLACE_CHANGED: {
    severity: 'WARNING',
    says: (f) => `'${f.other}' was ${f.detail}, and this is not: it will leave another list behind`,
  },
  OWNER_CHANGED: {
    severity: 'WARNING',
    says: (f) => `'${f.other}' belongs to another owner (${f.detail}), and would be discarded`,
  },
  CVE_DROPPED: {
    severity: 'WARNING',
    says: (f) => `'${f.other}' fixes ${f.detail}, and its author does not say that this does`,
  },
  FUNCTION_DROPPED: {
    severity: 'INFO',
    says: (f) => `'${f.other}' redirects ${f.function}, and this does not: the original code runs again`,
  },

  // Against everything else in the catalog.
  STATE_OF_ANOTHER_OWNER: {
    severity: 'WARNING',
    says: (f) => `'${f.other}' of another owner uses state ${f.stateId} too${because(f.detail)}`,
  },
  NAME_TAKEN: {
    severity: 'WARNING',
    says: (f) =>
      `'${f.other}' has the same module name: the kernel loads a name ` +
      'only once, so one cannot replace the other',
  },
} as const satisfies Record<string, Entry>;

/** Frozen once released: scripts match on it. */
export type FindingCode = keyof typeof FINDINGS;

export const FINDING_CODES = Object.keys(FINDINGS) as FindingCode[];

const RANK: Record<Severity, number> = { ERROR: 0, WARNING: 1, INFO: 2 };

export const severityOf = ({ code }: Finding): Severity => FINDINGS[code].severity;

/** Explains this finding in one sentence. */
export const explainFinding = (finding: Finding): string => (FINDINGS[finding.code] as Entry).says(finding);

/** What matters most comes first; else as found. */
export const worstFirst = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort((a, b) => RANK[severityOf(a)] - RANK[severityOf(b)]);
