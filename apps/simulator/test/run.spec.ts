import { setTimeout as sleep } from 'node:timers/promises';
import { ModuleFiles } from '../src/fleet/files.js';
import { makeFleet } from '../src/fleet/fleet.js';
import { publish } from '../src/run/publish.js';
import { openRegistry } from './registry.js';
import { project, simulate } from './simulated.js';

let registry: Awaited<ReturnType<typeof openRegistry>>;

beforeEach(async () => {
  registry = await openRegistry();
});
afterEach(() => registry.close());

const instances = () => new Set(registry.known.keys());

test('loading: every host is known once, in compressed batches', async () => {
  const summary = await simulate(registry.url, '--hosts 200 --load-only --load-batch 40');
  expect(summary).toMatchObject({ loaded: 200, outcomes: { STORED: 200 }, published: {}, refused: {}, errors: {}, waiting: 0 });
  expect(instances().size).toBe(200);
  expect(new Set(registry.received.map((one) => one.path))).toEqual(new Set(['/v1/reports:batch']));
});

test.each([
  ['', (hosts: number, sets: number) => sets < hosts / 1.5],
  [' --own-labels', (hosts: number, sets: number) => sets > hosts * 0.95],
])('labels of the hosts with%s', async (option, is) => {
  await simulate(registry.url, `--hosts 1000 --load-only${option}`);
  const sets = new Set(registry.received.map(({ document }) => ('host' in document ? JSON.stringify(document.host.labels) : '')));
  expect(is(1000, sets.size)).toBe(true);
});

test('publishing: every build once, as a file or as facts', async () => {
  const builds = makeFleet({ seed: 1, hosts: 1 }).builds();
  const outcomes = await publish(builds.slice(0, 40), new ModuleFiles(project), { url: registry.url, token: 'secret' });
  expect(Object.fromEntries(outcomes)).toEqual({ PUBLISHED: 40 });
  expect(new Set(registry.published)).toEqual(new Set(builds.slice(0, 40).map((build) => `/v1/patches/${build.buildId}`)));
});

test('loading again: the same hosts, and newer sequences', async () => {
  await simulate(registry.url, '--hosts 50 --load-only');
  await sleep(5);
  expect(await simulate(registry.url, '--hosts 50 --load-only')).toMatchObject({ outcomes: { UNCHANGED: 50 }, refused: {} });
  expect(instances().size).toBe(50);
});

test('a registry that is busy: what it had no room for is sent again, after what it asked for', async () => {
  let busy = 2;
  registry.play.reply = (at) => (at.includes('reports') && busy-- > 0 ? { status: 503, headers: { 'retry-after': '1' } } : null);
  const began = Date.now();
  const summary = await simulate(registry.url, '--hosts 60 --load-only --load-batch 20 --connections 2');
  expect(summary).toMatchObject({ loaded: 60, retried: 40, errors: { '503': 40 }, refused: {} });
  expect(Date.now() - began).toBeGreaterThan(950);
});

/** When each host looked, by the messages that came this way: milliseconds, oldest first. */
function looksBy(route: string): Map<string, number[]> {
  const looks = new Map<string, number[]>();
  for (const { path, document } of registry.received) {
    if (path !== route) continue;
    const instance = 'host' in document ? document.host.instance : document.instance;
    looks.set(instance, [...(looks.get(instance) ?? []), Date.parse(document.clock.wall)]);
  }
  return looks;
}
const gapsOf = (looks: readonly number[]): number[] => looks.slice(1).map((at, i) => at - looks[i]!);

// 60 seconds at 150 times the speed are 400 ms. A heartbeat comes up to a tenth and a timer slot of 50 ms sooner.
const SOONEST_MS = 290;

test.each([
  ['each alone, as agents do', '', '/v1/heartbeats'],
  ['as relays do', ' --batch 10', '/v1/heartbeats:batch'],
])('living: every host sends heartbeats, and none before its interval is over, %s', async (_what, more, route) => {
  const allTwice = () => [...looksBy(route).values()].filter((looks) => looks.length >= 2).length === 80;
  const summary = await simulate(registry.url, `--hosts 80 --calm --interval 60 --speed 150${more}`, allTwice);
  expect(summary.refused).toEqual({});
  const looks = looksBy(route);
  expect(looks.size).toBe(80);
  expect(Math.min(...[...looks.values()].flatMap(gapsOf))).toBeGreaterThanOrEqual(SOONEST_MS);
  expect(summary.outcomes['CONFIRMED']).toBe([...looks.values()].flat().length);
});

test('a registry that forgot a host asks for its report, and gets it', async () => {
  const summary = await simulate(registry.url, '--hosts 30 --calm --interval 60 --speed 150 --skip-load', () => registry.known.size === 30);
  expect(summary.outcomes).toMatchObject({ STORED: 30 });
  expect(summary.outcomes['REPORT_WANTED']).toBeGreaterThanOrEqual(30);
  expect(summary.refused).toEqual({});
});

test('the interval is what the registry asks for, unless one is given', async () => {
  registry.play.intervalSeconds = 1;
  const gaps = () => [...looksBy('/v1/heartbeats').values()].flatMap(gapsOf);
  await simulate(registry.url, '--hosts 20 --calm --speed 150', () => gaps().some((gap) => gap < SOONEST_MS / 2));
  registry.received.length = 0;
  await simulate(registry.url, '--hosts 20 --calm --speed 150 --interval 60 --skip-load', () => gaps().length >= 20);
  expect(Math.min(...gaps())).toBeGreaterThanOrEqual(SOONEST_MS);
});

test('what the registry refuses and should take is counted by why', async () => {
  let refused = 0;
  registry.play.reply = (at) => (at === '/v1/heartbeats' && ++refused > 0 ? { status: 413 } : null);
  const summary = await simulate(registry.url, '--hosts 10 --calm --interval 1 --speed 10', () => refused >= 10);
  expect(summary.refused['heartbeat 413']).toBeGreaterThan(0);
});

test('a wrong token ends it, with what the registry said', async () => {
  registry.play.reply = (at) => (at.includes('reports') ? { status: 401 } : null);
  await expect(simulate(registry.url, '--hosts 10 --load-only')).rejects.toThrow('does not accept the token (HTTP 401)');
  registry.play.reply = (at) => (at.includes('heartbeats') ? { status: 403 } : null);
  await expect(simulate(registry.url, '--hosts 10 --calm --interval 1')).rejects.toThrow('does not accept the token (HTTP 403)');
});
