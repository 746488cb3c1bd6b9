// What is done to the kernels. A scenario is a name and its steps, one a line:
//
//   load FILE [PARAMETERS]   disable P   enable P   rmmod M   write P ATTRIBUTE TEXT   force P    operations: predicted and compared
//   succeeds OPERATION   fails OPERATION     what a selftest of the kernel expects
//   stalls OPERATION         the transition stays open: a task is blocked in the function that is patched
//   show FILE                 a witness: it is loaded, read and removed, not predicted
//   insmod FILE [PARAMETERS]   remove M   parameter M NAME TEXT   set SYSCTL TEXT                  not predicted
//   hold   release   start FILE [PARAMETERS]   join   settle
//
// After each scenario everything is disabled and removed again.

/** Which lists are met by which candidates in the state check. */
const LISTS = ['r_1v1', 'r_1v2', 'r_1v1_2v1', 'n_1v2'];
const CANDIDATES = ['r_s0', 'r_1v1', 'r_1v2', 'r_1v1_2v1', 'n_s0', 'n_1v1'];

const matrix = LISTS.flatMap((list) =>
  CANDIDATES.map((candidate) => [
    `${candidate} over ${list}`,
    [`load lab_${list}_a`, `load lab_${candidate}_b`],
  ]),
);

/**
 * Words for `enabled`, on a patch that is enabled: a word for 1 is EINVAL, one for 0 disables, any other is
 * EINVAL.
 */
const WORDS = ['1', 'Y', 'on', 'oN', 't', 'T', '2', 'o', 'enable', ' 1', ''];
const WORDS_FOR_0 = ['0', 'N', 'oFF', 'no', 'f', 'F', 'false', '0x1'];

const words = [
  [
    'words for 1 in enabled',
    ['load lab_n_1v1_a', ...WORDS.map((word) => `write lab_n_1v1_a enabled ${word}`)],
  ],
  ...WORDS_FOR_0.map((word) => [
    `"${word}" in enabled`,
    ['insmod lab_n_s0_a', 'settle', `write lab_n_s0_a enabled ${word}`],
  ]),
  [
    'other files',
    [
      'load lab_n_1v1_a',
      'write lab_n_1v1_a force 1',
      'write lab_n_1v1_a force 0',
      'write lab_n_1v1_a force f',
      'write lab_n_1v1_a force d',
      'write lab_n_1v1_a transition 0',
    ],
  ],
];

const lifecycle = [
  [
    'enabled again',
    [
      'load lab_r_1v1_a',
      'enable lab_r_1v1_a',
      'disable lab_r_1v1_a',
      'enable lab_r_1v1_a',
      'disable lab_r_1v1_a',
    ],
  ],
  ['removed while listed', ['load lab_r_1v1_a', 'rmmod lab_r_1v1_a', 'rmmod lab_r_1v2_a']],
  [
    'still loaded after disabling',
    ['load lab_r_1v1_a', 'disable lab_r_1v1_a', 'load lab_r_1v1_a', 'rmmod lab_r_1v1_a', 'load lab_r_1v1_a'],
  ],
  [
    'still loaded after replacing',
    ['load lab_r_1v1_a', 'load lab_r_1v2_b', 'load lab_r_1v1_a', 'rmmod lab_r_1v1_a', 'load lab_r_1v1_a'],
  ],
  ['loaded twice', ['load lab_r_1v1_a', 'load lab_r_1v1_a']],
  ['a dash in the name', ['load lab-dash-name', 'load lab-dash-name', 'disable lab_dash_name']],
  [
    'a stack, disabled in the middle',
    [
      'load lab_n_s0_a',
      'load lab_n_1v1_ver',
      'load lab_n_2v1_a',
      'disable lab_n_1v1_ver',
      'disable lab_n_s0_a',
    ],
  ],
  [
    'the highest version leaves',
    ['load lab_n_1v1_a', 'load lab_n_1v3_a', 'load lab_r_1v2_b', 'disable lab_n_1v3_a', 'load lab_r_1v2_b'],
  ],
  [
    'disabled, then an older one',
    ['load lab_r_1v2_a', 'load lab_r_1v1_b', 'disable lab_r_1v2_a', 'load lab_r_1v1_b'],
  ],
  [
    'a cumulative patch over a stack',
    ['load lab_n_s0_a', 'load lab_n_1v1_ver', 'load lab_r_1v1_2v1_b', 'load lab_n_1v2_a'],
  ],
  [
    'first entry counts above, every entry below',
    ['load lab_r_1v1_1v3_a', 'load lab_r_1v2_b', 'load lab_r_1v3_a'],
  ],
  ['id 0 ends the array', ['load lab_r_1v1_z9_2v1_a', 'load lab_r_1v1_a', 'load lab_r_1v1_z9_2v1_a']],
  ['64-bit ids', ['load lab_r_p53_a', 'load lab_r_p53p1_a', 'load lab_r_u64max_a']],
  ['unsigned versions', ['load lab_r_v31m_a', 'load lab_r_v31_a', 'load lab_r_vmax_a', 'load lab_r_1v1_a']],
  ['made at run time', ['load lab_r_1v1_dyn', 'load lab_r_1v1_a', 'load lab_r_s0_a']],
  ['the version is raised at run time', ['load lab_raise', 'load lab_r_1v2_a', 'load lab_r_1v1_a']],
  ['data is set at run time', ['load lab_setdata', 'load lab_r_1v2_a']],
];

const odd = [
  ['a function that the kernel lacks', ['load lab_badfn', 'load lab_n_s0_a']],
  ['the third of one name', ['load lab_sympos9']],
  ['two functions of one name', ['load lab_ambig']],
  ['no livepatch=Y', ['load lab_noinfo']],
  ['no functions', ['load lab_nofuncs']],
  ['no objects', ['load lab_noobjs', 'load lab_r_1v1_a', 'load lab_noobjs_r']],
  ['one function twice', ['load lab_dupfunc']],
  ['one object twice', ['load lab_dupobj']],
  ['a function that the module loader lacks', ['load lab_missing']],
  ['a module that is not loaded', ['load lab_r_absent']],
  [
    'a module without the function',
    ['insmod lab_target', 'load lab_badtgt', 'remove lab_target', 'load lab_badtgt', 'insmod lab_target'],
  ],
  [
    'pre_patch refuses',
    [
      'load lab_n_1v2_cbfail',
      'load lab_r_1v1_a',
      'load lab_n_1v2_cbfail',
      'load lab_r_1v2_cbfail',
      'load lab_r_prefail',
    ],
  ],
  ['callbacks', ['insmod lab_target', 'load lab_r_1v1_cb', 'load lab_r_1v2_cb', 'disable lab_r_1v2_cb']],
  ['"vmlinux" over NULL', ['load lab_r_s0_a', 'load lab_r_named', 'load lab_n_named']],
  ['NULL over "vmlinux"', ['load lab_r_named', 'load lab_r_s0_b', 'load lab_n_s0_a']],
  ['NULL and "vmlinux" in one patch', ['load lab_both']],
  ['"vmlinux" alone', ['load lab_n_named', 'load lab_n_1v1_a', 'load lab_r_named']],
  [
    'still loading',
    ['start lab_slow delay=8000', 'load lab_n_s0_a', 'load lab_slow', 'join', 'load lab_slow'],
  ],
  [
    'still loading, then fails',
    ['start lab_slow delay=8000 fail=1', 'load lab_slow', 'join', 'load lab_slow'],
  ],
  [
    'built for another kernel',
    ['load other_lab_r_s0_a', 'load other_lab_r_1v1_a', 'load lab_r_1v2_b', 'load other_lab_r_1v1_a'],
  ],
];

const transitions = [
  [
    'enabling stalls',
    [
      'insmod lab_target',
      'hold',
      'stalls load lab_r_1v2_gate',
      'stalls load lab_r_1v1_b',
      'stalls load lab_r_1v2_b',
      'stalls load lab_n_s0_a',
      'stalls enable lab_r_1v2_gate',
      'stalls rmmod lab_r_1v2_gate',
      'disable lab_r_1v2_gate',
      'release',
      'settle',
      'load lab_r_1v1_b',
    ],
  ],
  [
    'replacing stalls, then completes',
    [
      'insmod lab_target',
      'load lab_r_1v1_a',
      'hold',
      'stalls load lab_r_1v2_vgate',
      'stalls load lab_r_1v1_b',
      'stalls load lab_r_1v2_b',
      'stalls disable lab_r_1v1_a',
      'release',
      'settle',
      'rmmod lab_r_1v1_a',
    ],
  ],
  [
    'disabling stalls, is reversed and forced',
    [
      'insmod lab_target',
      'load lab_n_1v2_gate',
      'hold',
      'stalls disable lab_n_1v2_gate',
      'stalls load lab_n_1v1_b',
      'stalls load lab_n_1v2_b',
      'stalls disable lab_n_1v2_gate',
      'write lab_n_1v2_gate enabled t',
      'stalls disable lab_n_1v2_gate',
      'force lab_n_1v2_gate',
      'rmmod lab_n_1v2_gate',
      'load lab_n_1v2_gate',
      'load lab_n_1v2_gate',
      'rmmod lab_n_1v2_gate',
      'load lab_n_1v1_b',
      'release',
    ],
  ],
  [
    'replacing is forced',
    [
      'insmod lab_target',
      'load lab_r_1v1_vgate',
      'hold',
      'stalls load lab_r_1v2_ver',
      'force lab_r_1v2_ver',
      'rmmod lab_r_1v1_vgate',
      'load lab_r_1v1_vgate',
      'load lab_r_1v1_b',
      'load lab_r_1v2_b',
      'release',
      'rmmod lab_r_1v2_ver',
    ],
  ],
];

const gates = [
  [
    'ftrace is off',
    [
      'set kernel.ftrace_enabled 0',
      'load lab_n_s0_a',
      'load lab_r_absent',
      'set kernel.ftrace_enabled 1',
      'load lab_n_s0_a',
    ],
  ],
  [
    'modules are disabled',
    [
      'load lab_r_1v1_a',
      'load lab_r_1v2_b',
      'set kernel.modules_disabled 1',
      'load lab_r_1v2_a',
      'load lab_r_s0_b',
      'rmmod lab_r_1v1_a',
      'disable lab_r_1v2_b',
      'load lab_r_1v2_b',
      'rmmod lab_r_1v2_b',
    ],
  ],
];

const loads = [
  'load lab_r_s0_a',
  'load signed',
  'load broken',
  'load lab_r_1v1_a',
  'load lab_noinfo',
  'load other_lab_r_s0_a',
];
const signatures = [['unsigned, signed by a key that the kernel lacks, and broken', loads]];
const foreign = [
  [
    'of the release after this',
    [
      'load lab_r_1v1_a',
      'load lab_r_1v2_b',
      'load lab_r_1v1_a',
      'rmmod lab_r_1v1_a',
      'load lab_r_1v1_a',
      'load lab_n_s0_a',
    ],
  ],
];

const scenarios = [
  ...words,
  ...lifecycle,
  ...odd,
  ['signatures are not enforced', ['load signed', 'load broken', 'load lab_r_s0_a']],
  ...matrix,
  ...transitions,
];

/**
 * Every module is loaded alone, by one witness after the other: what they saw is what the registry knows of
 * the others.
 */
function sweep(all) {
  const files = new Set(
    all.flatMap(([, steps]) => steps).flatMap((step) => /^(?:stalls )?load (\S+)$/.exec(step)?.[1] ?? []),
  );
  const names = [...files].filter(
    (name) => !name.startsWith('other_') && !['signed', 'broken'].includes(name),
  );
  return [['every module alone', ['insmod lab_target', ...names.map((name) => `show ${name}`)]]];
}

/**
 * The boots of a kernel, in order: name, command line, scenarios; `release` BEFORE: on the kernel before this
 * one.
 */
export const BOOTS = [
  { name: 'witness-1', cmdline: '', scenarios: sweep(scenarios) },
  { name: 'witness-2', cmdline: '', scenarios: sweep(scenarios) },
  { name: 'main', cmdline: '', scenarios },
  { name: 'gates', cmdline: '', scenarios: gates },
  { name: 'enforced', cmdline: 'module.sig_enforce=1', scenarios: signatures },
  { name: 'lockdown', cmdline: 'lockdown=integrity', scenarios: signatures },
  { name: 'other-release', cmdline: '', scenarios: foreign, release: 'BEFORE' },
];

/** Captured modules of another kernel (7.3), copied as `other_NAME.ko`; see `getForeign()`. */
export const FOREIGN = ['lab_r_s0_a', 'lab_r_1v1_a'];
