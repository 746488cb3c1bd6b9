export type Kernel = '6.1' | '7.3';

/** One host of the shop: a captured tree that stands in for it, and its own labels. */
export interface Machine {
  readonly hostname: string;
  readonly kernel: Kernel;
  /** `scenario/moment` of the captured trees. */
  readonly tree: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a host runs, in the words of the shop, and the captured tree that shows it. */
const TREES = {
  /** cumulative-2026.11 */
  newest: 'one-replace/on',
  /** cumulative-2026.10, and the module of 2026.09 was never removed */
  october: 'replaced-still-loaded/replaced',
  /** cumulative-2026.09 after 2026.10 was taken off, whose module was never removed */
  wentBack: 'disabled-still-loaded/older-on',
  /** cumulative-2026.08 */
  august: 'multi-object/on',
  /** hotfix-procfs-leak */
  hotfix: 'no-states/on',
  /** hotfix-show-race, whose transition does not end */
  stuck: 'enabling/stalled',
  /** experimental-2026.11 */
  experiment: 'dynamic-klp-patch/on',
  /** storage-2026.10 */
  storage: 'variants/data',
  /** nothing any more */
  original: 'one-replace/gone',
} as const;

type Runs = keyof typeof TREES;

/** Which hosts of a role run what, where, and on which kernel. */
const ROLES: readonly (readonly [role: string, env: string, site: string, kernel: Kernel, runs: readonly Runs[]])[] = [
  ['web', 'prod', 'ams', '7.3', ['newest', 'newest', 'newest', 'october', 'stuck']],
  ['web', 'prod', 'fra', '6.1', ['newest', 'newest', 'october']],
  ['api', 'prod', 'ams', '7.3', ['august', 'experiment', 'wentBack']],
  ['cache', 'prod', 'ams', '7.3', ['august', 'august', 'august']],
  ['cache', 'prod', 'fra', '6.1', ['august', 'august']],
  ['db', 'prod', 'fra', '6.1', ['storage', 'wentBack']],
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
      tree: TREES[what],
      labels: { role, env, site },
    })),
  );
}
