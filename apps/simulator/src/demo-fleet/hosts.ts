export type Kernel = '6.1' | '7.3';

/** A host of the demo fleet: labels, and the captured tree that the agent reads. */
export interface DemoHost {
  readonly hostname: string;
  readonly kernel: Kernel;
  /** `scenario/instant` of a captured tree; null if the host is still as at boot. */
  readonly tree: string | null;
  /** The release at the top of its stack; null if the stack is empty. */
  readonly runs: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** The releases of the demo fleet with the captured trees that have them. */
const TREES = {
  newest: { runs: 'cumulative-2026.11', tree: 'one-replace/on' },
  /** With the module of 2026.09 as a leftover. */
  october: { runs: 'cumulative-2026.10', tree: 'replaced-still-loaded/replaced' },
  /** After a downgrade from 2026.10, whose module is a leftover. */
  downgraded: { runs: 'cumulative-2026.09', tree: 'disabled-still-loaded/older-on' },
  august: { runs: 'cumulative-2026.08', tree: 'multi-object/on' },
  hotfix: { runs: 'hotfix-procfs-leak', tree: 'no-states/on' },
  /** With a transition that does not complete. */
  stalled: { runs: 'hotfix-show-race', tree: 'enabling/stalled' },
  experiment: { runs: 'experimental-2026.11', tree: 'dynamic-klp-patch/on' },
  storage: { runs: 'storage-2026.10', tree: 'variants/data' },
  /** No livepatch was loaded since the boot. */
  original: { runs: null, tree: null },
} as const;

type Setup = keyof typeof TREES;

type Role = readonly [role: string, env: string, site: string, kernel: Kernel, setups: readonly Setup[]];

/**
 * The hosts by role.
 *
 * Each target of the questions runs on two hosts with each kernel: reports of two hosts show that a build
 * loads there.
 */
const ROLES: readonly Role[] = [
  ['web', 'prod', 'ams', '7.3', ['newest', 'newest', 'newest', 'october', 'stalled', 'october']],
  ['web', 'prod', 'fra', '6.1', ['newest', 'newest', 'october', 'october']],
  ['api', 'prod', 'ams', '7.3', ['august', 'experiment', 'downgraded', 'downgraded']],
  ['cache', 'prod', 'ams', '7.3', ['august', 'august', 'august']],
  ['cache', 'prod', 'fra', '6.1', ['august', 'august']],
  ['db', 'prod', 'fra', '6.1', ['storage', 'downgraded', 'downgraded']],
  ['proxy', 'prod', 'ams', '7.3', ['hotfix', 'hotfix', 'original']],
  ['web', 'staging', 'ams', '7.3', ['newest', 'hotfix']],
  ['build', 'staging', 'fra', '6.1', ['august', 'original']],
];

/** Returns the demo fleet. Hostnames are `role-number.site`, with the environment if it is not production. */
export function demoHosts(): DemoHost[] {
  return ROLES.flatMap(([role, env, site, kernel, setups]) =>
    setups.map((setup, i) => ({
      hostname: `${env === 'prod' ? role : `${role}-${env}`}-${i + 1}.${site}`,
      kernel,
      ...TREES[setup],
      labels: { role, env, site },
    })),
  );
}
