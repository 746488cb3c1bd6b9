import type { AuthorStatement } from '@klpreg/wire';

/**
 * One release, built for many kernels. Its declarations are those of the captured module that represents it.
 */
export interface Livepatch {
  readonly index: number;
  readonly release: string;
  /** Name of the loaded module. */
  readonly name: string;
  readonly owner: string;
  /** The captured module from which its files are made. */
  readonly module: string;
  readonly srcversion: string;
  readonly cumulative: boolean;
  readonly states: readonly (readonly [id: string, version: number])[];
  readonly impact: 'NONE' | 'DECLARED' | 'UNREADABLE';
  readonly callbacks: boolean;
  readonly objects: readonly { readonly name: string; readonly functions: readonly string[] }[];
  /** False if it was built on the hosts and is not published. */
  readonly published: boolean;
  readonly author: Partial<AuthorStatement> | null;
}

type State = readonly [id: string, version: number];

const ONE_AND_TWO: readonly State[] = [
  ['1', 1],
  ['2', 1],
];

const VMLINUX = { name: 'vmlinux', functions: ['cmdline_proc_show'] };
const TARGET = { name: 'lab_target', functions: ['lab_target_show'] };

const ACCOUNTING = (version: number) => ({
  id: '1',
  version,
  what: 'per-cpu accounting of /proc readers',
  restore: 'not-needed' as const,
});
const TAGS = { id: '2', version: 1, what: 'tag bits in the inode cache', restore: 'unknown' as const };

const statementsOf = (states: readonly State[]) =>
  states.map(([id, version]) => (id === '1' ? ACCOUNTING(version) : TAGS));

/** For each month, the captured module of the cumulative release, its source version and its states. */
const MONTHS: readonly (readonly [module: string, srcversion: string, states: readonly State[]])[] = [
  ['lab_r_s0_a', 'F8DF93FFCC5BA318A8398FE', []],
  ['lab_r_s0_b', 'F8DF93FFCC5BA318A8398FE', []],
  ['lab_r_1v1_a', 'FD39FC2F39D07F8485B9744', [['1', 1]]],
  ['lab_r_1v1_b', 'FD39FC2F39D07F8485B9744', [['1', 1]]],
  ['lab_r_1v1_a', 'FD39FC2F39D07F8485B9744', [['1', 1]]],
  ['lab_r_1v1_2v1_a', '4C8285E0F9BD06A769E2D87', ONE_AND_TWO],
  ['lab_r_1v1_2v1_b', '4C8285E0F9BD06A769E2D87', ONE_AND_TWO],
  ['lab_r_1v1_2v1_a', '4C8285E0F9BD06A769E2D87', ONE_AND_TWO],
  ['lab_r_1v1_2v1_b', '4C8285E0F9BD06A769E2D87', ONE_AND_TWO],
  [
    'lab_r_1v2_2v1_a',
    'EB4EBADB3940C5931D05A3D',
    [
      ['1', 2],
      ['2', 1],
    ],
  ],
  [
    'lab_r_1v2_2v1_b',
    'EB4EBADB3940C5931D05A3D',
    [
      ['1', 2],
      ['2', 1],
    ],
  ],
  [
    'lab_r_1v2_2v1_a',
    'EB4EBADB3940C5931D05A3D',
    [
      ['1', 2],
      ['2', 1],
    ],
  ],
];

/** The cumulative releases, oldest first. A rollout installs the last one. */
export const RELEASE_TRAIN: readonly Livepatch[] = MONTHS.map(([module, srcversion, states], index) => {
  const month = String(index + 1).padStart(2, '0');
  return {
    index,
    release: `platform-2026.${month}`,
    name: `platform_2026_${month}`,
    owner: 'platform-team',
    module,
    srcversion,
    cumulative: true,
    states,
    impact: states.length === 0 ? 'NONE' : 'DECLARED',
    callbacks: false,
    objects: [VMLINUX],
    published: true,
    author: {
      states: statementsOf(states),
      cves: Array.from({ length: index + 1 }, (_, n) => `CVE-2026-${20_117 + 731 * n}`),
      notes: '',
    },
  };
});

const hotfix = (
  index: number,
  name: string,
  owner: string,
  module: string,
  srcversion: string,
  more: Partial<Livepatch>,
): Livepatch => ({
  index: RELEASE_TRAIN.length + index,
  release: name.replaceAll('_', '-'),
  name,
  owner,
  module,
  srcversion,
  cumulative: false,
  states: [],
  impact: 'NONE',
  callbacks: false,
  objects: [VMLINUX],
  published: true,
  author: null,
  ...more,
});

/** Patches without `replace` for the top of the stack. Each leads to a different reason in a verdict. */
export const HOTFIXES: readonly Livepatch[] = [
  hotfix(0, 'hotfix_procfs_leak', 'platform-team', 'lab_n_s0_a', '22F9AC438A946B456BABE00', {
    author: { stateImpact: 'none', cves: ['CVE-2026-31350'] },
  }),
  hotfix(1, 'netfix_rx_stall', 'network-team', 'lab_n_s0_b', '22F9AC438A946B456BABE00', {}),
  hotfix(2, 'storage_inode_tags', 'storage-team', 'lab_n_2v1_a', 'AA507631E37C3719BCFA796', {
    states: [['2', 1]],
    impact: 'DECLARED',
  }),
  hotfix(3, 'audit_hooks', 'security-team', 'lab_n_1v2_cb', '147BFF7B2CB2E6B26C203E2', {
    states: [['1', 2]],
    impact: 'DECLARED',
    callbacks: true,
    objects: [VMLINUX, TARGET],
  }),
  hotfix(4, 'debug_by_hand', 'unowned', 'lab_n_s0_a', '22F9AC438A946B456BABE00', { published: false }),
];

/** All livepatches by index. */
export const LIVEPATCHES: readonly Livepatch[] = [...RELEASE_TRAIN, ...HOTFIXES];
