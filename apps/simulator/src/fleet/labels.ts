import { canonicalJson } from '@klpreg/wire';
import { randomBits, weightedChooser, randomUnit } from './random.js';

/** The labels of a group of hosts. */
export interface LabelSet {
  readonly labels: Readonly<Record<string, string>>;
  /** The labels as canonical JSON. */
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
const choosers = [ROLES.map((row) => row[2]), ENVS.map((row) => row[1]), SITES.map((row) => row[1])].map(
  weightedChooser,
);

/**
 * Returns the given number of different label sets, drawn by weight. Common roles at large sites have many
 * racks.
 */
export function labelSets(seed: number, count: number): readonly LabelSet[] {
  const sets = new Map<string, LabelSet>();
  for (let n = 0; sets.size < count; n++) {
    const [role, team] = ROLES[choosers[0]!(randomUnit(seed, PURPOSE, n))]!;
    const [env] = ENVS[choosers[1]!(randomUnit(seed, PURPOSE + 1, n))]!;
    const [site] = SITES[choosers[2]!(randomUnit(seed, PURPOSE + 2, n))]!;
    const rack = `${site}-r${String((randomBits(seed, PURPOSE + 3, n) % RACKS) + 1).padStart(2, '0')}`;
    const labels = { role, env, site, rack, team };
    sets.set(`${role} ${env} ${rack}`, { labels, text: canonicalJson(labels), role, env, site });
  }
  return [...sets.values()];
}

/** Share of the hosts with a unique label, in a fleet with `labels: 'own'`. */
const UNIQUE_SHARE = 0.97;

/**
 * Returns the labels of a host in a fleet with `labels: 'own'`: those of its group and, mostly, a unique
 * asset tag.
 */
export function ownLabels(seed: number, n: number, set: LabelSet): LabelSet {
  if (randomUnit(seed, PURPOSE + 4, n) >= UNIQUE_SHARE) return set;
  // unique: for one seed and purpose, two numbers never have the same bits
  const tag = randomBits(seed, PURPOSE + 5, n)
    .toString(16)
    .padStart(8, '0');
  const labels = { ...set.labels, asset: `a-${tag}` };
  return { ...set, labels, text: canonicalJson(labels) };
}

/** Makes a function that chooses a label set. The first sets have far more hosts than the last ones. */
export const labelSetChooser = (count: number): ((unit: number) => number) =>
  weightedChooser(Array.from({ length: count }, (_, rank) => (rank + 20) ** -0.8));
