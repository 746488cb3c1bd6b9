import { explain, type Reason } from '../../src/index.js';

// Where a sentence depends on which facts there are.
test.each<[sentence: string, reason: Reason]>([
  ["'lp' is recalled", { code: 'TARGET_RECALLED', patch: 'lp' }],
  ['a patch is recalled', { code: 'TARGET_RECALLED' }],
  [
    'what is known of this host is too old: last confirmed 901 s ago',
    { code: 'REPORT_STALE', detail: 'last confirmed 901 s ago' },
  ],
  ['what is known of this host is too old', { code: 'REPORT_STALE' }],
  [
    "'lp' is in another replace set and shares state 7 with the target",
    { code: 'REPLACE_SET_CONFLICT', patch: 'lp', stateId: 7n },
  ],
  [
    "'lp' is in another replace set and shares function f with the target",
    { code: 'REPLACE_SET_CONFLICT', patch: 'lp', function: 'f' },
  ],
  [
    "'lp' modifies state 7 and has unpatch callbacks, but its author has not said that they restore it",
    { code: 'RESTORE_NOT_PROMISED', patch: 'lp', stateId: 7n },
  ],
  [
    "'lp' modifies state 7, and its author statement does not cover this: reversed",
    { code: 'RESTORE_NOT_PROMISED', patch: 'lp', stateId: 7n, detail: 'reversed' },
  ],
  [
    "'top' stays above 'lp' and may depend on it",
    { code: 'STACK_DEPENDENCY_UNKNOWN', patch: 'top', other: 'lp' },
  ],
  [
    "'top' stays and modifies state 7 too; the callbacks of 'lp' may undo it",
    { code: 'STACK_DEPENDENCY_UNKNOWN', patch: 'top', other: 'lp', stateId: 7n },
  ],
  ["'lp' is not published (build-id abc)", { code: 'PATCH_NOT_CATALOGUED', patch: 'lp', buildId: 'abc' }],
  [
    "'lp' is not published, and the host does not report its build-id",
    { code: 'PATCH_NOT_CATALOGUED', patch: 'lp', buildId: null },
  ],
  ["CVE-1 is fixed by 'lp' and would be open again", { code: 'CVE_REOPENED', patch: 'lp', detail: 'CVE-1' }],
  ["a CVE is fixed by 'lp' and would be open again", { code: 'CVE_REOPENED', patch: 'lp' }],
  [
    "the vendor of 'lp' does not support loading it on a running system",
    { code: 'VENDOR_UNSUPPORTED', patch: 'lp', detail: 'loading it' },
  ],
  [
    "the vendor of 'lp' does not support this on a running system",
    { code: 'VENDOR_UNSUPPORTED', patch: 'lp' },
  ],
  [
    'kernel.modules_disabled is 1: no module can be loaded or removed before a reboot',
    { code: 'MODULES_DISABLED' },
  ],
  [
    "kernel.modules_disabled is 1: no module can be loaded or removed before a reboot, 'lp' neither",
    { code: 'MODULES_DISABLED', patch: 'lp' },
  ],
  [
    "'lp' names the kernel 'vmlinux' by a string, and by NULL as well: the kernel cannot make two objects " +
      'of one name; rebuild it with NULL',
    { code: 'OBJECT_SPELLED_VMLINUX', patch: 'lp' },
  ],
  [
    "'lp' names the kernel 'vmlinux' by a string, and 'top' by NULL: the kernel cannot make two objects " +
      'of one name; rebuild it with NULL',
    { code: 'OBJECT_SPELLED_VMLINUX', patch: 'lp', other: 'top' },
  ],
  ["the states of 'lp' cannot be read from its module", { code: 'STATES_UNREADABLE', patch: 'lp' }],
  [
    "the states of 'lp' cannot be known from its module: 'top' overwrites them at run time",
    { code: 'STATES_UNREADABLE', patch: 'lp', other: 'top' },
  ],
  ['no host matched', { code: 'NO_HOSTS_MATCHED' }],
])('%s', (sentence, reason) => expect(explain(reason)).toBe(sentence));
