import { setTimeout as sleep } from 'node:timers/promises';
import { ModuleFiles } from '../src/fleet/module-files.js';
import { makeFleet } from '../src/fleet/fleet.js';
import { publish } from '../src/run/publish.js';
import { sequenceAt } from '../src/run/sequence.js';
import { startRegistry } from './registry.js';
import { project, simulate } from './run-simulator.js';

let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

const sequences = () => new Map([...registry.known].map(([instance, { sequence }]) => [instance, sequence]));
const instances = () => new Set(registry.known.keys());

test('loading: each host is reported once, in compressed batches', async () => {
  const summary = await simulate(registry.url, '--hosts 200 --load-only --load-batch 40');
  expect(summary).toMatchObject({
    loaded: 200,
    outcomes: { STORED: 200 },
    published: {},
    refused: {},
    errors: {},
    waiting: 0,
  });
  expect(instances().size).toBe(200);
  expect(new Set(registry.received.map((one) => one.path))).toEqual(new Set(['/v1/reports:batch']));
});

test.each([
  ['', (hosts: number, sets: number) => sets < hosts / 1.5],
  [' --own-labels', (hosts: number, sets: number) => sets > hosts * 0.95],
])('number of label sets with options "%s"', async (option, is) => {
  await simulate(registry.url, `--hosts 1000 --load-only${option}`);
  const sets = new Set(
    registry.received.map(({ message }) => ('host' in message ? JSON.stringify(message.host.labels) : '')),
  );
  expect(is(1000, sets.size)).toBe(true);
});

test('publishing: each build once, as a module file or as a manifest', async () => {
  const builds = makeFleet({ seed: 1, hosts: 1 }).builds();
  const outcomes = await publish(builds.slice(0, 40), new ModuleFiles(project), {
    url: registry.url,
    token: 'secret',
  });
  expect(Object.fromEntries(outcomes)).toEqual({ PUBLISHED: 40 });
  expect(new Set(registry.published)).toEqual(
    new Set(builds.slice(0, 40).map((build) => `/v1/patches/${build.buildId}`)),
  );
});

// the registry's limits: a first sequence of at most 2^32, and steps of at most 1,000,000
test('sequences are small, and hardly grow within a day', () => {
  const now = Date.now();
  expect(sequenceAt(now)).toBeLessThan(2 ** 32);
  expect(sequenceAt(now + 86_400_000) - sequenceAt(now)).toBeLessThan(1_000_000);
});

test('loading again: the same hosts with newer sequences', async () => {
  await simulate(registry.url, '--hosts 50 --load-only');
  const before = sequences();
  await sleep(1_100);
  expect(await simulate(registry.url, '--hosts 50 --load-only')).toMatchObject({
    outcomes: { UNCHANGED: 50 },
    refused: {},
  });
  expect(instances().size).toBe(50);
  for (const [instance, sequence] of sequences()) expect(sequence).toBeGreaterThan(before.get(instance)!);
});

test('messages that an overloaded registry did not process are sent again after Retry-After', async () => {
  let busy = 2;
  registry.behaviour.override = (at) =>
    at.includes('reports') && busy-- > 0 ? { status: 503, headers: { 'retry-after': '1' } } : null;
  const startedAt = Date.now();
  const summary = await simulate(registry.url, '--hosts 60 --load-only --load-batch 20 --connections 2');
  expect(summary).toMatchObject({ loaded: 60, retried: 40, errors: { '503': 40 }, refused: {} });
  expect(Date.now() - startedAt).toBeGreaterThan(950);
});

/**
 * Returns the times at which each host read its facts, by the messages on a route: milliseconds, oldest
 * first.
 */
function readTimesBy(route: string): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const { path, message } of registry.received) {
    if (path !== route) continue;
    const instance = 'host' in message ? message.host.instance : message.instance;
    times.set(instance, [...(times.get(instance) ?? []), Date.parse(message.clock.wall)]);
  }
  return times;
}
const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - times[i]!);

// 60 seconds at 150 times the speed are 400 ms. The jitter is a tenth of that, and a timer slot has 50 ms.
const SHORTEST_GAP_MS = 290;

test.each([
  ['one in each request, as agents do', '', '/v1/heartbeats'],
  ['in batches, as relays do', ' --batch 10', '/v1/heartbeats:batch'],
])(
  'sessions: each host sends heartbeats, and none before its interval is over, %s',
  async (_what, more, route) => {
    const allSentTwice = () =>
      [...readTimesBy(route).values()].filter((times) => times.length >= 2).length === 80;
    const summary = await simulate(
      registry.url,
      `--hosts 80 --calm --interval 60 --speed 150${more}`,
      allSentTwice,
    );
    expect(summary.refused).toEqual({});
    const times = readTimesBy(route);
    expect(times.size).toBe(80);
    expect(Math.min(...[...times.values()].flatMap(gapsOf))).toBeGreaterThanOrEqual(SHORTEST_GAP_MS);
    expect(summary.outcomes['CONFIRMED']).toBe([...times.values()].flat().length);
  },
);

test('a registry that does not know a host asks for its report and gets it', async () => {
  const summary = await simulate(
    registry.url,
    '--hosts 30 --calm --interval 60 --speed 150 --skip-load',
    () => registry.known.size === 30,
  );
  expect(summary.outcomes).toMatchObject({ STORED: 30 });
  expect(summary.outcomes['REPORT_WANTED']).toBeGreaterThanOrEqual(30);
  expect(summary.refused).toEqual({});
});

test('the registry sets the interval unless --interval is given', async () => {
  registry.behaviour.intervalSeconds = 1;
  const gaps = () => [...readTimesBy('/v1/heartbeats').values()].flatMap(gapsOf);
  await simulate(registry.url, '--hosts 20 --calm --speed 150', () =>
    gaps().some((gap) => gap < SHORTEST_GAP_MS / 2),
  );
  registry.received.length = 0;
  await simulate(
    registry.url,
    '--hosts 20 --calm --speed 150 --interval 60 --skip-load',
    () => gaps().length >= 20,
  );
  expect(Math.min(...gaps())).toBeGreaterThanOrEqual(SHORTEST_GAP_MS);
});

test('rejections of correct messages are counted by reason', async () => {
  let refused = 0;
  registry.behaviour.override = (at) => (at === '/v1/heartbeats' && ++refused > 0 ? { status: 413 } : null);
  const summary = await simulate(
    registry.url,
    '--hosts 10 --calm --interval 1 --speed 10',
    () => refused >= 10,
  );
  expect(summary.refused['heartbeat 413']).toBeGreaterThan(0);
});

test('a wrong token ends the run with the status of the response', async () => {
  registry.behaviour.override = (at) => (at.includes('reports') ? { status: 401 } : null);
  await expect(simulate(registry.url, '--hosts 10 --load-only')).rejects.toThrow(
    'does not accept the token (HTTP 401)',
  );
  registry.behaviour.override = (at) => (at.includes('heartbeats') ? { status: 403 } : null);
  await expect(simulate(registry.url, '--hosts 10 --calm --interval 1')).rejects.toThrow(
    'does not accept the token (HTTP 403)',
  );
});
