import { AuthorWord } from '@klpreg/wire';

/** A livepatch of the shop: one captured lab module, built for both kernels. */
export interface Release {
  readonly release: string;
  readonly owner: string;
  /** Name of the captured module that stands in for it. */
  readonly module: string;
  /** The author's word on each build, as `FILE.klp.yaml`; null: its author has said nothing. */
  readonly author: AuthorWord | null;
}

const says = (word: object): AuthorWord => AuthorWord.parse({ schema: 'klp/v1', ...word });

const accounting = { id: '1', version: 1, what: 'per-cpu accounting of /proc readers', restore: 'not-needed' };

/**
 * What the shop has published, oldest first.
 *
 * The states are those that the captured modules really declare (`id:version`); only names, owners and the authors' words are made up.
 */
export const RELEASES: readonly Release[] = [
  // cumulative, 1:1
  { release: 'cumulative-2026.08', owner: 'kernel-team', module: 'lab_r_1v1_multi', author: says({ states: [accounting], cves: ['CVE-2026-20801'] }) },
  // cumulative, 1:1
  {
    release: 'cumulative-2026.09',
    owner: 'kernel-team',
    module: 'lab_r_1v1_a',
    author: says({ states: [accounting], cves: ['CVE-2026-20801', 'CVE-2026-20914'] }),
  },
  // cumulative, 1:2
  { release: 'cumulative-2026.10', owner: 'kernel-team', module: 'lab_r_1v2_a', author: null },
  // cumulative, 1:2 2:1
  {
    release: 'cumulative-2026.11',
    owner: 'kernel-team',
    module: 'lab_r_1v2_2v1_a',
    author: says({
      states: [
        { id: '1', version: 2, what: 'per-cpu accounting of /proc readers, split by cgroup', restore: 'unknown' },
        { id: '2', version: 1, what: 'tag bits in the inode cache', restore: 'impossible' },
      ],
      cves: ['CVE-2026-20801', 'CVE-2026-20914', 'CVE-2026-21107'],
      notes: 'the tag bits stay until the next reboot',
    }),
  },
  // stacked, no states
  { release: 'hotfix-procfs-leak', owner: 'kernel-team', module: 'lab_n_s0_a', author: says({ stateImpact: 'none', cves: ['CVE-2026-21350'] }) },
  // stacked, 1:1
  { release: 'hotfix-show-race', owner: 'kernel-team', module: 'lab_n_1v1_gate', author: null },
  // cumulative, 1:1 4096:7
  { release: 'storage-2026.10', owner: 'storage-team', module: 'lab_data', author: null },
  // its states cannot be read from the file: the patch is made at load time
  { release: 'experimental-2026.11', owner: 'kernel-team', module: 'lab_r_1v1_dyn', author: null },
];
