import { contentDigest, Heartbeat, Manifest, Report } from '@klpreg/wire';
import fc from 'fast-check';
import { beginRollout, changeQuietly, endTransition, reboot } from '../src/fleet/changes.js';
import { type Fleet, makeFleet } from '../src/fleet/fleet.js';
import { KERNELS } from '../src/fleet/kernels.js';

const AT = Date.UTC(2026, 10, 24);
const moment = { sequence: 7, at: AT };
const anyHost = (hosts: number) => fc.integer({ min: 0, max: hosts - 1 });
const texts = (fleet: Fleet, hosts: number[]) => hosts.map((n) => fleet.reportText(n, moment));

describe('the same numbers make the same fleet', () => {
  const some = [0, 1, 17, 4_711, 99_999];

  test('the same seed: the same documents, whatever else was asked before', () => {
    const [one, other] = [makeFleet({ seed: 5, hosts: 100_000 }), makeFleet({ seed: 5, hosts: 100_000 })];
    for (let n = 0; n < 300; n++) other.reportText(n * 31, moment);
    expect(texts(one, some)).toEqual(texts(other, some));
    expect(one.heartbeatText(9, moment)).toBe(other.heartbeatText(9, moment));
  });

  test('a larger fleet has the hosts of the smaller one', () => {
    expect(texts(makeFleet({ seed: 5, hosts: 10 }), [0, 9])).toEqual(texts(makeFleet({ seed: 5, hosts: 1_000_000 }), [0, 9]));
  });

  test('another seed: other hosts, and the same builds', () => {
    const [one, other] = [makeFleet({ seed: 5, hosts: 100_000 }), makeFleet({ seed: 6, hosts: 100_000 })];
    for (const n of some) expect(one.instance(n)).not.toBe(other.instance(n));
    expect(texts(one, some)).not.toEqual(texts(other, some));
    expect(one.manifests()).toEqual(other.manifests());
  });
});

describe('a hundred thousand hosts look like a fleet', () => {
  const HOSTS = 100_000;
  const fleet = makeFleet({ seed: 1, hosts: HOSTS });
  const all = Array.from({ length: HOSTS }, (_, n) => ({
    setup: fleet.setup(n),
    labels: fleet.labels(n),
    instance: fleet.instance(n),
    hostname: fleet.hostname(n),
  }));
  type One = (typeof all)[number];
  /** How many hosts share each of these, the most first. */
  const count = (key: (one: One) => unknown): number[] => {
    const counts = new Map<unknown, number>();
    for (const one of all) counts.set(key(one), (counts.get(key(one)) ?? 0) + 1);
    return [...counts.values()].sort((a, b) => b - a);
  };
  const share = (is: (one: One) => boolean) => all.filter(is).length / HOSTS;

  test('20 kernels, the most usual one on many times as many hosts as the rarest', () => {
    const kernels = count(({ setup }) => setup.kernel.release);
    expect(kernels.length).toBe(20);
    expect(kernels[0]! / kernels.at(-1)!).toBeGreaterThan(5);
  });

  test('about 400 stacks, and most hosts on a few of them', () => {
    const settled = count(({ setup }) => (setup.opening === null ? `${setup.kernel.index} ${setup.list.map((build) => build.name).join()}` : 'open'));
    expect(settled.length).toBeGreaterThan(350);
    expect(settled.length).toBeLessThan(430);
    expect(settled.slice(0, 40).reduce((sum, hosts) => sum + hosts, 0)).toBeGreaterThan(0.6 * HOSTS);
  });

  test('2,000 label sets, each with some hosts', () => {
    const sets = count(({ labels }) => labels);
    expect(sets.length).toBe(2_000);
    expect(sets[0]! / sets.at(-1)!).toBeGreaterThan(10);
  });

  test('hosts with the same labels are alike: groups that a verdict tells apart stay some thousands', () => {
    const groups = count(({ labels, setup }) => `${labels['role']} ${labels['env']} ${labels['rack']} ${setup.id}`);
    expect(groups.length).toBeGreaterThan(5_000);
    expect(groups.length).toBeLessThan(15_000);
  });

  test('a few leftovers, a few transitions that do not end, some hosts without any patch', () => {
    expect(share(({ setup }) => setup.leftovers.length > 0)).toBeCloseTo(0.02, 1);
    expect(share(({ setup }) => setup.opening !== null)).toBeGreaterThan(0.001);
    expect(share(({ setup }) => setup.opening !== null)).toBeLessThan(0.01);
    expect(share(({ setup }) => setup.list.length === 0)).toBeGreaterThan(0.01);
    expect(share(({ setup }) => setup.kernel.arch === 'aarch64')).toBeCloseTo(0.07, 1);
  });

  test('ids and hostnames are all different, and the last byte of an id spreads evenly', () => {
    expect(new Set(all.map((one) => one.instance)).size).toBe(HOSTS);
    expect(new Set(all.map((one) => one.hostname)).size).toBe(HOSTS);
    const buckets = count(({ instance }) => instance.slice(-2));
    expect(buckets.length).toBe(256);
    expect(buckets[0]!).toBeLessThan(1.5 * buckets.at(-1)!);
  });
});

describe('a fleet where almost every host has labels of its own', () => {
  const HOSTS = 20_000;
  const [shared, own] = [makeFleet({ seed: 1, hosts: HOSTS }), makeFleet({ seed: 1, hosts: HOSTS, labels: 'own' })];
  const all = Array.from({ length: HOSTS }, (_, n) => n);

  test('no two of them have the same label set, and a few have those of their group alone', () => {
    const sets = new Set(all.map((n) => JSON.stringify(own.labels(n))));
    expect(sets.size / HOSTS).toBeGreaterThan(0.95);
    const tagged = all.filter((n) => own.labels(n)['asset'] !== undefined);
    expect(tagged.length).toBeLessThan(HOSTS);
    expect(new Set(tagged.map((n) => own.labels(n)['asset'])).size).toBe(tagged.length);
  });

  test('but for that, it is the same fleet', () => {
    for (const n of all.slice(0, 500)) {
      const { asset: _, ...rest } = own.labels(n);
      expect(rest).toEqual(shared.labels(n));
      expect([own.hostname(n), own.instance(n), own.setup(n).text]).toEqual([shared.hostname(n), shared.instance(n), shared.setup(n).text]);
    }
  });

  test('the same seed makes the same labels, whatever the size; another seed others', () => {
    const [again, other] = [makeFleet({ seed: 1, hosts: 10, labels: 'own' }), makeFleet({ seed: 2, hosts: 10, labels: 'own' })];
    expect(texts(again, [0, 9])).toEqual(texts(own, [0, 9]));
    expect(other.labels(0)['asset']).not.toBe(own.labels(0)['asset']);
  });

  test('what it says is what the registry takes', () => {
    fc.assert(
      fc.property(anyHost(HOSTS), (n) => {
        const report = JSON.parse(own.reportText(n, moment)) as Report;
        expect(Report.safeParse(report).error).toBeUndefined();
        expect(contentDigest(report)).toBe(report.digest);
        expect(report.host.labels).toEqual(own.labels(n));
      }),
      { numRuns: 50 },
    );
  });
});

describe('every document is one that the registry takes', () => {
  const HOSTS = 1_000_000;
  const fleet = makeFleet({ seed: 3, hosts: HOSTS });

  /** Valid, told by its own schema, and the heartbeat confirms exactly this report. */
  function check(n: number): Report {
    const report = JSON.parse(fleet.reportText(n, moment)) as Report;
    expect(Report.safeParse(report).error).toBeUndefined();
    expect(contentDigest(report)).toBe(report.digest);
    const heartbeat = fleet.heartbeat(n, moment);
    expect(Heartbeat.safeParse(heartbeat).error).toBeUndefined();
    expect([heartbeat.instance, heartbeat.bootId, heartbeat.digest]).toEqual([report.host.instance, report.host.bootId, report.digest]);
    return report;
  }

  test('as the fleet begins', () => {
    fc.assert(
      fc.property(anyHost(HOSTS), (n) => void check(n)),
      { numRuns: 100 },
    );
  });

  test('after whatever has happened to a host', () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('reboot' as const) }),
      fc.record({ what: fc.constant('begin' as const) }),
      fc.record({ what: fc.constant('end' as const), forgets: fc.boolean() }),
      fc.record({ what: fc.constant('quiet' as const), chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }) }),
    );
    const steps = fc.array(step, { maxLength: 6 });
    fc.assert(
      fc.property(anyHost(HOSTS), steps, (n, steps) => {
        for (const step of steps) {
          if (step.what === 'reboot') reboot(fleet, n, AT);
          else if (step.what === 'begin') beginRollout(fleet, n, AT);
          else if (step.what === 'end') endTransition(fleet, n, AT, step.forgets);
          else changeQuietly(fleet, n, AT, step.chance);
          check(n);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a reboot is another boot, and takes leftovers and open transitions with it', () => {
    const open = Array.from({ length: 5_000 }, (_, n) => n).find((n) => fleet.setup(n).opening !== null)!;
    const before = check(open);
    reboot(fleet, open, AT - 60_000);
    const after = check(open);
    expect(after.host.bootId).not.toBe(before.host.bootId);
    expect(after).toMatchObject({ transition: null, leftovers: [], clock: { observedMs: 60_000 } });
  });

  test('a rollout: the newest release comes over the old ones, in a transition that leaves one on the list', () => {
    const n = Array.from({ length: 1_000 }, (_, n) => n).find((n) => fleet.setup(n).list[0]?.livepatch.index === 10 && fleet.setup(n).leftovers.length === 0)!;
    const old = check(n);
    expect(beginRollout(fleet, n, AT)).toBe(true);
    expect(check(n)).toMatchObject({ transition: { patch: 'platform_2026_12', since: new Date(AT).toISOString() } });
    expect(fleet.setup(n).list.length).toBe(old.livepatches.length + 1);
    endTransition(fleet, n, AT, true);
    const done = check(n);
    expect(done.livepatches.map((patch) => patch.name)).toEqual(['platform_2026_12']);
    expect(done.leftovers.map((module) => module.name)).toEqual(old.livepatches.map((patch) => patch.name));
    expect(beginRollout(fleet, n, AT)).toBe(false);
  });

  test('what was spooled says for how long', () => {
    const { clock } = fleet.heartbeat(4, { sequence: 1, at: AT, sentAt: AT + 90_000 });
    expect(clock.sentMs - clock.observedMs).toBe(90_000);
  });

  test('a clone is the same host on another machine, with a digest of its own', () => {
    const [host, clone] = [fleet.report(5, moment), fleet.report(5, { ...moment, machine: 'ab'.repeat(32) })];
    expect(Report.parse(clone).host.instance).toBe(host.host.instance);
    expect(contentDigest(clone)).toBe(clone.digest);
    expect(clone.digest).not.toBe(host.digest);
  });

  test('every build that is on a list is published, but what was made by hand', () => {
    const manifests = fleet.manifests();
    for (const manifest of manifests) expect(Manifest.safeParse(manifest).error).toBeUndefined();
    const known = new Set(manifests.map((manifest) => manifest.buildId));
    expect(known.size).toBe(manifests.length);
    const running = new Set(Array.from({ length: 20_000 }, (_, n) => fleet.setup(n).list).flat());
    for (const build of running) expect(known.has(build.buildId)).toBe(build.livepatch.published);
    expect(new Set(manifests.map((manifest) => manifest.facts.kernelRelease)).size).toBe(KERNELS.length);
  });
});
