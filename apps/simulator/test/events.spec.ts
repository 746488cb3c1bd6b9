import { startRegistry } from './registry.js';
import { simulate } from './run-simulator.js';

let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

test('a run has a rollout, reboots, switched-off hosts, and outages with spools', async () => {
  const fleet = '--hosts 300 --interval 60 --minutes 0.03 --speed 200 --clones 0 --faulty-hosts 0';
  const changes = '--changes 0.05 --gone 0.01';
  const rollout = '--rollout-share 0.3 --rollout-after 0 --rollout-minutes 2';
  const outage = '--outage-share 0.2 --outage-every 1 --outage-minutes 2';
  const summary = await simulate(registry.url, `${fleet} ${changes} ${rollout} ${outage}`);
  expect(summary.refused).toEqual({});
  for (const event of ['TRANSITION_BEGUN', 'TRANSITION_ENDED', 'REBOOTED', 'CUT_OFF', 'GONE'])
    expect(summary.happened[event]).toBeGreaterThan(0);
  const spooled = registry.received.filter(
    ({ message }) => message.clock.sentMs - message.clock.observedMs > 200,
  );
  expect(spooled.length).toBeGreaterThan(20);
  for (const [, { digest }] of registry.known) expect(digest).toMatch(/^[0-9a-f]{64}$/);
});

test('the messages of a host arrive in the order of their sequences', async () => {
  const fleet = '--hosts 60 --interval 60 --speed 200 --minutes 0.02 --clones 0 --faulty-hosts 0';
  await simulate(registry.url, `${fleet} --outage-share 0.5 --outage-every 1 --outage-minutes 1`);
  const last = new Map<string, number>();
  for (const { message } of registry.received) {
    const instance = 'host' in message ? message.host.instance : message.instance;
    expect(message.sequence).toBeGreaterThan(last.get(instance) ?? 0);
    last.set(instance, message.sequence);
  }
});

test('clones and faulty hosts get the expected replies, and no other host is rejected', async () => {
  const machinesOf = () => {
    const machines = new Map<string, Set<string | null>>();
    for (const { message } of registry.received) {
      if (!('host' in message)) continue;
      const { instance, machine } = message.host;
      machines.set(instance, (machines.get(instance) ?? new Set()).add(machine));
    }
    return [...machines.values()];
  };
  const hasClone = () => machinesOf().some((ids) => ids.size === 2);
  // the last of the four faults
  const hasWrongClock = () => registry.received.some(({ message }) => message.clock.wall.startsWith('1970'));
  const args = '--hosts 40 --interval 60 --speed 100 --calm --clones 0.1 --faulty-hosts 0.1';
  const summary = await simulate(registry.url, args, () => hasClone() && hasWrongClock());
  const faults = Object.keys(summary.faults);
  expect(faults.filter((fault) => !fault.endsWith('as expected'))).toEqual([]);
  expect(faults.length).toBe(4);
  expect(summary.refused).toEqual({});
});

test('after an outage of the registry, it gets the messages that were written meanwhile', async () => {
  let refusals = 0;
  registry.behaviour.override = (at) =>
    at.includes('heartbeat') && refusals++ < 40 ? { status: 503, headers: { 'retry-after': '1' } } : null;
  const delayed = () =>
    registry.received.filter(({ message }) => message.clock.sentMs - message.clock.observedMs > 950);
  const summary = await simulate(
    registry.url,
    '--hosts 40 --calm --interval 60 --speed 30 --connections 4 --skip-load',
    () => registry.known.size === 40 && delayed().length >= 10,
  );
  expect(summary).toMatchObject({ errors: { '503': 40 }, retried: 40, refused: {} });
});
