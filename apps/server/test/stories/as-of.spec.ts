import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { CanDowngradeResolver } from '../../src/query/can-downgrade.resolver.js';
import { Fleet as FleetAnswers } from '../../src/query/fleet.js';
import { RULES_VERSION } from '../../src/query/snapshot.js';
import { CohortsStore, deltasOf } from '../../src/store/counts/cohorts.store.js';
import { FleetStore } from '../../src/store/counts/fleet.store.js';
import { HostsStore } from '../../src/store/hosts/hosts.store.js';
import { HistoryStore } from '../../src/store/history/history.store.js';
import { later, listed, logged, Registry, running, sealed } from '../registry.js';

type Report = ReturnType<typeof running>;

const QUESTION = `query (
  $to: TargetInput!, $where: HostFilter, $snapshot: ID, $asOf: DateTime, $catalog: CatalogAsOf,
  $maxAge: Duration
) {
  canDowngrade(to: $to, where: $where, snapshot: $snapshot, asOf: $asOf, catalog: $catalog, maxAge: $maxAge) {
    kind matched counts { safe unknown unsafe refused total harmful }
    reasons(first: 50) { nodes { hosts reason { code stateId } } }
    cohorts(first: 50) {
      totalCount
      nodes {
        hosts freshness examples labels { key value } stack { name } verdict { kind reasons { code } }
      }
    }
    hosts(first: 50) {
      totalCount
      nodes { host { hostname bootId stack { name } freshness { superseded } } verdict { kind } }
    }
    snapshot { id now catalogRevision rules }
  }
}`;
const ADD = `mutation ($id: ID, $name: String!, $labels: [LabelInput!]) {
  addHost(input: { id: $id, hostname: $name, labels: $labels }) { id } }`;
const LABEL = 'mutation ($id: ID!, $labels: [LabelInput!]!) { labelHost(id: $id, labels: $labels) { id } }';
const RETIRE = 'mutation ($id: ID!) { retireHost(id: $id, reason: "sold") { id } }';
const RECALL = `mutation ($id: String!, $recalled: Boolean!) {
  recallPatch(buildId: $id, recalled: $recalled) { buildId } }`;

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
beforeEach(() => registry.reset());
afterAll(() => registry.stop());

const idOf = (report: Report): string => report.host.instance;
const differences = () => registry.app.get(CohortsStore).differences();
const ask = async (variables: Record<string, unknown> = {}) =>
  (await registry.ask(QUESTION, { to: { original: true }, ...variables })).canDowngrade;
const without = ({ snapshot: _snapshot, ...answer }: Record<string, unknown>) => answer;

describe('counts', () => {
  test('property: a host that leaves one cohort enters another, and a host that stays makes no delta', () => {
    const key = fc.option(
      fc.record({
        situationId: fc.option(fc.constantFrom('a', 'b')),
        labelSetId: fc.constantFrom('x', 'y'),
        suspect: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ hostId: fc.uuid(), from: key, to: key })), (moves) => {
        const deltas = deltasOf(moves);
        const arrived =
          moves.filter(({ to }) => to !== null).length - moves.filter(({ from }) => from !== null).length;
        expect(deltas.reduce((sum, { hosts }) => sum + hosts, 0)).toBe(arrived);
        expect(deltas.every(({ hosts }) => hosts !== 0)).toBe(true);
        const back = deltasOf(moves.map(({ hostId, from, to }) => ({ hostId, from: to, to: from })));
        expect(new Set(back.map((delta) => JSON.stringify({ ...delta, hosts: -delta.hosts })))).toEqual(
          new Set(deltas.map((delta) => JSON.stringify(delta))),
        );
      }),
    );
  });

  test('a roll-up changes no answer, and leaves nothing to roll up', async () => {
    for (let i = 0; i < 5; i++)
      await registry.report(running(`web-${i}`, [i % 2 === 0 ? 'lab_r_1v1_a' : 'lab_r_1v2_a']));
    const cohorts = registry.app.get(CohortsStore);
    const before = await ask();
    await cohorts.rollUp();
    expect(await cohorts.rollUp()).toEqual({ changes: 0, batches: 0 });
    expect(without(await ask())).toEqual(without(before));
    expect(await differences()).toEqual([]);
  });
});

/** An event in a fleet of four hosts. */
const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('report' as const), host: fc.nat(3), stack: fc.nat(3) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('heartbeat' as const), host: fc.nat(3), other: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('label' as const),
      host: fc.nat(3),
      role: fc.constantFrom('web', 'db'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('retire' as const), host: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('clone' as const), host: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('wait' as const), minutes: fc.constantFrom(1, 4, 6, 20, 1500) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('rollUp' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('recall' as const), recalled: fc.boolean() }) },
);
type Event = Record<string, any>;
const STACKS = [[], ['lab_r_1v1_a'], ['lab_r_1v2_a'], ['lab_r_1v1_a', 'lab_n_1v1_a']];

/** Four hosts in different situations, and the last report of each. */
class Fleet {
  private constructor(readonly reports: (Report | null)[]) {}

  static async start(): Promise<Fleet> {
    const reports = [
      running('web-0', ['lab_r_1v1_a']),
      running('web-1', ['lab_r_1v2_a']),
      running('web-2', []),
    ];
    for (const report of reports) await registry.report(report);
    await registry.ask(ADD, {
      id: idOf(running('web-3', [])),
      name: 'web-3',
      labels: [{ key: 'role', value: 'web' }],
    });
    return new Fleet([...reports, null]);
  }

  async apply(one: Event): Promise<void> {
    const last = one.host === undefined ? null : this.reports[one.host];
    if (one.what === 'report') {
      const list = STACKS[one.stack]!.map((name, i) => listed(name, { stackOrder: i + 1 }));
      const next =
        last === null ? running(`web-${one.host}`, STACKS[one.stack]!) : later(last!, { livepatches: list });
      await registry.report(next);
      this.reports[one.host] = next;
    } else if (one.what === 'heartbeat' && last !== null) {
      await registry.heartbeat(last!, one.other ? { digest: 'a'.repeat(64) } : {});
      this.reports[one.host] = { ...last!, sequence: last!.sequence + 1 };
    } else if (one.what === 'clone' && last !== null) {
      const next = sealed({
        ...last!,
        sequence: last!.sequence + 1,
        host: {
          ...last!.host,
          machine: last!.host.machine === 'b'.repeat(64) ? 'c'.repeat(64) : 'b'.repeat(64),
        },
      });
      await registry.report(next);
      this.reports[one.host] = next;
    } else if (one.what === 'label')
      await registry.ask(LABEL, {
        id: idOf(running(`web-${one.host}`, [])),
        labels: [{ key: 'role', value: one.role }],
      });
    else if (one.what === 'retire') await registry.ask(RETIRE, { id: idOf(running(`web-${one.host}`, [])) });
    else if (one.what === 'wait') registry.wait(one.minutes, 'minutes');
    else if (one.what === 'rollUp') await registry.app.get(CohortsStore).rollUp();
    else if (one.what === 'recall')
      await registry.ask(RECALL, { id: listed('lab_r_1v1_a').buildId, recalled: one.recalled });
    registry.wait(1, 'seconds');
  }
}

test('property: after any events counts equal the recount, and a question repeated with its snapshot gets its answer', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.publish('lab_r_1v2_a');
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 4, maxLength: 14 }),
      fc.constantFrom({ original: true }, { name: 'lab_r_1v1_a' }),
      async (events, to) => {
        await registry.reset();
        await registry.publish('lab_r_1v1_a');
        await registry.publish('lab_r_1v2_a');
        const fleet = await Fleet.start();
        const wheres = [
          undefined,
          { labels: [{ key: 'role', in: ['web'] }] },
          { hostnames: ['web-0', 'web-3'] },
        ];
        const asked: { variables: Record<string, unknown>; answer: any }[] = [];
        for (const [i, one] of events.entries()) {
          await fleet.apply(one);
          expect(await differences()).toEqual([]);
          const variables = { to, where: wheres[i % 3] };
          asked.push({ variables, answer: await ask(variables) });
          registry.wait(1, 'seconds');
        }
        for (const { variables, answer } of asked) {
          expect(await ask({ ...variables, snapshot: answer.snapshot.id })).toEqual(answer);
          expect(without(await ask({ ...variables, asOf: answer.snapshot.now }))).toEqual(without(answer));
        }
      },
    ),
    process.env['AS_OF_RUNS']
      ? { numRuns: Number(process.env['AS_OF_RUNS']) }
      : { numRuns: 6, seed: 20_261_124 },
  );
}, 240_000);

describe('the past', () => {
  test('a host is shown as it was, with its labels and its freshness at that time', async () => {
    const first = running('web-1', ['lab_r_1v1_a']);
    await registry.report(first);
    const then = registry.now();
    registry.wait(1, 'hours');
    await registry.report(later(first, { livepatches: [listed('lab_r_1v2_a')] }));
    await registry.ask(LABEL, { id: idOf(first), labels: [{ key: 'role', value: 'web' }] });
    const HOST = `{
      stack { name } labels { key } freshness { level ageSeconds }
      canDowngrade(to: { name: "lab_r_1v1_a" }) { kind route } }`;
    await registry.publish('lab_r_1v1_a');
    expect((await registry.ask(`{ host(hostname: "web-1") ${HOST} }`)).host).toMatchObject({
      stack: [{ name: 'lab_r_1v2_a' }],
      labels: [{ key: 'role' }],
      freshness: { level: 'FRESH' },
    });
    const asked = `query ($asOf: DateTime) {
      host(hostname: "web-1", asOf: $asOf) { stack { name } labels { key } freshness { level ageSeconds } } }`;
    expect((await registry.ask(asked, { asOf: then })).host).toEqual({
      stack: [{ name: 'lab_r_1v1_a' }],
      labels: [],
      freshness: { level: 'FRESH', ageSeconds: 0 },
    });
    expect((await registry.ask(asked, { asOf: new Date(then.getTime() + 30 * 60_000) })).host).toMatchObject({
      stack: [{ name: 'lab_r_1v1_a' }],
      freshness: { level: 'STALE', ageSeconds: 1800 },
    });
    expect((await registry.ask(asked, { asOf: new Date(then.getTime() - 1) })).host).toBeNull();
  });

  test('the past is judged by the catalog of that time, or by today’s on request', async () => {
    await registry.publish('lab_r_1v1_a');
    await registry.report(running('web-1', ['lab_r_1v1_a']));
    await registry.report(running('web-2', ['lab_r_1v1_a']));
    const before = await ask({ to: { name: 'lab_r_1v1_a' } });
    registry.wait(1, 'seconds');
    await registry.ask(RECALL, { id: listed('lab_r_1v1_a').buildId, recalled: true });
    const codes = (answer: any) => answer.reasons.nodes.map(({ reason }: any) => reason.code);
    const asOf = before.snapshot.now;
    expect(codes(await ask({ to: { name: 'lab_r_1v1_a' } }))).toContain('TARGET_RECALLED');
    expect(codes(await ask({ to: { name: 'lab_r_1v1_a' }, asOf }))).toEqual(codes(before));
    expect(codes(await ask({ to: { name: 'lab_r_1v1_a' }, snapshot: before.snapshot.id }))).toEqual(
      codes(before),
    );
    expect(codes(await ask({ to: { name: 'lab_r_1v1_a' }, asOf, catalog: 'NOW' }))).toContain(
      'TARGET_RECALLED',
    );
  });

  test.each([
    [
      'a snapshot and an instant',
      { snapshot: 'x', asOf: '2026-11-23T10:00:00Z' },
      'BAD_USER_INPUT',
      /not both/,
    ],
    [
      'an id that is not of a snapshot',
      { snapshot: 'WyJrbHAxIl0' },
      'BAD_USER_INPUT',
      /not the id of a snapshot/,
    ],
    [
      'an instant in the future',
      { asOf: '2027-01-01T00:00:00Z' },
      'BAD_USER_INPUT',
      /must not be in the future/,
    ],
    [
      'an instant before the retention period',
      { asOf: '2026-01-01T00:00:00Z' },
      'SNAPSHOT_GONE',
      /history is kept for 30 days/,
    ],
    [
      'a maxAge that is not stored for the past',
      { asOf: '2026-11-23T09:00:00Z', maxAge: '60s' },
      'BAD_USER_INPUT',
      /at least that, found 60 s/,
    ],
  ])('%s is refused with the reason', async (_, variables, code, words) => {
    expect(await registry.graphqlError(QUESTION, { to: { original: true }, ...variables })).toMatchObject({
      message: expect.stringMatching(words),
      extensions: { code },
    });
  });

  test('an answer to a maxAge that is not stored for the past has no snapshot, because it cannot be repeated', async () => {
    await registry.report(running('web-1', ['lab_r_1v1_a']));
    expect((await ask({ maxAge: '299s' })).snapshot).toMatchObject({
      id: null,
      now: registry.now().toISOString(),
    });
    const known = await ask({ maxAge: '300s' });
    expect(await ask({ maxAge: '300s', snapshot: known.snapshot.id })).toEqual(known);
  });

  test('a host in the past is not judged by a maxAge that is not stored, and the error says why', async () => {
    await registry.publish('lab_r_1v1_a');
    await registry.report(logged(running('web-1', ['lab_r_1v1_a'])));
    const then = registry.now();
    registry.wait(1, 'hours');
    const asked = `query ($asOf: DateTime, $maxAge: Duration!) {
      host(hostname: "web-1", asOf: $asOf) {
        canDowngrade(to: { name: "lab_r_1v1_a" }, maxAge: $maxAge) { kind } } }`;
    expect((await registry.ask(asked, { maxAge: '60s' })).host.canDowngrade.kind).toBe('UNKNOWN');
    expect((await registry.ask(asked, { asOf: then, maxAge: '300s' })).host.canDowngrade.kind).toBe('SAFE');
    expect(await registry.graphqlError(asked, { asOf: then, maxAge: '60s' })).toMatchObject({
      message: expect.stringMatching(/ages below 300 s are not stored.*found 60 s/),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('a host in a repeated answer is not judged by such a maxAge; a host in a new answer is', async () => {
    await registry.publish('lab_r_1v1_a');
    const report = logged(running('web-1', ['lab_r_1v1_a']));
    await registry.report(report);
    registry.wait(4, 'minutes');
    const to = '{ name: "lab_r_1v1_a" }';
    const nested = `query ($snapshot: ID, $maxAge: Duration!) { canDowngrade(to: ${to}, snapshot: $snapshot) {
      snapshot { id } hosts { nodes { host { canDowngrade(to: ${to}, maxAge: $maxAge) { kind } } } } } }`;
    const kindOf = (answer: any) => answer.canDowngrade.hosts.nodes[0].host.canDowngrade.kind;
    const answer = await registry.ask(nested, { maxAge: '60s' });
    expect(kindOf(answer)).toBe('UNKNOWN');
    expect(kindOf(await registry.ask(nested, { maxAge: '5m' }))).toBe('SAFE');
    // a confirmation that may have come while the answer was made does not change the age of the facts in it
    await registry.heartbeat(report);
    expect(kindOf(await registry.ask(nested, { maxAge: '60s' }))).toBe('UNKNOWN');
    registry.wait(1, 'seconds');
    expect(kindOf(await registry.ask(nested, { maxAge: '60s' }))).toBe('SAFE');
    registry.wait(3, 'minutes');
    // after a later heartbeat the age of the facts at the snapshot is no longer known
    registry.wait(10, 'seconds');
    await registry.heartbeat(report);
    const { id } = answer.canDowngrade.snapshot;
    expect(kindOf(await registry.ask(nested, { snapshot: id, maxAge: '5m' }))).toBe('SAFE');
    expect(await registry.graphqlError(nested, { snapshot: id, maxAge: '60s' })).toMatchObject({
      message: expect.stringMatching(/ages below 300 s are not stored.*found 60 s/),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('facts that were too old are not SAFE in a list or a later count because the host has other facts now', async () => {
    await registry.publish('lab_r_1v1_a');
    const report = logged(running('web-1', ['lab_r_1v1_a']));
    await registry.report(report);
    registry.wait(3, 'minutes');
    const question = { to: { name: 'lab_r_1v1_a' }, maxAge: 60 };
    const answer = await registry.app.get(FleetAnswers).ask(question, null);
    expect(answer.counts).toMatchObject({ safe: 0, unknown: 1 });
    registry.wait(1, 'seconds');
    await registry.report(later(report, { livepatches: [listed('lab_r_1v2_a')] }));
    const { nodes } = await registry.app.get(CanDowngradeResolver).hosts({ answer } as never, {} as never);
    expect(nodes.map(({ verdict }: any) => verdict.kind)).toEqual(['UNKNOWN']);
    const { limits } = answer.parts[0]!;
    for (const hosts of [null, { hostnames: ['web-1'], ids: null }]) {
      const condition = { ...answer.condition, hosts };
      const counted = await registry.app.get(FleetStore).counts(condition, limits, answer.pinned);
      expect(counted.rows.map(({ freshnessKey }) => freshnessKey.overdue)).toEqual([true]);
      const page = { after: null, backwards: false, limit: 2 };
      const overdue = [{ freshnessKeys: counted.rows.map((row) => row.freshnessKey), limits, hosts: 1 }];
      const rows = await registry.app.get(HostsStore).page(condition, page, answer.pinned, overdue);
      expect(rows).toMatchObject([{ hostname: 'web-1', ageUnknown: true }]);
    }
  });

  const forged = (now: unknown, committed: unknown, revision: unknown = '1', name: unknown = randomUUID()) =>
    Buffer.from(JSON.stringify(['klp2', RULES_VERSION, now, committed, revision, name])).toString(
      'base64url',
    );
  test.each([
    ['that ends before its start', forged(1_795_000_000_000, '9:3:')],
    ['of unordered transactions', forged(1_795_000_000_000, '3:9:5,4')],
    ['of a duplicate transaction', forged(1_795_000_000_000, '3:9:4,4')],
    ['of transactions outside it', forged(1_795_000_000_000, '3:9:12')],
    ['of a transaction id above the maximum', forged(1_795_000_000_000, '3:9999999999999999999:')],
    ['of transaction 0', forged(1_795_000_000_000, '0:0:')],
    ['of an invalid instant', forged(9e15, '3:9:')],
    ['of a revision that is not a number', forged(1_795_000_000_000, '3:9:', '-1')],
    ['of a revision without a name', forged(1_795_000_000_000, '3:9:', '1', 'first')],
  ])('a forged snapshot %s is refused', async (_, snapshot) => {
    expect(await registry.graphqlError(QUESTION, { to: { original: true }, snapshot })).toMatchObject({
      message: expect.stringContaining('is not the id of a snapshot'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('the next page of an answer has the same snapshot', async () => {
    const PAGE = `query ($after: String, $snapshot: ID) {
      canDowngrade(to: { original: true }, snapshot: $snapshot) {
        snapshot { id }
        hosts(first: 2, after: $after) {
          totalCount nodes { host { hostname stack { name } } } pageInfo { endCursor hasNextPage }
        }
      }
    }`;
    for (let i = 0; i < 4; i++) await registry.report(running(`web-${i}`, ['lab_r_1v1_a']));
    const first = (await registry.ask(PAGE)).canDowngrade;
    registry.wait(1, 'seconds');
    await registry.report(later(running('web-3', ['lab_r_1v1_a']), { livepatches: [] }));
    await registry.report(running('web-25', []));
    const next = (
      await registry.ask(PAGE, { after: first.hosts.pageInfo.endCursor, snapshot: first.snapshot.id })
    ).canDowngrade;
    expect(next.hosts).toEqual({
      totalCount: 4,
      nodes: ['web-2', 'web-3'].map((hostname) => ({ host: { hostname, stack: [{ name: 'lab_r_1v1_a' }] } })),
      pageInfo: { endCursor: expect.any(String), hasNextPage: false },
    });
  });
});

describe('history', () => {
  test('history has a partition for today and three days ahead, and old rows are dropped with their partition', async () => {
    const history = registry.app.get(HistoryStore);
    expect(await history.partitions('host_history')).toEqual([
      'host_history_20261123',
      'host_history_20261124',
      'host_history_20261125',
      'host_history_20261126',
      'host_history_rest',
    ]);
    const first = running('web-1', ['lab_r_1v1_a']);
    await registry.report(first);
    await registry.report(later(first, { livepatches: [] }));
    registry.wait(24 * 40, 'hours');
    await registry.heartbeat(later(first, { livepatches: [] }));
    const { made, dropped } = await history.keepPartitions(registry.now(), 30);
    expect(made).toContain('host_history_20270102');
    expect(dropped).toEqual(['host_history_20261123', 'host_gap_20261123']);
    expect((await registry.ask('{ host(hostname: "web-1") { stack { name } } }')).host).toEqual({
      stack: [],
    });
  });

  test('rows of a day without a partition are moved into it when it is made', async () => {
    const history = registry.app.get(HistoryStore);
    registry.wait(24 * 10, 'hours');
    const first = running('web-1', ['lab_r_1v1_a']);
    await registry.report(first);
    const then = registry.now();
    registry.wait(1, 'minutes');
    await registry.report(later(first, { livepatches: [] }));
    await history.keepPartitions(registry.now(), 30);
    const asked = 'query ($asOf: DateTime) { host(hostname: "web-1", asOf: $asOf) { stack { name } } }';
    expect((await registry.ask(asked, { asOf: then })).host).toEqual({ stack: [{ name: 'lab_r_1v1_a' }] });
  });
});
