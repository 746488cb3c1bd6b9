import fc from 'fast-check';
import {
  after,
  type Catalog,
  chooseRules,
  comparePrices,
  disabling,
  enabling,
  isWorse,
  judge,
  judgeRoutes,
  kindOf,
  loadedName,
  type Operation,
  predict,
  resolveSituation,
  resolveManifest,
  ROUTES,
  type ResolvedSituation,
  type Step,
  type Verdict,
} from '../../src/index.js';
import { type Plan, disableOnly, loadOver, nothing, reverse } from '../../src/routes/plan.js';
import { replacedBy } from '../../src/rules/select.js';
import { catalog } from '../../src/testing/index.js';
import { runs, type World, world } from '../arbitrary.js';

// What a verdict tells an operator to do, done step by step against the kernel that the mind knows.

const registry = ({ manifests, seen }: World): Catalog =>
  catalog(manifests, { ...(seen ? {} : { sightings: () => [] }), bridges: () => manifests });
/** No kernel has a name twice, or a build, or two transitions. */
const isReal = ({ situation }: World): boolean => {
  const names = [...situation.list, ...situation.leftovers].map((module) => loadedName(module.name));
  const builds = situation.list.flatMap(({ buildId }) => buildId ?? []);
  return (
    new Set(names).size === names.length &&
    new Set(builds).size === builds.length &&
    situation.list.filter((patch) => patch.transition).length < 2
  );
};
const rulesOf = ({ situation, question }: World) =>
  chooseRules(situation.capabilities, situation.kernelRelease, question.rules);
const answers = (of: World): Verdict[] =>
  judgeRoutes(
    resolveSituation(of.situation, registry(of)),
    of.target,
    registry(of),
    of.freshness,
    of.question,
  );
const law = (name: string, holds: (of: World) => boolean | void, usual = 150): void =>
  test(name, () => fc.assert(fc.property(world.filter(isReal), holds), runs(usual)));

/** One step as the kernel sees it, and as the plan that it makes; null for waiting. */
function doing(
  { action, patch, buildId }: Step,
  host: ResolvedSituation,
  of: World,
): [Operation, Plan] | null {
  const rules = rulesOf(of);
  const listed = host.list.find((one) => one.name === patch);
  switch (action) {
    case 'LOAD': {
      const manifests = [...of.manifests, ...(of.target.kind === 'PATCH' ? [of.target.patch] : [])];
      const load = resolveManifest(manifests.find((one) => one.buildId === buildId)!);
      return [
        { action, patch: load },
        loadOver('STACK', load, replacedBy(load, host.list, rules.candidates) ?? [], host.list),
      ];
    }
    case 'DISABLE':
      return [disabling(patch!), disableOnly(listed === undefined ? [] : [listed], host.list)];
    case 'REMOVE_MODULE':
      return [
        { action, patch: patch! },
        { ...nothing, route: 'DISABLE_THEN_LOAD', removed: [patch!] },
      ];
    case 'REVERSE':
      return [listed!.enabled ? disabling(patch!) : enabling(patch!), reverse(listed!, host.list)!];
    default:
      return null;
  }
}

/** What the kernel would answer to each step, and the list at the end of each. */
function replay({ steps }: Verdict, of: World): { answer: string; list: (string | null)[]; step: Step }[] {
  let host = resolveSituation(of.situation, registry(of));
  return steps.flatMap((step) => {
    const done = doing(step, host, of);
    if (done === null) return [];
    const { answer } = predict(host, done[0], registry(of), rulesOf(of));
    host = after(host, done[1]);
    return [{ answer, list: host.list.map((patch) => patch.buildId), step }];
  });
}

law('where no reason is a refusal, no step is refused', (of) => {
  for (const verdict of answers(of)) {
    if (verdict.reasons.some((reason) => kindOf(reason) === 'REFUSED')) continue;
    const refused = replay(verdict, of).filter(({ answer }) => answer !== 'OK' && answer !== 'UNKNOWN');
    expect(refused).toEqual([]);
  }
});

law('if something is refused, so is a step, with that error number, or the answer is not known', (of) => {
  for (const verdict of answers(of)) {
    if (verdict.errno === null || verdict.route === 'REBOOT' || verdict.route === null) continue;
    // To disable a patch on its way in is not refused: it turns that round, which is another route.
    if (
      verdict.reasons.some(
        (reason) => reason.code === 'TRANSITION_IN_PROGRESS' && reason.detail !== undefined,
      )
    )
      continue;
    const refused = replay(verdict, of).find(({ answer }) => answer !== 'OK');
    // Where a module cannot be removed, rmmod is what fails first, with a number of its own.
    if (refused?.step.action !== 'REMOVE_MODULE')
      expect([verdict.errno, 'UNKNOWN']).toContain(refused?.answer);
  }
});

law(
  'SAFE means that every step is accepted for certain, and that ' +
    'the last one makes the list that was asked for',
  (of) => {
    for (const verdict of answers({ ...of, question: { ...of.question, allow: [] } })) {
      if (verdict.kind !== 'SAFE' || verdict.steps.length === 0 || verdict.route === 'REBOOT') continue;
      const done = replay(verdict, of);
      expect(done.map(({ answer }) => answer)).toEqual(done.map(() => 'OK'));
      const { target, situation } = of;
      const list = done.at(-1)!.list;
      if (target.kind === 'ORIGINAL') expect(list).toEqual([]);
      if (target.kind === 'PREVIOUS') expect(list).toEqual(situation.previous);
      if (target.kind === 'PATCH') expect(list).toContain(target.patch.buildId);
    }
  },
);

law('a price counts the transitions, and those that end without what protects before and after', (of) => {
  const host = resolveSituation(of.situation, registry(of));
  const cves = (list: readonly (string | null)[]): string[] =>
    list.flatMap((id) => of.manifests.find((one) => one.buildId === id)?.author?.cves ?? []);
  for (const verdict of answers(of)) {
    if (verdict.price === null) continue;
    const { transitions, reboots, transitionsUnpatched, cvesReopened } = verdict.price;
    expect({ transitions, reboots }).toEqual({
      transitions: verdict.steps.filter((step) => step.action === 'WAIT').length,
      reboots: verdict.route === 'REBOOT' ? 1 : 0,
    });
    if (host.inTransition !== null || verdict.route === 'REBOOT') continue;
    const done = replay(verdict, of).filter(({ step }) => step.action !== 'REMOVE_MODULE');
    const lasting = cves(done.at(-1)?.list ?? []).filter((cve) =>
      cves(host.list.map((patch) => patch.buildId)).includes(cve),
    );
    const open = done.slice(0, -1).map(({ list }) => lasting.filter((cve) => !cves(list).includes(cve)));
    const bare = done
      .slice(0, -1)
      .filter(
        ({ step }, i) =>
          open[i]!.length > 0 ||
          (step.action === 'DISABLE' && done.slice(i + 1).some((later) => later.step.action === 'LOAD')),
      );
    expect({ transitionsUnpatched, cvesReopened }).toEqual({
      transitionsUnpatched: bare.length,
      cvesReopened: [...new Set(open.flat())].sort(),
    });
  }
});

law('the most acceptable comes first, among these the cheapest; and that is the answer', (of) => {
  const all = answers(of);
  all.slice(1).forEach((next, i) => {
    const before = all[i]!;
    expect(isWorse(before.kind, next.kind)).toBe(false);
    if (before.kind !== next.kind) return;
    expect(Number(before.accepted)).toBeGreaterThanOrEqual(Number(next.accepted));
    if (before.accepted === next.accepted)
      expect(comparePrices(before.price!, next.price!)).toBeLessThanOrEqual(0);
  });
  expect(
    judge(resolveSituation(of.situation, registry(of)), of.target, registry(of), of.freshness, of.question),
  ).toEqual(all[0]);
});

law('a route more never makes the answer worse, and never changes what is said of another', (of) => {
  const few = answers(of);
  const all = answers({ ...of, question: { ...of.question, routes: ROUTES } });
  if (few[0]!.route === null || few[0]!.route === 'REBOOT' || of.question.routes === null) return;
  expect(isWorse(all[0]!.kind, few[0]!.kind)).toBe(false);
  for (const verdict of few) if (verdict.route !== 'REBOOT') expect(all).toContainEqual(verdict);
});

law('a bridge is taken only onto a build that was offered, in two stages or more', (of) => {
  for (const { route, steps, searched } of answers(of)) {
    if (route !== 'BRIDGE') continue;
    expect(of.manifests.map((one) => one.buildId)).toContain(steps[0]!.buildId);
    expect(steps.length).toBeGreaterThan(2);
    expect(searched!.tried).toBeGreaterThan(0);
  }
});

test('the laws are not empty: every route is answered, and each is safe somewhere', () => {
  const found = fc
    .sample(world.filter(isReal), { numRuns: 12000, seed: 11 })
    .flatMap((of) => answers({ ...of, question: { ...of.question, routes: ROUTES } }));
  const safe = new Set(found.filter((verdict) => verdict.kind === 'SAFE').map((verdict) => verdict.route));
  expect(ROUTES.filter((route) => !safe.has(route))).toEqual([]);
});
