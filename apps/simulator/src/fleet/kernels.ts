/** A kernel of the fleet, and what an agent can read on it. */
export interface Kernel {
  readonly index: number;
  readonly release: string;
  readonly version: string;
  readonly arch: 'x86_64' | 'aarch64';
  readonly vermagic: string;
  readonly distribution: { readonly id: string; readonly version: string; readonly name: string };
  /** Approximate percentage of the hosts. */
  readonly weight: number;
  /** Major version times 100 plus minor version: 505 is Linux 5.5. */
  readonly number: number;
  /**
   * The kernel whose captured modules have the same layout; null if there is none. Then builds have no
   * files.
   */
  readonly captured: '6.1' | '7.3' | null;
  /** The stack is loaded at boot, and the agent reports it. */
  readonly bootPersistence: boolean;
  /** The agent reads the states from the running kernel. */
  readonly liveEvidence: boolean;
  readonly lockdown: 'none' | 'integrity' | null;
  readonly signatureEnforced: boolean | null;
}

const DEBIAN_12 = { id: 'debian', version: '12', name: 'Debian GNU/Linux 12 (bookworm)' };
const DEBIAN_13 = { id: 'debian', version: '13', name: 'Debian GNU/Linux 13 (trixie)' };
const UBUNTU_20 = { id: 'ubuntu', version: '20.04', name: 'Ubuntu 20.04.6 LTS' };
const UBUNTU_22 = { id: 'ubuntu', version: '22.04', name: 'Ubuntu 22.04.5 LTS' };
const UBUNTU_24 = { id: 'ubuntu', version: '24.04', name: 'Ubuntu 24.04.3 LTS' };
const RHEL_9 = { id: 'rhel', version: '9.7', name: 'Red Hat Enterprise Linux 9.7 (Plow)' };

const DEBIAN = ' SMP preempt mod_unload modversions ';
const DEBIAN_ARM = `${DEBIAN}aarch64`;
type Row = readonly [
  release: string,
  version: string,
  distribution: Kernel['distribution'],
  weight: number,
  vermagicSuffix: string,
];
const ROWS: readonly Row[] = [
  ['6.1.0-56-cloud-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1 (2026-11-02)', DEBIAN_12, 14, DEBIAN],
  [
    '6.12.95+deb13-cloud-amd64',
    '#1 SMP PREEMPT_DYNAMIC Debian 6.12.95-1 (2026-09-20)',
    DEBIAN_13,
    13,
    DEBIAN,
  ],
  [
    '6.12.117+deb13-cloud-amd64',
    '#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1 (2026-11-08)',
    DEBIAN_13,
    10,
    DEBIAN,
  ],
  ['5.14.0-611.20.1.el9_7.x86_64', '#1 SMP PREEMPT_DYNAMIC Thu Jan 8 07:52:06 EST 2026', RHEL_9, 9, DEBIAN],
  ['6.1.0-51-cloud-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-05-08)', DEBIAN_12, 7, DEBIAN],
  [
    '7.3.4+deb13-cloud-amd64',
    '#1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1~bpo13+1 (2026-11-15)',
    DEBIAN_13,
    6,
    ' SMP preempt mod_unload ',
  ],
  ['6.8.0-110-generic', '#110-Ubuntu SMP PREEMPT_DYNAMIC Mon Jun 1 10:12:31 UTC 2026', UBUNTU_24, 5, DEBIAN],
  ['5.15.0-180-generic', '#190-Ubuntu SMP Fri May 29 13:03:27 UTC 2026', UBUNTU_22, 5, DEBIAN],
  ['6.1.0-48-cloud-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.1.164-1 (2026-03-01)', DEBIAN_12, 4, DEBIAN],
  ['6.12.88+deb13-cloud-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.12.88-1 (2026-07-14)', DEBIAN_13, 4, DEBIAN],
  [
    '6.12.117+deb13-cloud-arm64',
    '#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1 (2026-11-08)',
    DEBIAN_13,
    3,
    DEBIAN_ARM,
  ],
  ['5.14.0-570.62.1.el9_6.x86_64', '#1 SMP PREEMPT_DYNAMIC Tue Nov 11 10:10:59 EST 2025', RHEL_9, 3, DEBIAN],
  ['6.8.0-94-generic', '#96-Ubuntu SMP PREEMPT_DYNAMIC Fri Jan 9 20:36:55 UTC 2026', UBUNTU_24, 3, DEBIAN],
  ['6.1.0-45-cloud-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.1.158-1 (2025-11-09)', DEBIAN_12, 2.5, DEBIAN],
  [
    '6.12.73+deb13-cloud-amd64',
    '#1 SMP PREEMPT_DYNAMIC Debian 6.12.73-1 (2026-02-17)',
    DEBIAN_13,
    2.5,
    DEBIAN,
  ],
  [
    '6.12.95+deb13-cloud-arm64',
    '#1 SMP PREEMPT_DYNAMIC Debian 6.12.95-1 (2026-09-20)',
    DEBIAN_13,
    2,
    DEBIAN_ARM,
  ],
  ['5.15.0-171-generic', '#181-Ubuntu SMP Fri Feb 6 22:44:50 UTC 2026', UBUNTU_22, 2, DEBIAN],
  ['6.1.0-56-cloud-arm64', '#1 SMP Debian 6.1.192-1 (2026-11-02)', DEBIAN_12, 2, DEBIAN_ARM],
  ['5.14.0-503.40.1.el9_5.x86_64', '#1 SMP PREEMPT_DYNAMIC Thu May 1 09:01:12 EDT 2025', RHEL_9, 1.5, DEBIAN],
  ['5.4.0-230-generic', '#250-Ubuntu SMP Tue Mar 3 14:06:19 UTC 2026', UBUNTU_20, 1.5, DEBIAN],
];

/** The kernels of the fleet. The modules were captured on the first 6.1 and on the 7.3. */
export const KERNELS: readonly Kernel[] = ROWS.map(
  ([release, version, distribution, weight, vermagicSuffix], index) => {
    const [major, minor] = release.split('.').map(Number);
    const number = major! * 100 + minor!;
    const arch = release.endsWith('arm64') ? 'aarch64' : 'x86_64';
    const isRhel = distribution === RHEL_9;
    return {
      index,
      release,
      version,
      arch,
      vermagic: release + vermagicSuffix,
      distribution,
      weight,
      number,
      captured: arch === 'aarch64' || number < 505 ? null : number >= 619 ? '7.3' : '6.1',
      bootPersistence: isRhel || index % 4 === 1,
      liveEvidence: number >= 612 && index % 2 === 1,
      lockdown: number < 505 ? null : isRhel || distribution.id === 'ubuntu' ? 'integrity' : 'none',
      signatureEnforced: number < 505 ? null : isRhel,
    };
  },
);
