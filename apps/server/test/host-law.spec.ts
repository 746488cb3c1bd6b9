import {
  DEFAULT_QUESTION,
  judge,
  type Manifest,
  resolveSituation,
  ROUTES,
  type Situation,
  type Verdict,
} from '@klpreg/compat';
import { catalog, manifest, promising } from '@klpreg/compat/testing';
import type { Report } from '@klpreg/wire';
import fc from 'fast-check';
import { addLateReport } from '../src/ingest/boot-history.js';
import { placeMessage } from '../src/ingest/boot-ranges.js';
import { isReliable } from '../src/ingest/contradictions.js';
import { deriveSituation, type PreviousState } from '../src/ingest/situation.js';
import type { BootRange } from '../src/store/hosts/boots.store.js';
import { HostModel, type Operation } from './host-model.js';
import { idle } from './registry.js';

const INTERVAL = 60;
const NUM_RUNS = Number(process.env['LAW_RUNS'] ?? 300);

/** Cumulative and not, with and without states, some of which promise to restore them. */
const PATCHES: readonly Manifest[] = [
  promising('r_one', { 1: 1 }),
  promising('r_one_more', { 1: 1, 2: 1 }),
  promising('r_two', { 1: 2 }),
  manifest('r_keeps', { 1: 1 }),
  manifest('r_none'),
  promising('n_one', { 1: 1 }, { replace: false }),
  promising('n_three', { 3: 1 }, { replace: false }),
  manifest('n_none', {}, { replace: false }),
];
const CATALOG = catalog(PATCHES);

/** Which of the operations that are possible then; one in forty is a reboot. */
const operation = fc.nat({ max: 39_999 });
const choose = (model: HostModel, n: number): Operation => {
  const possible = model.possible(PATCHES);
  return n % 40 === 0 ? { do: 'REBOOT' } : possible[Math.floor(n / 40) % possible.length]!;
};

/**
 * Between two looks at most two operations, as long as the agent looks; more only if it did not look for too
 * long, which it says.
 */
const stretch = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      operations: fc.array(operation, { maxLength: 2 }),
      seconds: fc.integer({ min: 1, max: 5 * INTERVAL }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      operations: fc.array(operation, { maxLength: 8 }),
      seconds: fc.integer({ min: 5 * INTERVAL + 1, max: 7200 }),
    }),
  },
);
const look = fc.record({
  stretch,
  delivery: fc.oneof(
    { weight: 8, arbitrary: fc.constant('SENT' as const) },
    { weight: 3, arbitrary: fc.constantFrom('SPOOLED' as const, 'TWICE' as const) },
  ),
  unread: fc.oneof(
    { weight: 12, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});
const life = fc.record({
  watchedFromBoot: fc.boolean(),
  log: fc.boolean(),
  taintShown: fc.boolean(),
  looks: fc.array(look, { minLength: 1, maxLength: 10 }),
});

const BOOT = (n: number) => `b0b0b0b0-0000-4000-8000-${String(n).padStart(12, '0')}`;
const HOST = idle('web-1');

/** What an agent sees. */
function see(
  model: HostModel,
  sequence: number,
  atMs: number,
  { log, taintShown }: { log: boolean; taintShown: boolean },
  unread: boolean,
): Report {
  const off = [...model.loaded].filter((loaded) => !model.list.some((one) => one.patch === loaded));
  return {
    ...HOST,
    sequence,
    host: {
      ...HOST.host,
      bootId: BOOT(model.boot),
      kernelRelease: '6.12.95+deb13-amd64',
      kernelVersion: '#1 SMP Debian 6.12.95-1',
    },
    clock: { ...HOST.clock, observedMs: atMs, sentMs: atMs },
    taint: taintShown ? (model.tainted ? 2 ** 15 : 0) : null,
    livepatches: model.list.map(({ patch: { name, buildId, replace }, enabled, transition }, i) => ({
      name,
      buildId,
      srcversion: null,
      enabled,
      transition,
      replace,
      stackOrder: i + 1,
      refcount: 1,
      objects: [],
      reading: null,
      moduleState: 'Live' as const,
      moduleTaint: 'OEK',
    })),
    leftovers: off.map((loaded) => ({
      name: loaded.name,
      buildId: loaded.buildId,
      srcversion: null,
      refcount: model.pinned.has(loaded) ? 1 : 0,
      reading: null,
      moduleState: 'Live' as const,
    })),
    gates: { modulesDisabled: false, ftraceEnabled: true },
    ...(unread && { unread: ['the modules'] }),
    ...(log && { kernelLog: { reachesBoot: true, events: model.log } }),
  };
}

/**
 * What the registry makes of documents of one host, in the order in which they come: as `Reports` does,
 * without its store.
 */
class OneHost {
  before: PreviousState | null = null;
  suspect = false;
  private sequence = 0;
  private boots: BootRange[] = [];

  receive(report: Report, observedAt: Date): void {
    const { bootId } = report.host;
    if (report.sequence === this.sequence) return;
    const placed = placeMessage(this.boots, bootId, BigInt(report.sequence));
    this.suspect ||= placed.suspect;
    if (placed.range !== null)
      this.boots = [...this.boots.filter((boot) => boot.bootId !== bootId), placed.range];
    const late = report.sequence < this.sequence;
    if (late && this.before!.bootId === bootId) {
      const alone = deriveSituation(report, null, observedAt, INTERVAL).situation;
      this.before = { ...this.before!, situation: addLateReport(this.before!.situation, alone) };
    }
    if (late) return;
    this.sequence = report.sequence;
    const { situation, carried } = deriveSituation(report, this.before, observedAt, INTERVAL);
    this.before = { bootId, situation, carried, confirmedAt: observedAt };
  }
}

/** The situations of which no verdict is SAFE, whatever is asked. */
const mayBeSafe = (situation: Situation, suspect: boolean): boolean =>
  situation.bootHistory === 'KNOWN' && !situation.historyTooLong && isReliable(situation) && !suspect;

/** Carries out what a verdict names. */
function carryOut(model: HostModel, { steps }: Verdict): void {
  const named = (name: string | null) => PATCHES.find((one) => one.name === name)!;
  for (const { action, patch: name } of steps) {
    if (action === 'WAIT') model.run({ do: 'COMPLETE' });
    else if (action === 'REBOOT') model.run({ do: 'REBOOT' });
    else if (action === 'REVERSE') model.run({ do: 'REVERSE' });
    else model.run({ do: action === 'REMOVE_MODULE' ? 'REMOVE' : action, patch: named(name) });
  }
  model.run({ do: 'COMPLETE' });
}

const copyOf = (model: HostModel): HostModel => {
  const copy = new HostModel();
  const { list, loaded, pinned, changed, log, boot, tainted } = model;
  Object.assign(copy, {
    list: list.map((one) => ({ ...one })),
    loaded: new Set(loaded),
    pinned: new Set(pinned),
    changed: new Map(changed),
    log: [...log],
    boot,
    tainted,
  });
  return copy;
};

const QUESTION = {
  ...DEFAULT_QUESTION,
  routes: ROUTES.filter((route) => route !== 'REBOOT' && route !== 'REVERSE' && route !== 'BRIDGE'),
};
const TARGETS = [
  { kind: 'ORIGINAL' as const },
  ...PATCHES.map((of) => ({ kind: 'PATCH' as const, patch: of })),
];
let safe = 0;

/**
 * Judges every target, and carries out each SAFE plan.
 *
 * @returns the states that a plan leaves without a holder
 */
function uncoveredBySafe(model: HostModel, host: OneHost): string[] {
  const { situation } = host.before!;
  if (!mayBeSafe(situation, host.suspect)) return [];
  const resolved = resolveSituation(situation, CATALOG);
  return TARGETS.flatMap((target) => {
    const verdict = judge(
      resolved,
      target,
      CATALOG,
      { level: 'FRESH', ageSeconds: 0, superseded: false },
      QUESTION,
    );
    if (verdict.kind !== 'SAFE') return [];
    safe += 1;
    const after = copyOf(model);
    carryOut(after, verdict);
    const left = after.uncovered();
    const name = target.kind === 'ORIGINAL' ? 'original' : target.patch.name;
    return left.length === 0 ? [] : [`${name} by ${verdict.route} leaves ${left.join(', ')}`];
  });
}

test('no SAFE plan leaves a state without a listed holder, for any history of a host and of its reports', () => {
  fc.assert(
    fc.property(life, ({ looks, ...agent }) => {
      const model = new HostModel();
      const host = new OneHost();
      const waiting: [Report, Date][] = [];
      let sequence = 1;
      let atMs = 1_000_000;
      const deliver = (report: Report) => host.receive(report, new Date(report.clock.observedMs));
      if (agent.watchedFromBoot) deliver(see(model, sequence++, atMs, agent, false));
      for (const {
        stretch: { operations, seconds },
        delivery,
        unread,
      } of looks) {
        for (const one of operations) model.run(choose(model, one));
        atMs += seconds * 1000;
        const report = see(model, sequence++, atMs, agent, unread);
        if (delivery === 'SPOOLED') {
          waiting.push([report, new Date(atMs)]);
          continue;
        }
        // spooled reports arrive after a newer one, as from a relay that changes the order
        deliver(report);
        for (const [late] of waiting.splice(0)) deliver(late);
        if (delivery === 'TWICE') deliver(report);
        const found = uncoveredBySafe(model, host);
        if (found.length > 0) throw new Error(found.join('; '));
      }
    }),
    { numRuns: NUM_RUNS },
  );
  expect(safe).toBeGreaterThan(NUM_RUNS);
}, 600_000);
