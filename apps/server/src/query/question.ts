import {
  canBeAllowed,
  DEFAULT_QUESTION,
  freshnessLimits,
  type Question,
  REASON_CODES,
  type RuleSet,
  ROUTES,
  type Target,
} from '@klpreg/compat';
import { type PolicyRule, secondsOf } from '@klpreg/wire';
import { RequestError } from '../errors.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import { type StoredPatch, toManifest } from '../store/catalog/manifests.js';
import { toWhatIf, type WhatIf } from './what-if.js';
import type { HostCanDowngradeArgs, RuleSet as RuleSetName, TargetInput } from './generated/schema.js';

/** The arguments that every question has. */
export type QuestionArguments = HostCanDowngradeArgs;

/** The names of the rule sets in GraphQL. */
export const RULE_SET_NAMES = {
  none: 'NONE',
  'klp-5.5': 'KLP_5_5',
  'block-disable': 'BLOCK_DISABLE',
  'replace-set': 'REPLACE_SET',
} as const satisfies Record<RuleSet, RuleSetName>;

/** A target with the builds that it can stand for. */
export interface AskedTarget {
  readonly target: Target;
  readonly builds: readonly StoredPatch[];
  /** Null: the target is published. */
  readonly whatIf: WhatIf | null;
}

/** The number of witnesses that are stored for one set of facts. */
const MOST_WITNESSES = 5;

/** Returns the maximum age of facts in seconds. Facts that are older than five intervals are stale anyway. */
function toMaxAge(
  given: number | null | undefined,
  byRule: string | undefined,
  intervalSeconds: number,
): number {
  const { late } = freshnessLimits(intervalSeconds);
  // the interval may have been shortened since the policy was applied
  if (given == null) return byRule === undefined ? late : Math.min(secondsOf(byRule), late);
  if (given <= late) return given;
  throw new RequestError(
    'BAD_USER_INPUT',
    `\`maxAge\` must be at most ${late} s, found ${given} s: facts ` +
      'that are older than five intervals of the ' +
      'agents are stale, whatever it allows',
    [{ pointer: '/maxAge', detail: `must be at most ${late} s`, found: `${given} s` }],
  );
}

/**
 * Returns the question in the arguments of a field. What they leave out is as the rule of the policy says;
 * what the rule raises is raised whatever they say.
 */
export function toQuestion(
  args: QuestionArguments,
  intervalSeconds: number,
  rule: PolicyRule | null,
): Question {
  if (args.route != null && args.bestRoute === true)
    throw new RequestError('BAD_USER_INPUT', 'give `route` or `bestRoute`, not both');
  const allow = [...(args.allow ?? rule?.allow ?? [])];
  const allowable = REASON_CODES.filter(canBeAllowed);
  const wrong = allow.filter((code) => !allowable.includes(code));
  if (wrong.length > 0)
    throw new RequestError(
      'BAD_USER_INPUT',
      `\`allow\` takes ${allowable.join(', ')}; found ${wrong.join(', ')}`,
    );
  const witnesses = args.witnesses ?? DEFAULT_QUESTION.witnesses;
  if (witnesses < DEFAULT_QUESTION.witnesses || witnesses > MOST_WITNESSES)
    throw new RequestError(
      'BAD_USER_INPUT',
      `\`witnesses\` must be ${DEFAULT_QUESTION.witnesses} to ${MOST_WITNESSES}, found ${witnesses}`,
    );
  const rules = Object.entries(RULE_SET_NAMES).find(([, name]) => name === args.rules)?.[0] as
    | RuleSet
    | undefined;
  return {
    routes: args.bestRoute === true ? ROUTES : args.route == null ? (rule?.routes ?? null) : [args.route],
    evidence: args.evidence ?? rule?.evidence ?? 'MODULE',
    maxAgeSeconds: toMaxAge(args.maxAge, rule?.maxAge, intervalSeconds),
    rules: rules ?? null,
    allow,
    raise: rule?.raise ?? [],
    witnesses,
    sharedSigningKeys: args.sharedSigningKeys ?? false,
  };
}

/**
 * Returns the target of the question.
 *
 * @throws RequestError unless exactly one field is given, or if a release or name has no build, or two for
 *   one kernel
 */
export async function toTarget(to: TargetInput, catalog: CatalogSnapshot): Promise<AskedTarget> {
  const given = (['buildId', 'release', 'name', 'original', 'previous', 'manifest'] as const).filter(
    (field) => to[field] != null && to[field] !== false,
  );
  if (given.length !== 1)
    throw new RequestError(
      'BAD_USER_INPUT',
      'a target has exactly one of buildId, release, name, original, previous and manifest, found ' +
        (given.join(' and ') || 'none'),
    );
  const leaving = to.leaving == null ? {} : { leaving: to.leaving };
  if (to.original) return { target: { kind: 'ORIGINAL' }, builds: [], whatIf: null };
  if (to.previous) return { target: { kind: 'PREVIOUS' }, builds: [], whatIf: null };
  if (to.manifest != null) {
    const whatIf = toWhatIf(to.manifest);
    const { row } = whatIf;
    if ((await catalog.find([row.buildId])).length > 0)
      throw new RequestError(
        'BAD_USER_INPUT',
        `the build ${row.buildId} of \`manifest\` is published: ask for it by \`buildId\``,
      );
    return { target: { kind: 'PATCH', patch: toManifest(row), ...leaving }, builds: [row], whatIf };
  }
  const builds = await buildsOf(to, catalog);
  if (to.buildId != null)
    return {
      target:
        builds[0] === undefined
          ? { kind: 'UNCATALOGUED', buildId: to.buildId }
          : { kind: 'PATCH', patch: toManifest(builds[0]), ...leaving },
      builds,
      whatIf: null,
    };
  const name = (to.release ?? to.name)!;
  if (builds.length === 0)
    throw new RequestError(
      'NOT_FOUND',
      `no patch ${to.release != null ? 'of the release' : 'of the name'} ${JSON.stringify(name)} is ` +
        'published',
    );
  refuseAmbiguous(name, builds);
  return {
    target: { kind: 'RELEASE', release: to.release != null ? name : name.replaceAll('-', '_'), ...leaving },
    builds,
    whatIf: null,
  };
}

/** Returns the builds that a target can stand for. There may be none, or several for one kernel. */
export async function buildsOf(
  { buildId, release, name, manifest }: TargetInput,
  catalog: CatalogSnapshot,
): Promise<readonly StoredPatch[]> {
  if (manifest != null) return [toWhatIf(manifest).row];
  if (buildId != null) return catalog.find([buildId.toLowerCase()]);
  if (release != null) return catalog.release(release);
  return name == null ? [] : catalog.named(name.replaceAll('-', '_'));
}

/** Refuses a name with several builds for one kernel, because it does not tell which one is meant. */
function refuseAmbiguous(name: string, builds: readonly StoredPatch[]): void {
  const byKernel = groupByKernel(builds.filter((build) => build.recalledAt === null));
  for (const [kernel, several] of byKernel) {
    if (several.length > 1)
      throw new RequestError(
        'AMBIGUOUS',
        `${JSON.stringify(name)} has ${several.length} builds for ${kernel}; name one by its build-id: ` +
          several
            .map((build) => `${build.buildId} (${build.name})`)
            .slice(0, 20)
            .join(', '),
      );
  }
}

function groupByKernel(builds: readonly StoredPatch[]): Map<string, StoredPatch[]> {
  const groups = new Map<string, StoredPatch[]>();
  for (const build of builds) {
    const kernel = `${build.kernelRelease} ${build.arch}`;
    groups.set(kernel, [...(groups.get(kernel) ?? []), build]);
  }
  return groups;
}
