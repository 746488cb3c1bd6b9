import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { about, raise, type Reason } from '../reasons/reasons.js';
import { type Plan, lastStageOf, stagesOf } from '../routes/plan.js';

/**
 * Returns what an operator should know before starting, and what does not change the verdict.
 *
 * A patch that is only on the list between two stages counts for what it leaves behind.
 *
 * @param raised codes that a policy counts as UNSAFE
 */
export function findAdvisories(
  plan: Plan,
  host: ResolvedSituation,
  raised: readonly string[],
): readonly Reason[] {
  return raise(findAll(plan, host, raised), raised);
}

function findAll(plan: Plan, host: ResolvedSituation, raised: readonly string[]): Reason[] {
  const last = lastStageOf(plan);
  const { boot } = host.situation;
  const ofStages = stagesOf(plan).flatMap((stage) => findInStage(stage, last));
  if (plan.route === 'REBOOT')
    return [...host.list.flatMap((patch) => findReopened(patch, last)), ...ofStages];
  const notAtBoot = stagesOf(plan)
    .flatMap(({ load }) => load ?? [])
    .filter(
      (load) => isOn(last, load) && boot?.loads.some(({ buildId }) => buildId === load.buildId) !== true,
    );
  if (boot !== null)
    return [
      ...ofStages,
      ...notAtBoot.map((load): Reason => ({ code: 'NOT_BOOT_PERSISTENT', ...about(load) })),
    ];
  // what is not reported is a doubt where it would count
  const counts = raised.includes('NOT_BOOT_PERSISTENT') && notAtBoot.length > 0;
  return counts
    ? [...ofStages, { code: 'BOOT_UNKNOWN', detail: 'the policy requires to know it' }]
    : ofStages;
}

/** Returns whether the patch is on the list after this stage. */
const isOn = ({ stays, load }: Plan, patch: KnownPatch): boolean => patch === load || stays.includes(patch);

const findInStage = ({ replaced, disabled, load }: Plan, last: Plan): Reason[] => [
  ...replaced.flatMap((patch) => findLeaving(patch, last, 'REPLACE')),
  ...disabled.flatMap((patch) => findLeaving(patch, last, 'DISABLE')),
  ...(load === null ? [] : findUnsupported(load, 'LOAD')),
];

function findLeaving(patch: KnownPatch, last: Plan, action: 'DISABLE' | 'REPLACE'): Reason[] {
  const notProven = patch.provenNone && patch.manifest?.author?.impactNone !== true;
  return [
    ...findReopened(patch, last),
    ...(notProven ? [{ code: 'DATA_SEMANTICS_NOT_PROVEN', ...about(patch) } as const] : []),
    ...findUnsupported(patch, action),
  ];
}

const findReopened = (patch: KnownPatch, { stays, load }: Plan): Reason[] =>
  cvesOf(patch)
    .filter(
      (cve) =>
        !(load !== null && cvesOf(load).includes(cve)) && !stays.some((other) => cvesOf(other).includes(cve)),
    )
    .map((cve) => ({ code: 'CVE_REOPENED', ...about(patch), detail: cve }));

const cvesOf = (patch: KnownPatch): readonly string[] => patch.manifest?.author?.cves ?? [];

const ACTIONS = { LOAD: 'loading it', DISABLE: 'disabling it', REPLACE: 'replacing it' } as const;

/**
 * Returns an advisory if the vendor does not support this action on a running system. The kernel may accept
 * it.
 */
const findUnsupported = (patch: KnownPatch, action: keyof typeof ACTIONS): Reason[] =>
  patch.manifest?.author?.unsupported?.includes(action) === true
    ? [{ code: 'VENDOR_UNSUPPORTED', ...about(patch), detail: ACTIONS[action] }]
    : [];
