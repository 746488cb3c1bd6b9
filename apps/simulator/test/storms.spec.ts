import { setTimeout as sleep } from 'node:timers/promises';
import { openRegistry } from './registry.js';
import { simulate } from './simulated.js';

let registry: Awaited<ReturnType<typeof openRegistry>>;

beforeEach(async () => {
  registry = await openRegistry();
});
afterEach(() => registry.close());

test('things happen: a rollout, reboots, an outage whose hosts come back with all they wrote', async () => {
  const words = '--hosts 300 --interval 60 --minutes 0.03 --speed 200 --changes 0.05 --rollout-share 0.3 --rollout-after 0 --rollout-minutes 2';
  const summary = await simulate(registry.url, `${words} --outage-share 0.2 --outage-every 1 --outage-minutes 2 --clones 0 --liars 0 --gone 0.01`);
  expect(summary.refused).toEqual({});
  for (const what of ['TRANSITION_BEGUN', 'TRANSITION_ENDED', 'REBOOTED', 'CUT_OFF', 'GONE']) expect(summary.happened[what]).toBeGreaterThan(0);
  const spooled = registry.received.filter(({ document }) => document.clock.sentMs - document.clock.observedMs > 200);
  expect(spooled.length).toBeGreaterThan(20);
  for (const [, { digest }] of registry.known) expect(digest).toMatch(/^[0-9a-f]{64}$/);
});

test('of one host, documents come in the order of their sequences', async () => {
  await simulate(
    registry.url,
    '--hosts 60 --interval 60 --speed 200 --minutes 0.02 --outage-share 0.5 --outage-every 1 --outage-minutes 1 --clones 0 --liars 0',
  );
  const last = new Map<string, number>();
  for (const { document } of registry.received) {
    const instance = 'host' in document ? document.host.instance : document.instance;
    expect(document.sequence).toBeGreaterThan(last.get(instance) ?? 0);
    last.set(instance, document.sequence);
  }
});

test('clones and liars: the registry sees through them, and nobody else is refused', async () => {
  const summary = await simulate(
    registry.url,
    '--hosts 40 --interval 60 --speed 200 --minutes 0.025 --changes 0 --rollout-share 0 --outage-share 0 --clones 0.1 --liars 0.1',
  );
  expect(Object.keys(summary.lies).filter((lie) => !lie.endsWith('as it should'))).toEqual([]);
  expect(Object.keys(summary.lies).length).toBe(4);
  const machines = new Map<string, Set<string | null>>();
  for (const { document } of registry.received)
    if ('host' in document) machines.set(document.host.instance, (machines.get(document.host.instance) ?? new Set()).add(document.host.machine));
  expect([...machines.values()].filter((seen) => seen.size === 2).length).toBeGreaterThan(0);
  expect(summary.refused).toEqual({});
});

test('a registry that goes away and comes back gets everything that was written meanwhile', async () => {
  const summary = simulate(registry.url, '--hosts 40 --calm --interval 60 --speed 120 --minutes 0.055 --connections 4 --skip-load');
  await sleep(700);
  registry.play.reply = (at) => (at.includes('heartbeat') ? { status: 503, headers: { 'retry-after': '1' } } : null);
  await sleep(800);
  registry.play.reply = () => null;
  const { errors, retried, waiting, refused } = await summary;
  expect(errors['503']).toBe(retried);
  expect(retried).toBeGreaterThan(20);
  expect(waiting).toBeLessThan(20);
  expect(refused).toEqual({});
});
