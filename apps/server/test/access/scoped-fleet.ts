import type { Report } from '@klpreg/wire';
import type { Scope } from '../../src/store/access/tokens.store.js';
import { idle, Registry, running } from '../registry.js';

export interface FleetHost {
  readonly hostname: string;
  /** Set by an admin. */
  readonly labels: Readonly<Record<string, string>>;
  /** Reported by the host. */
  readonly own: Readonly<Record<string, string>>;
  /** `NEVER`: it has not reported. `STALE`: its report is an hour old. */
  readonly life: 'NEVER' | 'STALE' | 'IDLE' | 'PATCHED' | 'LATER';
  readonly kernelRelease?: string;
}

const PATCHES = ['lab_r_1v1_a', 'lab_r_1v2_a'] as const;

export const reportOf = ({ hostname, own, life, kernelRelease }: FleetHost): Report => {
  const names = life === 'PATCHED' ? [PATCHES[0]] : life === 'LATER' ? [PATCHES[1]] : [];
  // the patches are built for one kernel
  const isOther = kernelRelease !== undefined && names.length === 0;
  const host = { labels: { ...own }, ...(isOther && { kernelRelease }) };
  return names.length === 0 ? idle(hostname, { host }) : running(hostname, names, { host });
};

export const instanceOf = (host: FleetHost): string => reportOf(host).host.instance;

export const isMember = ({ labels }: FleetHost, scope: Scope): boolean =>
  Object.entries(scope).every(([key, values]) => values.includes(labels[key] ?? ''));

/** Starts a registry with these hosts, at the same instant for each fleet. */
export async function startFleet(hosts: readonly FleetHost[]): Promise<Registry> {
  const registry = await Registry.start({ KLPREG_ACCESS: 'on' });
  for (const name of PATCHES) {
    await registry.publish(name);
    // what machines showed of a build is known to all
    await registry.witnessed(name);
  }
  const send = async (which: (host: FleetHost) => boolean) => {
    for (const host of hosts.filter(which)) await registry.report(reportOf(host));
  };
  for (const host of hosts) {
    const labels = Object.entries(host.labels).map(([key, value]) => ({ key, value }));
    const input = { id: instanceOf(host), hostname: host.hostname, labels };
    await registry.ask('mutation ($input: AddHostInput!) { addHost(input: $input) { id } }', { input });
  }
  await send(({ life }) => life === 'STALE');
  registry.wait(1, 'hours');
  await send(({ life }) => life !== 'STALE' && life !== 'NEVER');
  return registry;
}
