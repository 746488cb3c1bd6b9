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

test.each([
  ['each alone, as agents do', '', '/v1/heartbeats'],
  ['as relays do', ' --batch 10', '/v1/heartbeats:batch'],
])('living: every host is heard in its interval, %s', async (_what, more, door) => {
  const summary = await simulate(registry.url, `--hosts 80 --calm --interval 60 --speed 150 --minutes 0.014${more}`);
  expect(summary.refused).toEqual({});
  const heard = registry.received.filter((one) => one.path === door);
  const times = new Map<string, number>();
  for (const { document } of heard) if ('instance' in document) times.set(document.instance, (times.get(document.instance) ?? 0) + 1);
  expect(times.size).toBe(80);
  expect(Math.max(...times.values())).toBeLessThanOrEqual(4);
  expect(summary.outcomes['CONFIRMED']).toBe(heard.length);
});

test('a registry that forgot a host asks for its report, and gets it', async () => {
  const summary = await simulate(registry.url, '--hosts 30 --calm --interval 60 --speed 150 --minutes 0.012 --skip-load');
  expect(summary.outcomes).toMatchObject({ REPORT_WANTED: 30, STORED: 30 });
  expect(summary.refused).toEqual({});
});

test('the interval is what the registry asks for, unless one is given', async () => {
  registry.play.intervalSeconds = 1;
  const asked = await simulate(registry.url, '--hosts 20 --calm --speed 150 --minutes 0.015 --skip-load');
  registry.received.length = 0;
  const given = await simulate(registry.url, '--hosts 20 --calm --speed 150 --interval 60 --minutes 0.015 --skip-load');
  expect(asked.documents).toBeGreaterThan(2 * given.documents);
});

test('what the registry refuses and should take is counted by why', async () => {
  registry.play.reply = (at) => (at === '/v1/heartbeats' ? { status: 413 } : null);
  const summary = await simulate(registry.url, '--hosts 10 --calm --interval 1 --speed 10 --minutes 0.01');
  expect(summary.refused['heartbeat 413']).toBeGreaterThan(0);
});

test('a wrong token ends it, with what the registry said', async () => {
  registry.play.reply = (at) => (at.includes('reports') ? { status: 401 } : null);
  await expect(simulate(registry.url, '--hosts 10 --load-only')).rejects.toThrow('does not accept the token (HTTP 401)');
  registry.play.reply = (at) => (at.includes('heartbeats') ? { status: 403 } : null);
  await expect(simulate(registry.url, '--hosts 10 --calm --interval 1')).rejects.toThrow('does not accept the token (HTTP 403)');
});
