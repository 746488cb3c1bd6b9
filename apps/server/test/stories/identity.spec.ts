import type { Report } from '@klpreg/wire';
import { BOOTS_KEPT } from '../../src/store/hosts/boots.store.js';
import { CatalogStore } from '../../src/store/catalog/catalog.store.js';
import { Database } from '../../src/database/database.js';
import { FIRST_SEQUENCE, SEQUENCE_JUMP } from '../../src/store/hosts/sequences.js';
import { idle, later, leftover, listed, Registry, running, sealed } from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
beforeEach(() => registry.reset());
afterAll(() => registry.stop());

const CODES = '{ canDowngrade(to: { original: true }) { reasons { nodes { reason { code } } } } }';
const codes = async (): Promise<string[]> =>
  (await registry.ask(CODES)).canDowngrade.reasons.nodes.map((one: any) => one.reason.code);
const isSuspect = async () => (await codes()).includes('IDENTITY_SUSPECT');
const bootOf = (digit: string) => `b0b0b0b0-0000-4000-8000-00000000000${digit}`;
const host = running('web-1', ['lab_n_1v1_a']);
const at = (boot: string, sequence: number, changes: Partial<Report> = {}) =>
  sealed({ ...host, sequence, host: { ...host.host, bootId: bootOf(boot) }, ...changes });
const outcome = async (report: Report) => (await registry.report(report)).body.outcome;

test.each<[string, boolean, [boot: string, sequence: number][]]>([
  [
    'boots that follow each other are one machine',
    false,
    [
      ['a', 1],
      ['a', 2],
      ['b', 3],
      ['c', 4],
    ],
  ],
  [
    'two that alternate are suspect at the first boot id that comes back',
    true,
    [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ],
  ],
  [
    'a document of the boot before that comes late is honest',
    false,
    [
      ['a', 1],
      ['a', 3],
      ['b', 4],
      ['a', 2],
    ],
  ],
  [
    'documents of one boot that come in the wrong order are honest',
    false,
    [
      ['a', 3],
      ['a', 1],
      ['a', 2],
    ],
  ],
  [
    'a boot of which every document comes late is honest',
    false,
    [
      ['a', 1],
      ['c', 5],
      ['b', 3],
    ],
  ],
  [
    'an unknown boot inside the range of another is suspect',
    true,
    [
      ['a', 1],
      ['a', 5],
      ['b', 3],
    ],
  ],
  [
    'a late document of the present boot from before the boot before it is suspect',
    true,
    [
      ['a', 5],
      ['b', 6],
      ['b', 4],
    ],
  ],
])('%s', async (_, suspect, documents) => {
  for (const [boot, sequence] of documents) await registry.report(at(boot, sequence));
  expect(await isSuspect()).toBe(suspect);
});

test('of many boots the newest are kept', async () => {
  for (let i = 1; i <= BOOTS_KEPT + 3; i++)
    await registry.report(
      sealed({
        ...host,
        sequence: i,
        host: { ...host.host, bootId: bootOf('0').slice(0, -2) + String(10 + i) },
      }),
    );
  expect(await registry.app.get(Database).hostBoot.count()).toBe(BOOTS_KEPT);
  expect(await isSuspect()).toBe(false);
});

describe('a late report of the same boot', () => {
  const UNLISTED = '{ host(hostname: "web-1") { stack { name } unlisted { name unlistedBy } } }';
  const known = async () => (await registry.ask(UNLISTED)).host;

  test('adds what it lists, and changes nothing of the present', async () => {
    await registry.report(at('a', 1));
    await registry.report(at('a', 3, { livepatches: [], leftovers: [leftover('lab_n_1v1_a')] }));
    expect(await known()).toEqual({ stack: [], unlisted: [{ name: 'lab_n_1v1_a', unlistedBy: 'DISABLED' }] });
    const late = at('a', 2, { livepatches: [listed('lab_r_1v1_a')] });
    expect(await outcome(late)).toBe('SUPERSEDED');
    const after = {
      stack: [],
      unlisted: [
        { name: 'lab_r_1v1_a', unlistedBy: 'UNKNOWN' },
        { name: 'lab_n_1v1_a', unlistedBy: 'UNKNOWN' },
      ],
    };
    expect(await known()).toEqual(after);
    expect(await outcome(late)).toBe('SUPERSEDED');
    expect(await known()).toEqual(after);
    expect(
      (await registry.heartbeat(at('a', 3, { livepatches: [], leftovers: [leftover('lab_n_1v1_a')] }))).body
        .outcome,
    ).toBe('CONFIRMED');
  });

  test('of an earlier boot adds nothing', async () => {
    await registry.report(at('a', 1));
    await registry.report(at('b', 3, { livepatches: [] }));
    await registry.report(at('a', 2, { livepatches: [listed('lab_r_1v1_a')] }));
    expect(await known()).toEqual({ stack: [], unlisted: [] });
  });
});

describe('a sequence may jump', () => {
  const jump = Number(SEQUENCE_JUMP);
  test.each<[string, number[], boolean]>([
    ['by the bound', [1, 1 + jump], true],
    ['by no more', [1, 2 + jump], false],
    ['not to the end', [1, 2 ** 53 - 1], false],
    ['at first up to a bound of its own', [Number(FIRST_SEQUENCE)], true],
    ['at first no further', [Number(FIRST_SEQUENCE) + 1], false],
  ])('%s', async (_, sequences, taken) => {
    const answers = [];
    for (const sequence of sequences) answers.push(await registry.report(at('a', sequence)));
    const last = answers.at(-1)!;
    expect(last.status).toBe(taken ? 200 : 400);
    if (!taken)
      expect(last.body).toMatchObject({
        code: 'BAD_USER_INPUT',
        errors: [{ pointer: '/sequence', found: String(sequences.at(-1)) }],
      });
    expect(await isSuspect()).toBe(false);
  });

  test('so far also in heartbeats, and a refused one confirms nothing', async () => {
    await registry.report(at('a', 1));
    expect(
      (
        await registry.heartbeat(host, {
          bootId: bootOf('a'),
          digest: at('a', 1).digest,
          sequence: 2 ** 53 - 1,
        })
      ).status,
    ).toBe(400);
    expect(
      (await registry.heartbeat(host, { bootId: bootOf('a'), digest: at('a', 1).digest, sequence: 1 + jump }))
        .body.outcome,
    ).toBe('CONFIRMED');
    expect((await registry.report(at('a', 1 + 2 * jump))).status).toBe(200);
  });
});

describe('an admin', () => {
  const id = host.host.instance;
  const RELEASE =
    'mutation ($id: ID!, $reason: String!) { releaseHost(id: $id, reason: $reason) { hostname } }';
  const RESET =
    'mutation ($id: ID!, $reason: String!) { resetHostSequence(id: $id, ' +
    'reason: $reason) { freshness { superseded } } }';
  const BASELINE =
    'mutation ($id: ID!, $b: String!, $reason: String!) { ' +
    'setBootBaseline(id: $id, bootId: $b, reason: $reason) { hostname } }';
  const audited = async () =>
    (await registry.app.get(Database).audit.findMany({ orderBy: { id: 'asc' } })).map(
      ({ action, detail }) => [action, (detail as any).reason],
    );
  const witnesses = async () => {
    const view = await registry.app.get(CatalogStore).now();
    const buildId = listed('lab_n_1v1_a').buildId!;
    return (await view.catalog([], await view.find([buildId]))).sightings!(buildId).length;
  };

  test('releases a host: it is suspect no more, and what it showed counts again; an alternating one becomes suspect again', async () => {
    await registry.publish('lab_n_1v1_a');
    for (const [boot, sequence] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ] as const)
      await registry.report(at(boot, sequence));
    expect([await isSuspect(), await witnesses()]).toEqual([true, 0]);
    await registry.ask(RELEASE, { id, reason: 'the copy was deleted' });
    expect([await isSuspect(), await witnesses()]).toEqual([false, 1]);
    expect(await audited()).toContainEqual(['release-host', 'the copy was deleted']);
    await registry.report(at('a', 4));
    expect(await isSuspect()).toBe(false);
    await registry.report(at('b', 5));
    await registry.report(at('a', 6));
    expect(await isSuspect()).toBe(true);
  });

  test('resets a sequence: the host begins again, and its facts are superseded until it reports', async () => {
    await registry.report(at('a', 1000));
    expect(await outcome(at('a', 1))).toBe('SUPERSEDED');
    expect(
      (await registry.ask(RESET, { id, reason: 'state folder lost' })).resetHostSequence.freshness.superseded,
    ).toBe(true);
    expect(await codes()).toContain('REPORT_SUPERSEDED');
    expect((await registry.heartbeat(at('a', 1))).body).toMatchObject({
      outcome: 'REPORT_WANTED',
      reason: 'OVERTAKEN',
    });
    expect(await outcome(at('a', 3))).toBe('UNCHANGED');
    expect(await codes()).not.toContain('REPORT_SUPERSEDED');
    expect(await isSuspect()).toBe(false);
    expect(await audited()).toContainEqual(['reset-host-sequence', 'state folder lost']);
  });

  test('sets the baseline of the present boot, and of no other', async () => {
    const history = '{ host(hostname: "web-1") { bootHistory } }';
    const bootHistory = async () => (await registry.ask(history)).host.bootHistory;
    await registry.report(at('a', 1));
    expect(await bootHistory()).toBe('STARTED_LATE');
    const refused = await registry.graphqlError(BASELINE, {
      id,
      b: bootOf('b'),
      reason: 'looked at the console',
    });
    expect(refused.extensions.code).toBe('BAD_USER_INPUT');
    await registry.ask(BASELINE, { id, b: bootOf('a'), reason: 'looked at the console' });
    expect(await bootHistory()).toBe('KNOWN');
    await registry.report(at('a', 2, { leftovers: [leftover('lab_r_1v1_a')] }));
    expect(await bootHistory()).toBe('KNOWN');
    await registry.report(at('b', 3));
    expect(await bootHistory()).toBe('STARTED_LATE');
    expect(await audited()).toContainEqual(['set-boot-baseline', 'looked at the console']);
  });

  test.each(['', '   ', 'x'.repeat(501)])('gives a reason (%j)', async (reason) => {
    await registry.report(at('a', 1));
    expect((await registry.graphqlError(RELEASE, { id, reason })).extensions.code).toBe('BAD_USER_INPUT');
  });

  test('can do nothing about a host that is not known', async () => {
    expect(
      (await registry.graphqlError(RELEASE, { id: idle('web-9').host.instance, reason: 'gone' })).extensions
        .code,
    ).toBe('NOT_FOUND');
  });
});

test('a host with another machine hash is suspect, as it was', async () => {
  await registry.report(at('a', 1));
  await registry.report(
    sealed({ ...later(at('a', 1)), host: { ...host.host, bootId: bootOf('a'), machine: 'c'.repeat(64) } }),
  );
  expect(await isSuspect()).toBe(true);
});
