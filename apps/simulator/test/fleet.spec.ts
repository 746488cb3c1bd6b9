import { contentDigest, Heartbeat, Manifest, Report } from '@klpreg/wire';
import fc from 'fast-check';
import { startRollout, applyRoutineChange, completeTransition, reboot } from '../src/fleet/changes.js';
import { type Fleet, makeFleet } from '../src/fleet/fleet.js';
import { KERNELS } from '../src/fleet/kernels.js';
import type { Setup } from '../src/fleet/setup.js';

const AT = Date.UTC(2026, 10, 24);
const envelope = { sequence: 7, at: AT };
const anyHost = (hosts: number) => fc.integer({ min: 0, max: hosts - 1 });
const texts = (fleet: Fleet, hosts: number[]) => hosts.map((n) => fleet.reportText(n, envelope));

describe('equal parameters make equal fleets', () => {
  const some = [0, 1, 17, 4_711, 99_999];

  test('the same seed makes the same messages, in any order of computation', () => {
    const [one, other] = [makeFleet({ seed: 5, hosts: 100_000 }), makeFleet({ seed: 5, hosts: 100_000 })];
    for (let n = 0; n < 300; n++) other.reportText(n * 31, envelope);
    expect(texts(one, some)).toEqual(texts(other, some));
    expect(one.heartbeatText(9, envelope)).toBe(other.heartbeatText(9, envelope));
  });

  test('a larger fleet has the hosts of the smaller one', () => {
    expect(texts(makeFleet({ seed: 5, hosts: 10 }), [0, 9])).toEqual(
      texts(makeFleet({ seed: 5, hosts: 1_000_000 }), [0, 9]),
    );
  });

  test('another seed makes other hosts and the same builds', () => {
    const [one, other] = [makeFleet({ seed: 5, hosts: 100_000 }), makeFleet({ seed: 6, hosts: 100_000 })];
    for (const n of some) expect(one.instance(n)).not.toBe(other.instance(n));
    expect(texts(one, some)).not.toEqual(texts(other, some));
    expect(one.manifests()).toEqual(other.manifests());
  });
});

describe('a fleet of 100,000 hosts has a realistic distribution', () => {
  const HOSTS = 100_000;
  const fleet = makeFleet({ seed: 1, hosts: HOSTS });
  const all = Array.from({ length: HOSTS }, (_, n) => ({
    setup: fleet.setup(n),
    labels: fleet.labels(n),
    instance: fleet.instance(n),
    hostname: fleet.hostname(n),
  }));
  type One = (typeof all)[number];
  /** Number of hosts for each key, in descending order. */
  const count = (key: (one: One) => unknown): number[] => {
    const counts = new Map<unknown, number>();
    for (const one of all) counts.set(key(one), (counts.get(key(one)) ?? 0) + 1);
    return [...counts.values()].sort((a, b) => b - a);
  };
  const share = (is: (one: One) => boolean) => all.filter(is).length / HOSTS;

  test('20 kernels, the most frequent with more than five times the hosts of the rarest', () => {
    const kernels = count(({ setup }) => setup.kernel.release);
    expect(kernels.length).toBe(20);
    expect(kernels[0]! / kernels.at(-1)!).toBeGreaterThan(5);
  });

  test('about 400 stacks, with most hosts on a few of them', () => {
    const key = ({ kernel, stack }: One['setup']) =>
      `${kernel.index} ${stack.map((build) => build.name).join()}`;
    const stacks = count(({ setup }) => (setup.transition === null ? key(setup) : 'open'));
    expect(stacks.length).toBeGreaterThan(350);
    expect(stacks.length).toBeLessThan(430);
    expect(stacks.slice(0, 40).reduce((sum, hosts) => sum + hosts, 0)).toBeGreaterThan(0.6 * HOSTS);
  });

  test('2,000 label sets, each with some hosts', () => {
    const sets = count(({ labels }) => labels);
    expect(sets.length).toBe(2_000);
    expect(sets[0]! / sets.at(-1)!).toBeGreaterThan(10);
  });

  test('hosts with the same labels share setups: there are only some thousands of cohorts', () => {
    const groups = count(
      ({ labels, setup }) => `${labels['role']} ${labels['env']} ${labels['rack']} ${setup.id}`,
    );
    expect(groups.length).toBeGreaterThan(5_000);
    expect(groups.length).toBeLessThan(15_000);
  });

  test('a few hosts have leftovers, stalled transitions or no patch', () => {
    expect(share(({ setup }) => setup.leftovers.length > 0)).toBeCloseTo(0.02, 1);
    expect(share(({ setup }) => setup.transition !== null)).toBeGreaterThan(0.001);
    expect(share(({ setup }) => setup.transition !== null)).toBeLessThan(0.01);
    expect(share(({ setup }) => setup.stack.length === 0)).toBeGreaterThan(0.01);
    expect(share(({ setup }) => setup.kernel.arch === 'aarch64')).toBeCloseTo(0.07, 1);
  });

  test('ids and hostnames are unique, and the last byte of the ids is evenly distributed', () => {
    expect(new Set(all.map((one) => one.instance)).size).toBe(HOSTS);
    expect(new Set(all.map((one) => one.hostname)).size).toBe(HOSTS);
    const buckets = count(({ instance }) => instance.slice(-2));
    expect(buckets.length).toBe(256);
    expect(buckets[0]!).toBeLessThan(1.5 * buckets.at(-1)!);
  });
});

describe('a fleet in which almost every host has a unique label', () => {
  const HOSTS = 20_000;
  const [shared, own] = [
    makeFleet({ seed: 1, hosts: HOSTS }),
    makeFleet({ seed: 1, hosts: HOSTS, labels: 'own' }),
  ];
  const all = Array.from({ length: HOSTS }, (_, n) => n);

  test('almost all label sets are unique, and a few hosts have only the labels of their group', () => {
    const sets = new Set(all.map((n) => JSON.stringify(own.labels(n))));
    expect(sets.size / HOSTS).toBeGreaterThan(0.95);
    const tagged = all.filter((n) => own.labels(n)['asset'] !== undefined);
    expect(tagged.length).toBeLessThan(HOSTS);
    expect(new Set(tagged.map((n) => own.labels(n)['asset'])).size).toBe(tagged.length);
  });

  test('apart from the labels, it is the same fleet', () => {
    for (const n of all.slice(0, 500)) {
      const { asset: _, ...rest } = own.labels(n);
      expect(rest).toEqual(shared.labels(n));
      const facts = (fleet: Fleet) => [fleet.hostname(n), fleet.instance(n), fleet.setup(n).text];
      expect(facts(own)).toEqual(facts(shared));
    }
  });

  test('the labels depend on the seed and not on the size', () => {
    const again = makeFleet({ seed: 1, hosts: 10, labels: 'own' });
    const other = makeFleet({ seed: 2, hosts: 10, labels: 'own' });
    expect(texts(again, [0, 9])).toEqual(texts(own, [0, 9]));
    expect(other.labels(0)['asset']).not.toBe(own.labels(0)['asset']);
  });

  test('its reports are valid', () => {
    fc.assert(
      fc.property(anyHost(HOSTS), (n) => {
        const report = JSON.parse(own.reportText(n, envelope)) as Report;
        expect(Report.safeParse(report).error).toBeUndefined();
        expect(contentDigest(report)).toBe(report.digest);
        expect(report.host.labels).toEqual(own.labels(n));
      }),
      { numRuns: 50 },
    );
  });
});

describe('every message is valid', () => {
  const HOSTS = 1_000_000;
  const fleet = makeFleet({ seed: 3, hosts: HOSTS });

  /**
   * Checks a host's report and heartbeat against their schemas, and that the heartbeat confirms the report.
   */
  function check(n: number): Report {
    const report = JSON.parse(fleet.reportText(n, envelope)) as Report;
    expect(Report.safeParse(report).error).toBeUndefined();
    expect(contentDigest(report)).toBe(report.digest);
    const heartbeat = fleet.heartbeat(n, envelope);
    expect(Heartbeat.safeParse(heartbeat).error).toBeUndefined();
    expect([heartbeat.instance, heartbeat.bootId, heartbeat.digest]).toEqual([
      report.host.instance,
      report.host.bootId,
      report.digest,
    ]);
    return report;
  }

  test('in the initial setup', () => {
    fc.assert(
      fc.property(anyHost(HOSTS), (n) => void check(n)),
      { numRuns: 100 },
    );
  });

  test('after any sequence of changes', () => {
    const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const step = fc.oneof(
      fc.record({ what: fc.constant('reboot' as const) }),
      fc.record({ what: fc.constant('start' as const) }),
      fc.record({ what: fc.constant('complete' as const), keepsModules: fc.boolean() }),
      fc.record({ what: fc.constant('routine' as const), draw }),
    );
    const steps = fc.array(step, { maxLength: 6 });
    fc.assert(
      fc.property(anyHost(HOSTS), steps, (n, steps) => {
        for (const step of steps) {
          if (step.what === 'reboot') reboot(fleet, n, AT);
          else if (step.what === 'start') startRollout(fleet, n, AT);
          else if (step.what === 'complete') completeTransition(fleet, n, AT, step.keepsModules);
          else applyRoutineChange(fleet, n, AT, step.draw);
          check(n);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a reboot changes the boot id and removes leftovers and open transitions', () => {
    const open = Array.from({ length: 5_000 }, (_, n) => n).find((n) => fleet.setup(n).transition !== null)!;
    const before = check(open);
    reboot(fleet, open, AT - 60_000);
    const after = check(open);
    expect(after.host.bootId).not.toBe(before.host.bootId);
    expect(after).toMatchObject({ transition: null, leftovers: [], clock: { observedMs: 60_000 } });
  });

  test('a rollout opens a transition to the newest release, which then replaces the others', () => {
    // the changes of the tests above may have opened a transition on any host
    const fits = ({ stack, leftovers, transition }: Setup) =>
      stack[0]?.livepatch.index === 10 && leftovers.length === 0 && transition === null;
    const n = Array.from({ length: 1_000 }, (_, n) => n).find((n) => fits(fleet.setup(n)))!;
    const old = check(n);
    expect(startRollout(fleet, n, AT)).toBe(true);
    expect(check(n)).toMatchObject({
      transition: { patch: 'platform_2026_12', since: new Date(AT).toISOString() },
    });
    expect(fleet.setup(n).stack.length).toBe(old.livepatches.length + 1);
    completeTransition(fleet, n, AT, true);
    const done = check(n);
    expect(done.livepatches.map((patch) => patch.name)).toEqual(['platform_2026_12']);
    expect(done.leftovers.map((module) => module.name)).toEqual(old.livepatches.map((patch) => patch.name));
    expect(startRollout(fleet, n, AT)).toBe(false);
  });

  test('the clock states how long a message was in the spool', () => {
    const { clock } = fleet.heartbeat(4, { sequence: 1, at: AT, sentAt: AT + 90_000 });
    expect(clock.sentMs - clock.observedMs).toBe(90_000);
  });

  test('a clone has the host id, another machine id and its own digest', () => {
    const [host, clone] = [
      fleet.report(5, envelope),
      fleet.report(5, { ...envelope, machine: 'ab'.repeat(32) }),
    ];
    expect(Report.parse(clone).host.instance).toBe(host.host.instance);
    expect(contentDigest(clone)).toBe(clone.digest);
    expect(clone.digest).not.toBe(host.digest);
  });

  test('every build on a stack is published, except the one that was built on the hosts', () => {
    const manifests = fleet.manifests();
    for (const manifest of manifests) expect(Manifest.safeParse(manifest).error).toBeUndefined();
    const known = new Set(manifests.map((manifest) => manifest.buildId));
    expect(known.size).toBe(manifests.length);
    const running = new Set(Array.from({ length: 20_000 }, (_, n) => fleet.setup(n).stack).flat());
    for (const build of running) expect(known.has(build.buildId)).toBe(build.livepatch.published);
    expect(new Set(manifests.map((manifest) => manifest.facts.kernelRelease)).size).toBe(KERNELS.length);
  });
});
