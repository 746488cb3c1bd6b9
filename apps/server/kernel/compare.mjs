/** Which error numbers may come of each doubt. A refusal that no doubt explains was not foreseen. */
const DOUBTS = {
  // EEXIST: a function or an object is there twice, which no file's facts show.
  SYMBOLS_UNVERIFIED: ['EINVAL', 'ENOENT', 'EEXIST'],
  PRE_PATCH_MAY_REFUSE: null,
  SIGNATURE_UNVERIFIED: ['EKEYREJECTED', 'EPERM', 'ENOKEY', 'EBADMSG', 'ENOPKG', 'EINVAL'],
  HOST_GATES_UNKNOWN: ['EPERM', 'EBUSY', 'EKEYREJECTED'],
  STATES_UNREADABLE: ['EINVAL', 'OK'],
  REPLACE_UNKNOWN: ['EINVAL', 'OK'],
  RULES_UNKNOWN: ['EINVAL', 'OK'],
  EVIDENCE_CONFLICT: ['EINVAL', 'OK'],
  TARGET_BUILT_FOR_OTHER_KERNEL: ['OK', 'ENOEXEC', 'EINVAL'],
  // ENODEV: what the init function of lab_slow returns, if the first load has ended before the second begins
  MODULE_STILL_LOADING: ['EBUSY', 'EEXIST', 'EINVAL', 'OK', 'EAGAIN', 'ENOENT', 'ENODEV'],
  FTRACE_DISABLED: ['EBUSY'],
};

/** The line of the kernel log that goes with a refusal, by the reason that was given for it. */
const LINES = {
  STATE_MISSING_IN_TARGET: ['EINVAL', /is not compatible with the already installed livepatches/],
  STATE_VERSION_TOO_LOW: ['EINVAL', /is not compatible with the already installed livepatches/],
  NOT_A_LIVEPATCH: ['EINVAL', /is not marked as a livepatch module/],
  SIGNATURE_REQUIRED: [
    'EKEYREJECTED',
    /loading of (unsigned module|module with unavailable key) is rejected/i,
  ],
  OBJECT_SPELLED_VMLINUX: ['EEXIST', /cannot create duplicate filename|kobject_add_internal failed/],
};

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** UNKNOWN without a reason: a word for a file that some kernels take as yes or no. */
const UNNAMED = ['OK', 'EINVAL'];

const explains = (code, errno) => code in DOUBTS && (DOUBTS[code] === null || DOUBTS[code].includes(errno));

/** Why the prediction is wrong; empty if it is not. */
function findFaults({ answer, likely, codes, verdict, listAfter }, { errno, log, list }) {
  const faults = [];
  if (answer !== 'UNKNOWN' && answer !== errno)
    faults.push(`${answer} was predicted, the kernel said ${errno}`);
  const explained =
    codes.length === 0 ? UNNAMED.includes(errno) : codes.some((code) => explains(code, errno));
  if (answer === 'UNKNOWN' && likely !== errno && !explained)
    faults.push(
      `${likely} or a doubt was predicted, the kernel said ${errno}, and none of the doubts explains that`,
    );
  if (verdict?.kind === 'SAFE' && errno !== 'OK') faults.push(`SAFE was answered, the kernel said ${errno}`);
  if (verdict?.kind === 'REFUSED' && errno === 'OK') faults.push('REFUSED was answered, the kernel accepted');
  // No error number is said if a doubt may come first.
  if (verdict?.kind === 'REFUSED' && answer === errno && verdict.errno !== null && verdict.errno !== errno)
    faults.push(`the verdict names ${verdict.errno}, the kernel said ${errno}`);
  if (likely === errno && listAfter !== null && !same(listAfter, list))
    faults.push(`${JSON.stringify(listAfter)} was predicted as the list afterwards`);
  const lines =
    answer === errno ? codes.filter((code) => LINES[code]?.[0] === errno).map((code) => LINES[code][1]) : [];
  if (lines.length > 0 && !lines.some((line) => log.some((text) => line.test(text))))
    faults.push('the kernel log has no line of that reason');
  return faults;
}

/**
 * Does what the kernel did agree with what was predicted?
 *
 * @param expected what a selftest of the kernel expects: `succeeds`, `fails`, or null
 */
export function compare(prediction, seen, expected) {
  const faults = findFaults(prediction, seen);
  if (expected !== null && (expected === 'succeeds') !== (seen.errno === 'OK'))
    faults.push(`the selftest ${expected}, the kernel said ${seen.errno}`);
  const outcome = faults.length > 0 ? 'wrong' : prediction.answer === 'UNKNOWN' ? 'unknown' : 'agreed';
  return {
    outcome,
    faults,
    falseSafe: seen.errno !== 'OK' && (prediction.answer === 'OK' || prediction.verdict?.kind === 'SAFE'),
  };
}
