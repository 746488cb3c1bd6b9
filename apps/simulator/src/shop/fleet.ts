export type Kernel = '6.1' | '7.3';

/** One host of the shop: a captured tree that stands in for it, and its own labels. */
export interface Machine {
  readonly hostname: string;
  readonly kernel: Kernel;
  /** `scenario/moment` of the captured trees; null: as at boot. */
  readonly tree: string | null;
  /** The release that the tree shows as running; null if none is. */
  readonly runs: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a host runs, in the words of the shop, and the captured tree that shows it. */
const TREES = {
  newest: { runs: 'cumulative-2026.11', tree: 'one-replace/on' },
  /** The module of 2026.09 was never removed. */
  october: { runs: 'cumulative-2026.10', tree: 'replaced-still-loaded/replaced' },
  /** After 2026.10 was taken off, whose module was never removed. */
  wentBack: { runs: 'cumulative-2026.09', tree: 'disabled-still-loaded/older-on' },
  august: { runs: 'cumulative-2026.08', tree: 'multi-object/on' },
  hotfix: { runs: 'hotfix-procfs-leak', tree: 'no-states/on' },
  /** Its transition does not end. */
  stuck: { runs: 'hotfix-show-race', tree: 'enabling/stalled' },
  experiment: { runs: 'experimental-2026.11', tree: 'dynamic-klp-patch/on' },
  storage: { runs: 'storage-2026.10', tree: 'variants/data' },
  /** No livepatch was ever loaded in this boot. */
  original: { runs: null, tree: null },
} as const;

type Runs = keyof typeof TREES;

/**
 * Which hosts of a role run what, where, and on which kernel.
 *
 * What the questions go to runs on two hosts of each kernel: a build that two hosts have shown is one that loads there.
 */
const ROLES: readonly (readonly [role: string, env: string, site: string, kernel: Kernel, runs: readonly Runs[]])[] = [
  ['web', 'prod', 'ams', '7.3', ['newest', 'newest', 'newest', 'october', 'stuck', 'october']],
  ['web', 'prod', 'fra', '6.1', ['newest', 'newest', 'october', 'october']],
  ['api', 'prod', 'ams', '7.3', ['august', 'experiment', 'wentBack', 'wentBack']],
  ['cache', 'prod', 'ams', '7.3', ['august', 'august', 'august']],
  ['cache', 'prod', 'fra', '6.1', ['august', 'august']],
  ['db', 'prod', 'fra', '6.1', ['storage', 'wentBack', 'wentBack']],
  ['proxy', 'prod', 'ams', '7.3', ['hotfix', 'hotfix', 'original']],
  ['web', 'staging', 'ams', '7.3', ['newest', 'hotfix']],
  ['build', 'staging', 'fra', '6.1', ['august', 'original']],
];

/** The fleet. Hostnames are `role-number.site`, with the environment where it is not production. */
export function fleet(): Machine[] {
  return ROLES.flatMap(([role, env, site, kernel, runs]) =>
    runs.map((what, i) => ({
      hostname: `${env === 'prod' ? role : `${role}-${env}`}-${i + 1}.${site}`,
      kernel,
      ...TREES[what],
      labels: { role, env, site },
    })),
  );
}
