import { canonicalJson } from '@klpreg/wire';
import { bits, chooser, unit } from './chance.js';

/** What a group of hosts says of itself. */
export interface LabelSet {
  readonly labels: Readonly<Record<string, string>>;
  /** The labels in canonical form. */
  readonly text: string;
  readonly role: string;
  readonly env: string;
  readonly site: string;
}

const ROLES: readonly (readonly [role: string, team: string, weight: number])[] = [
  ['web', 'frontend', 22],
  ['api', 'backend', 18],
  ['worker', 'backend', 14],
  ['cache', 'platform', 9],
  ['db', 'storage', 8],
  ['queue', 'platform', 6],
  ['proxy', 'network', 6],
  ['search', 'search', 5],
  ['batch', 'data', 4],
  ['gpu', 'ml', 3],
  ['build', 'tooling', 3],
  ['monitor', 'sre', 2],
];
const ENVS = [
  ['prod', 80],
  ['staging', 12],
  ['dev', 5],
  ['canary', 3],
] as const;
const SITES: readonly (readonly [site: string, weight: number])[] = [
  ['fra', 20],
  ['ams', 18],
  ['iad', 16],
  ['sjc', 12],
  ['sin', 9],
  ['nrt', 8],
  ['gru', 6],
  ['syd', 5],
  ['bom', 4],
  ['jnb', 2],
];
const RACKS = 24;

const PURPOSE = 100;
const choosers = [ROLES.map((row) => row[2]), ENVS.map((row) => row[1]), SITES.map((row) => row[1])].map(chooser);

/** So many different label sets, drawn by weight: common roles at large sites have many racks, rare ones few. */
export function labelSets(seed: number, count: number): readonly LabelSet[] {
  const sets = new Map<string, LabelSet>();
  for (let n = 0; sets.size < count; n++) {
    const [role, team] = ROLES[choosers[0]!(unit(seed, PURPOSE, n))]!;
    const [env] = ENVS[choosers[1]!(unit(seed, PURPOSE + 1, n))]!;
    const [site] = SITES[choosers[2]!(unit(seed, PURPOSE + 2, n))]!;
    const rack = `${site}-r${String((bits(seed, PURPOSE + 3, n) % RACKS) + 1).padStart(2, '0')}`;
    const labels = { role, env, site, rack, team };
    sets.set(`${role} ${env} ${rack}`, { labels, text: canonicalJson(labels), role, env, site });
  }
  return [...sets.values()];
}

/** Of the hosts, where they have labels of their own: so many do, and the others have those of their group alone. */
const OWNERS = 0.97;

/** The labels of a host where almost every one has some of its own: those of its group, and the tag by which an inventory knows the machine. */
export function ownLabels(seed: number, n: number, set: LabelSet): LabelSet {
  if (unit(seed, PURPOSE + 4, n) >= OWNERS) return set;
  // of one seed and purpose no two numbers share their bits
  const labels = {
    ...set.labels,
    asset: `a-${bits(seed, PURPOSE + 5, n)
      .toString(16)
      .padStart(8, '0')}`,
  };
  return { ...set, labels, text: canonicalJson(labels) };
}

/** Chooses a label set for a host: the first ones have many times as many hosts as the last ones. */
export const labelSetChooser = (count: number): ((unit: number) => number) => chooser(Array.from({ length: count }, (_, rank) => (rank + 20) ** -0.8));
