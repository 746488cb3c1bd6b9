import { AuthorStatement } from '@klpreg/wire';

/** A livepatch of the demo fleet: a captured module, built for both kernels. */
export interface Release {
  readonly release: string;
  readonly owner: string;
  /** Name of the captured module. */
  readonly module: string;
  /** The author statement for each build, sent as `FILE.klp.yaml`; null if there is none. */
  readonly author: AuthorStatement | null;
}

const statement = (fields: object): AuthorStatement => AuthorStatement.parse({ schema: 'klp/v1', ...fields });

const accounting = {
  id: '1',
  version: 1,
  what: 'per-cpu accounting of /proc readers',
  restore: 'not-needed',
};

/**
 * The releases of the demo fleet, oldest first.
 *
 * The comments have the states (`id:version`) that the captured modules declare.
 * Names, owners and author statements are invented.
 */
export const RELEASES: readonly Release[] = [
  // cumulative, 1:1
  {
    release: 'cumulative-2026.08',
    owner: 'kernel-team',
    module: 'lab_r_1v1_multi',
    author: statement({ states: [accounting], cves: ['CVE-2026-20801'] }),
  },
  // cumulative, 1:1
  {
    release: 'cumulative-2026.09',
    owner: 'kernel-team',
    module: 'lab_r_1v1_a',
    author: statement({ states: [accounting], cves: ['CVE-2026-20801', 'CVE-2026-20914'] }),
  },
  // cumulative, 1:2
  { release: 'cumulative-2026.10', owner: 'kernel-team', module: 'lab_r_1v2_a', author: null },
  // cumulative, 1:2 2:1
  {
    release: 'cumulative-2026.11',
    owner: 'kernel-team',
    module: 'lab_r_1v2_2v1_a',
    author: statement({
      states: [
        {
          id: '1',
          version: 2,
          what: 'per-cpu accounting of /proc readers, split by cgroup',
          restore: 'unknown',
        },
        { id: '2', version: 1, what: 'tag bits in the inode cache', restore: 'impossible' },
      ],
      cves: ['CVE-2026-20801', 'CVE-2026-20914', 'CVE-2026-21107'],
      notes: 'the tag bits stay until the next reboot',
    }),
  },
  // stacked, no states
  {
    release: 'hotfix-procfs-leak',
    owner: 'kernel-team',
    module: 'lab_n_s0_a',
    author: statement({ stateImpact: 'none', cves: ['CVE-2026-21350'] }),
  },
  // stacked, 1:1
  { release: 'hotfix-show-race', owner: 'kernel-team', module: 'lab_n_1v1_gate', author: null },
  // cumulative, 1:1 4096:7
  { release: 'storage-2026.10', owner: 'storage-team', module: 'lab_data', author: null },
  // states unreadable: the patch is built at load time
  { release: 'experimental-2026.11', owner: 'kernel-team', module: 'lab_r_1v1_dyn', author: null },
];
