import fc from 'fast-check';
import {
  canBeRaised,
  type Evidence,
  explain,
  isRaised,
  isWorse,
  judge,
  judgeRoutes,
  kindOf,
  type KnownPatch,
  type LoadSighting,
  loadedName,
  type Patch,
  REASON_CODES,
  resolveSituation,
  resolveManifest,
  RULE_SETS,
  type Verdict,
} from '../../src/index.js';
import { catalog } from '../../src/testing/index.js';
import { runs, type World, world } from '../arbitrary.js';

// The laws of the verdict, on worlds in which anything may be missing, doubled, unknown or contradictory.

const registry = ({ manifests, seen }: World) =>
  catalog(manifests, { ...(seen ? {} : { sightings: () => [] }), bridges: () => manifests });
const answer = (of: World, differs: Partial<World> = {}): Verdict => {
  const now = { ...of, ...differs };
  return judge(
    resolveSituation(now.situation, registry(now)),
    now.target,
    registry(now),
    now.freshness,
    now.question,
  );
};
const law = (name: string, holds: (of: World) => boolean | void, usual = 150): void =>
  test(name, () => fc.assert(fc.property(world, holds), runs(usual)));

const ADVISORIES = REASON_CODES.filter(canBeRaised);

law('a policy that raises advisories never makes a verdict better, and accepts nothing more', (of) => {
  const { question } = of;
  const [without, raised] = [[], question.raise].map((raise) =>
    answer(of, { question: { ...question, raise } }),
  );
  expect(isWorse(without!.kind, raised!.kind)).toBe(false);
  if (raised!.accepted) expect(without!.accepted).toBe(true);
});

law('no advisory that a policy raises is left, and none of them is in a verdict that is accepted', (of) => {
  const { reasons, accepted, harmful } = answer(of, { question: { ...of.question, raise: ADVISORIES } });
  expect(reasons.filter((reason) => kindOf(reason) === 'ADVISORY')).toEqual([]);
  const raised = reasons.filter(isRaised);
  expect(raised.length > 0 && (accepted || !harmful)).toBe(false);
});

law('to raise codes that no route has changes nothing', (of) => {
  const question = { ...of.question, raise: [] };
  const host = resolveSituation(of.situation, registry(of));
  const found = judgeRoutes(host, of.target, registry(of), of.freshness, question);
  const codes = found.flatMap(({ reasons }) => reasons.map(({ code }) => code));
  const raise = REASON_CODES.filter((code) => !codes.includes(code) && code !== 'NOT_BOOT_PERSISTENT');
  expect(answer(of, { question: { ...question, raise } })).toEqual(answer(of, { question }));
});

law('every situation has a verdict, and every reason a sentence', (of) => {
  const { kind, reasons } = answer(of);
  expect(['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED']).toContain(kind);
  for (const reason of reasons) expect(explain(reason)).not.toMatch(/undefined|null/);
});

law('the same facts have the same verdict', (of) => expect(answer(of)).toEqual(answer(of)));

law('SAFE means that nothing but advisories is listed, and that there is a route', (of) => {
  const { kind, reasons, route, accepted, errno, harmful } = answer(of);
  if (kind !== 'SAFE') return;
  expect(reasons.filter((reason) => kindOf(reason) !== 'ADVISORY')).toEqual([]);
  expect({ accepted, errno, harmful }).toEqual({ accepted: true, errno: null, harmful: false });
  expect(route).not.toBeNull();
});

law(
  'accepted means that nothing but advisories and allowed doubts is listed, and that there is a route',
  (of) => {
    const { kind, reasons, route, allowed, accepted, errno, harmful } = answer(of);
    expect(accepted).toBe(
      kind === 'SAFE' ||
        (allowed.length > 0 &&
          reasons.every((reason) => kindOf(reason) === 'ADVISORY' || allowed.includes(reason.code))),
    );
    if (!accepted) return;
    expect({ errno, harmful }).toEqual({ errno: null, harmful: false });
    expect(route).not.toBeNull();
  },
);

const IN_DOUBT = [
  'NEVER_REPORTED',
  'REPORT_STALE',
  'REPORT_SUPERSEDED',
  'IDENTITY_SUSPECT',
  'RULES_UNKNOWN',
  'REPORT_INCOMPLETE',
  'REPORT_CONTRADICTORY',
  'OTHER_LIVE_PATCHING',
];

law('where the facts are in doubt the kind is UNKNOWN, and the rest is as last seen', (of) => {
  const { kind, basedOnStaleFacts, reasons, allowed } = answer(of);
  const inDoubt = reasons.some((reason) => IN_DOUBT.includes(reason.code) && !allowed.includes(reason.code));
  expect(basedOnStaleFacts).toBe(inDoubt);
  if (inDoubt) expect(kind).toBe('UNKNOWN');
});

law('where they are not, the worst reason decides', (of) => {
  const { kind, basedOnStaleFacts, reasons } = answer(of);
  if (basedOnStaleFacts) return;
  const kinds = new Set(reasons.map(kindOf));
  expect(kind).toBe(
    kinds.has('REFUSED')
      ? 'REFUSED'
      : kinds.has('UNSAFE')
        ? 'UNSAFE'
        : kinds.has('UNKNOWN')
          ? 'UNKNOWN'
          : 'SAFE',
  );
});

law('SAFE by loading means that the state rule accepts, under every rule set that may hold', (of) => {
  const { kind, route, rules } = answer(of);
  const { target } = of;
  if (kind !== 'SAFE' || target.kind !== 'PATCH' || (route !== 'REPLACE' && route !== 'STACK')) return;
  const forRule = (patch: KnownPatch): Patch => ({
    name: patch.name,
    replace: patch.replace ?? true,
    states: patch.states!,
  });
  const listed = resolveSituation(of.situation, registry(of)).list.map(forRule);
  for (const set of rules.sets)
    expect(RULE_SETS[set].findStateRefusals(forRule(resolveManifest(target.patch)), listed)).toEqual([]);
});

law('SAFE leads to the target: by loading it, by leaving it there, or because it boots', (of) => {
  const { kind, steps, route } = answer(of);
  const { target } = of;
  if (kind === 'SAFE' && route === 'REBOOT' && target.kind === 'PATCH')
    expect(of.situation.boot!.loads.map((module) => module.buildId)).toContain(target.patch.buildId);
  if (route === 'REBOOT') return;
  const names = of.situation.list.map((patch) => loadedName(patch.name));
  if (kind !== 'SAFE' || target.kind !== 'PATCH' || new Set(names).size < names.length) return;
  const there = of.situation.list
    .filter((patch) => patch.buildId === target.patch.buildId && (patch.enabled || patch.transition))
    .map((patch) => loadedName(patch.name));
  const disabled = steps.filter((step) => step.action === 'DISABLE').map((step) => step.patch);
  const loaded = steps.filter((step) => step.action === 'LOAD').map((step) => step.patch);
  expect(loaded.length > 0 ? loaded : there.filter((name) => !disabled.includes(name))).toContain(
    loaded.length > 0 ? loadedName(target.patch.name) : there[0],
  );
});

law('an older report never makes a verdict better', (of) => {
  if (of.freshness.level === 'NEVER') return;
  const young = { ...of.freshness, ageSeconds: of.freshness.ageSeconds ?? 0 };
  for (const older of [
    { ...young, ageSeconds: young.ageSeconds + 1000 },
    { ...young, level: 'STALE' as const },
    { ...young, superseded: true },
  ])
    expect(isBetter(answer(of, { freshness: older }), answer(of, { freshness: young }))).toBe(false);
});

const EVIDENCE: Evidence[] = ['LIVE', 'MODULE', 'MANIFEST', 'UNSIGNED', 'INFERRED'];

law('weaker evidence never makes a way safe', (of) => {
  const question = { ...of.question, evidence: 'MODULE' as const, allow: [] };
  if (answer(of, { question }).kind === 'SAFE') return;
  for (const weak of EVIDENCE.slice(2)) {
    // A weaker file is also a weaker word on what stands against going; but it is never a yes.
    const manifests = of.manifests.map((manifest) =>
      manifest.evidence === 'MODULE' || manifest.evidence === 'LIVE'
        ? { ...manifest, evidence: weak }
        : manifest,
    );
    const target =
      of.target.kind === 'PATCH'
        ? {
            ...of.target,
            patch: manifests.find(
              (manifest) => manifest.buildId === (of.target as { patch: { buildId: string } }).patch.buildId,
            )!,
          }
        : of.target;
    expect(answer(of, { manifests, target, question }).kind).not.toBe('SAFE');
  }
});

law('who demands better evidence never gets a better verdict', (of) => {
  for (const [i, required] of EVIDENCE.entries()) {
    const next = EVIDENCE[i + 1];
    if (next === undefined) break;
    const [strict, lax] = [required, next].map((evidence) =>
      answer(of, { question: { ...of.question, evidence } }),
    ) as [Verdict, Verdict];
    expect(isBetter(strict, lax)).toBe(false);
  }
});

law('allowing a code changes no kind', (of) => {
  const host = resolveSituation(of.situation, registry(of));
  const each = (allow: readonly string[]) =>
    judgeRoutes(host, of.target, registry(of), of.freshness, { ...of.question, allow });
  const before = each([]);
  for (const verdict of each(of.question.allow)) {
    // Which bridge is proposed may depend on what is allowed.
    if (verdict.route === 'BRIDGE') continue;
    const { kind, reasons } = before.find(({ route }) => route === verdict.route)!;
    expect(verdict).toMatchObject({ kind, reasons });
    expect(verdict.allowed.every((code) => of.question.allow.includes(code))).toBe(true);
  }
});

law('a setting that is not reported never makes a verdict better', (of) => {
  const { gates, capabilities } = of.situation;
  const known = answer(of);
  // Without the taint, a contradiction cannot be seen.
  if (known.reasons.some(({ code }) => code === 'REPORT_CONTRADICTORY')) return;
  for (const situation of [
    { ...of.situation, gates: { ...gates, modulesDisabled: null } },
    { ...of.situation, gates: { ...gates, ftraceEnabled: null } },
    { ...of.situation, capabilities: { ...capabilities, signatureEnforced: null } },
    { ...of.situation, capabilities: { ...capabilities, lockdown: null } },
    { ...of.situation, tainted: null },
    { ...of.situation, unread: ['modules'] },
    { ...of.situation, historyTooLong: true },
    { ...of.situation, bootHistory: 'GAP' as const },
  ])
    if (known.kind !== 'SAFE') expect(answer(of, { situation }).kind).not.toBe('SAFE');
});

law('one witness clears nothing, and no fewer witnesses than two will do', (of) => {
  const one = (buildId: string): LoadSighting[] =>
    registry({ ...of, seen: true }).sightings!(buildId).slice(0, 1);
  const catalogOf = { ...registry(of), sightings: one };
  const host = resolveSituation(of.situation, catalogOf);
  const none = { ...registry(of), sightings: () => [] };
  const [with1, with0] = [catalogOf, none].map((known) =>
    judge(host, of.target, known, of.freshness, of.question),
  ) as [Verdict, Verdict];
  expect(with1.kind).toBe(with0.kind);
  expect(with1.reasons.map(({ code }) => code)).toEqual(with0.reasons.map(({ code }) => code));
});

law('more witnesses demanded never makes a verdict better', (of) =>
  expect(
    isBetter(
      answer(of, { question: { ...of.question, witnesses: 3 } }),
      answer(of, { question: { ...of.question, witnesses: 2 } }),
    ),
  ).toBe(false),
);

law('shared signing keys never make a verdict worse, and change no verdict but by signatures', (of) => {
  const [apart, shared] = [false, true].map((sharedSigningKeys) =>
    answer(of, { question: { ...of.question, sharedSigningKeys } }),
  ) as [Verdict, Verdict];
  expect(isBetter(apart, shared)).toBe(false);
});

law('one more unlisted patch never makes a verdict better', (of) => {
  const of1: World = { ...of, situation: { ...of.situation, tainted: of.situation.tainted ?? true } };
  // How a leftover left the list is more than nothing: disabled is better than unknown.
  const offTheList = [
    ...of.situation.leftovers,
    ...of.situation.list.filter((patch) => !patch.enabled && !patch.transition),
  ];
  if (offTheList.some(({ buildId }) => buildId === 'id-1')) return;
  for (const unlistedBy of ['REPLACED', 'FORCED', 'DISABLED', 'UNKNOWN'] as const) {
    const gone = { name: 'gone', buildId: 'id-1', reading: null, unlistedBy };
    const more = { ...of1.situation, unlisted: [...of1.situation.unlisted, gone] };
    expect(isBetter(answer(of1, { situation: more }), answer(of1))).toBe(false);
  }
});

law('what is in conflict is never safe to leave or to load, whatever is allowed', (of) => {
  const { kind, reasons } = answer(of);
  if (reasons.some((reason) => reason.code === 'EVIDENCE_CONFLICT')) expect(kind).not.toBe('SAFE');
});

law('no reason is said twice', (of) => {
  const said = answer(of).reasons.map((reason) =>
    JSON.stringify({ ...reason, clearedBy: null }, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  );
  expect(new Set(said).size).toBe(said.length);
});

law('while a transition is open nothing is safe but to turn it round, or to reboot', (of) => {
  const { kind, route } = answer(of);
  if (of.situation.list.some((patch) => patch.transition) && kind === 'SAFE')
    expect(['REVERSE', 'REBOOT']).toContain(route);
});

test('the laws are not empty: a good part of these worlds has a safe way', () => {
  const kinds = fc.sample(world, { numRuns: 1000, seed: 7 }).map((of) => answer(of).kind);
  expect(kinds.filter((kind) => kind === 'SAFE').length).toBeGreaterThan(100);
});

const isBetter = (a: Verdict, b: Verdict): boolean => a.kind === 'SAFE' && isWorse(b.kind, 'SAFE');
