import { HeartbeatsStore } from '../../src/store/hosts/heartbeats.store.js';
import { HistoryStore } from '../../src/store/history/history.store.js';
import { CAN_DOWNGRADE, later, logged, Registry, running } from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
beforeEach(async () => {
  await registry.reset();
  await registry.publish('lab_r_1v1_a');
});
afterAll(() => registry.stop());

const HOST = logged(running('web-1', ['lab_r_1v1_a']));
const TARGET = { to: { name: 'lab_r_1v1_a' } };
const answers = async () => {
  const all = (await registry.ask(CAN_DOWNGRADE, TARGET)).canDowngrade;
  const named = (await registry.ask(CAN_DOWNGRADE, { ...TARGET, where: { hostnames: ['web-1'] } }))
    .canDowngrade;
  const one = (
    await registry.ask(
      '{ host(hostname: "web-1") { freshness { level } ' +
        'canDowngrade(to: { name: "lab_r_1v1_a" }) { kind } } }',
    )
  ).host;
  return {
    fleet: all.kind,
    cohort: all.cohorts.nodes[0].freshness,
    page: all.hosts.nodes[0].verdict.kind,
    stale: all.reasons.nodes.some(
      ({ reason }: { reason: { code: string } }) => reason.code === 'REPORT_STALE',
    ),
    named: named.kind,
    host: one.canDowngrade.kind,
    level: one.freshness.level,
  };
};
const FRESH = {
  fleet: 'SAFE',
  cohort: 'FRESH',
  page: 'SAFE',
  stale: false,
  named: 'SAFE',
  host: 'SAFE',
  level: 'FRESH',
};
const UNKNOWN = {
  fleet: 'UNKNOWN',
  cohort: expect.stringMatching(/LOST|STALE/),
  page: 'UNKNOWN',
  stale: true,
  named: 'UNKNOWN',
  host: 'UNKNOWN',
  level: expect.stringMatching(/LOST|STALE/),
};

test.each([
  ['forty days', 40 * 24],
  ['two hours', 2],
])(
  'hosts that were confirmed by a clock that was %s ahead are not fresh once it is right',
  async (_, hours) => {
    await registry.report(HOST);
    registry.wait(hours, 'hours');
    await registry.heartbeat(HOST);
    expect(await answers()).toEqual(FRESH);
    registry.wait(-hours, 'hours');
    expect(await answers()).toEqual(UNKNOWN);
  },
);

test('they are fresh again with their next heartbeat', async () => {
  await registry.report(HOST);
  registry.wait(2, 'hours');
  await registry.heartbeat(HOST);
  registry.wait(-2, 'hours');
  registry.wait(1, 'minutes');
  expect((await registry.heartbeat(HOST, { sequence: 3 })).body).toMatchObject({ outcome: 'CONFIRMED' });
  expect(await answers()).toEqual(FRESH);
  registry.wait(2, 'hours');
  expect(await answers()).toEqual(UNKNOWN);
});

test('or with their next report', async () => {
  registry.wait(2, 'hours');
  await registry.report(HOST);
  registry.wait(-2, 'hours');
  await registry.report(later(HOST, { taint: 45_057 }));
  expect(await answers()).toEqual(FRESH);
});

test.each([
  ['a heartbeat', 40 * 24, true],
  ['a report', 40 * 24, false],
  ['a heartbeat, by minutes only,', 0.05, true],
])('a silent host is not fresh on the day that %s told by a wrong clock', async (_, hours, confirmed) => {
  if (confirmed) await registry.report(HOST);
  if (confirmed) registry.wait(1, 'minutes');
  registry.wait(hours, 'hours');
  if (confirmed) await registry.heartbeat(HOST);
  else await registry.report(HOST);
  registry.wait(-hours, 'hours');
  expect(await registry.app.get(HeartbeatsStore).takeBackFutureConfirmations(registry.now())).toBe(1);
  expect(await registry.app.get(HeartbeatsStore).takeBackFutureConfirmations(registry.now())).toBe(0);
  registry.wait(hours + 0.3, 'hours');
  expect(await answers()).toEqual(UNKNOWN);
});

test('less than a minute ahead is as good as now: servers read the clock once in a while', async () => {
  registry.wait(50, 'seconds');
  await registry.report(HOST);
  registry.wait(-50, 'seconds');
  expect(await answers()).toEqual(FRESH);
});

describe('a clock that is wrong drops no history', () => {
  const keep = async () => (await registry.app.get(HistoryStore).keepPartitions(registry.now(), 30)).dropped;

  test('nothing is dropped that is not also too old by the newest confirmation', async () => {
    await registry.report(HOST);
    registry.wait(24 * 40, 'hours');
    expect(await keep()).toEqual([]);
  });

  test('nor is anything where no host has ever been confirmed', async () => {
    registry.wait(24 * 40, 'hours');
    expect(await keep()).toEqual([]);
  });

  test('a day of each table is dropped in an hour, the oldest first, and the audit log says so', async () => {
    registry.wait(24 * 40, 'hours');
    await registry.report(HOST);
    expect(await keep()).toEqual(['host_history_20261123', 'host_gap_20261123']);
    expect(await keep()).toEqual([]);
    registry.wait(61, 'minutes');
    expect(await keep()).toEqual(['host_history_20261124', 'host_gap_20261124']);
    registry.wait(-24, 'hours'); // the clock is put right: what was dropped later than now does not count
    expect(await keep()).toEqual(['host_history_20261125', 'host_gap_20261125']);
  });
});
