import { gzipSync } from 'node:zlib';
import { Database } from '../../src/database/database.js';
import { idle, later, leftover, listed, Registry, running, sealed } from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
beforeEach(() => registry.reset());
afterAll(() => registry.stop());

const hostCount = async () => (await registry.ask('{ hosts { totalCount } }')).hosts.totalCount;
const stackOf = async (hostname: string) =>
  (
    await registry.ask(
      'query ($h: String) { host(hostname: $h) { stack { name } freshness { level superseded } } }',
      { h: hostname },
    )
  ).host;

test('a report is stored once, however often it is sent', async () => {
  const report = running('web-1', ['lab_r_1v1_a']);
  expect(await registry.report(report)).toMatchObject({ status: 200, body: { outcome: 'STORED' } });
  expect(await registry.report(report)).toMatchObject({ status: 200, body: { outcome: 'REPEATED' } });
  expect(await registry.report(later(report))).toMatchObject({ status: 200, body: { outcome: 'UNCHANGED' } });
  expect(await hostCount()).toBe(1);
});

test('an older report never overwrites a newer one', async () => {
  const first = running('web-1', ['lab_r_1v1_a']);
  const second = later(first, { livepatches: [listed('lab_r_1v2_a')] });
  await registry.report(second);
  expect(await registry.report(first)).toMatchObject({ status: 200, body: { outcome: 'SUPERSEDED' } });
  expect((await stackOf('web-1')).stack).toEqual([{ name: 'lab_r_1v2_a' }]);
});

test('the same sequence with other content is refused, and the host looks cloned', async () => {
  const report = running('web-1', ['lab_r_1v1_a']);
  await registry.publish('lab_r_1v1_a');
  await registry.report(report);
  const other = sealed({ ...report, livepatches: [] });
  expect(await registry.report(other)).toMatchObject({
    status: 409,
    body: { code: 'SEQUENCE_CONFLICT', errors: [{ pointer: '/sequence' }] },
  });
  const { canDowngrade } = await registry.ask(
    '{ canDowngrade(to: { name: "lab_r_1v1_a" }) { kind reasons { nodes { reason { code } } } } }',
  );
  expect(canDowngrade.kind).toBe('UNKNOWN');
  expect(canDowngrade.reasons.nodes).toContainEqual({ reason: { code: 'IDENTITY_SUSPECT' } });
});

test.each<[string, (report: any) => void, string]>([
  ['a field that is missing', (report) => delete report.host.bootId, '/host/bootId'],
  ['a field of a wrong type', (report) => (report.taint = 'K'), '/taint'],
  [
    'a field that does not exist',
    // cspell:ignore enabeld
    (report) => (report.livepatches[0].enabeld = true),
    '/livepatches/0/enabeld',
  ],
  [
    'an id that is a number',
    (report) => (report.livepatches[0].reading = { ...reading, states: [{ id: 1, version: 1 }] }),
    '/livepatches/0/reading/states/0/id',
  ],
  [
    'an id above 2^64 - 1',
    (report) =>
      (report.livepatches[0].reading = { ...reading, states: [{ id: '18446744073709551616', version: 1 }] }),
    '/livepatches/0/reading/states/0/id',
  ],
  ['a digest of something else', (report) => (report.digest = '0'.repeat(64)), '/digest'],
  ['a control character in a name', (report) => (report.host.hostname = 'web\u001b[31m'), '/host/hostname'],
  ['another kind of document', (report) => (report.schema = 'report/v2'), '/schema'],
])('%s is named, and nothing is stored', async (_, spoil, pointer) => {
  const report = structuredClone(running('web-1', ['lab_r_1v1_a']));
  spoil(report);
  const { status, body } = await registry.send<any>('POST', '/v1/reports', report);
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 });
  expect(body.errors.map((problem: any) => problem.pointer)).toContain(pointer);
  expect(await hostCount()).toBe(0);
});
const reading = {
  evidence: 'LIVE',
  sha256: null,
  replace: true,
  unreadable: null,
  impact: 'DECLARED',
  callbacks: null,
};

test.each<[string, string | Buffer, Record<string, string>, number, string]>([
  ['a body that is too large', Buffer.alloc(9_000_000, 0x20), {}, 413, 'TOO_LARGE'],
  [
    'a small body that unpacks to a huge one',
    gzipSync(Buffer.alloc(50_000_000)),
    { 'content-encoding': 'gzip' },
    413,
    'TOO_LARGE',
  ],
  [
    'a body that is not what its encoding says',
    Buffer.from('not gzip at all'),
    { 'content-encoding': 'gzip' },
    400,
    'BAD_USER_INPUT',
  ],
  ['an encoding that is not known', '{}', { 'content-encoding': 'br' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['a body that is not JSON', '{"schema":', {}, 400, 'BAD_USER_INPUT'],
  ['a body of another type', 'report', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['no token', '{}', { authorization: '' }, 401, 'UNAUTHENTICATED'],
  ['a wrong token', '{}', { authorization: 'Bearer guess' }, 401, 'UNAUTHENTICATED'],
])('%s is refused in words', async (_, payload, headers, status, code) => {
  const answer = await registry.send<any>('POST', '/v1/reports', payload, headers);
  expect(answer).toMatchObject({ status, body: { code, status } });
  expect(answer.body.detail.length).toBeGreaterThan(10);
});

test('a report may be compressed', async () => {
  const report = Buffer.from(JSON.stringify(running('web-1', [])));
  expect(
    await registry.send('POST', '/v1/reports', gzipSync(report), { 'content-encoding': 'gzip' }),
  ).toMatchObject({
    status: 200,
    body: { outcome: 'STORED' },
  });
});

test('two agents of one host at once: each report is stored or refused, and the newest stays', async () => {
  const first = running('web-1', ['lab_r_1v1_a']);
  const reports = Array.from({ length: 12 }, (_, i) =>
    sealed({
      ...first,
      sequence: i + 1,
      livepatches: [listed(i % 2 === 0 ? 'lab_r_1v1_a' : 'lab_r_1v2_a', { refcount: 1 })],
    }),
  );
  const answers = await Promise.all(reports.map((report) => registry.report(report)));
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
  expect((await stackOf('web-1')).stack).toEqual([{ name: 'lab_r_1v2_a' }]);
  const intervals = await registry.app.get(Database).hostHistory.findMany({ orderBy: { validUntil: 'asc' } });
  const stored = answers.filter(({ body }) => body.outcome === 'STORED').length;
  expect(intervals.length).toBe(stored - 1);
  expect(intervals.every(({ validFrom, validUntil }) => validFrom <= validUntil)).toBe(true);
});

test('many hosts at once are all there', async () => {
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      registry.report(running(`web-${i}`, [i % 3 === 0 ? 'lab_r_1v1_a' : 'lab_r_1v2_a'])),
    ),
  );
  expect(answers.every(({ body }) => body.outcome === 'STORED')).toBe(true);
  expect(await hostCount()).toBe(60);
});

test('a database that was restored from before is filled again, by a server that remembers more', async () => {
  const report = running('web-1', ['lab_r_1v1_a']);
  await registry.report(report);
  await registry.app.get(Database)
    .$executeRaw`TRUNCATE host, host_heartbeat, situation, stack, stack_patch, label_set, cohort, cohort_delta, patch_sighting CASCADE`;
  expect((await registry.report(report)).body).toMatchObject({ outcome: 'STORED' });
  expect((await stackOf('web-1')).stack).toEqual([{ name: 'lab_r_1v1_a' }]);
});

describe('heartbeats', () => {
  test('one with the digest of the last report confirms its facts', async () => {
    const report = running('web-1', ['lab_r_1v1_a']);
    await registry.report(report);
    registry.wait(10, 'minutes');
    expect((await stackOf('web-1')).freshness.level).toBe('STALE');
    expect((await registry.heartbeat(report)).body).toMatchObject({ outcome: 'CONFIRMED', reason: null });
    expect((await stackOf('web-1')).freshness.level).toBe('FRESH');
  });

  test.each([
    ['another digest', { digest: 'a'.repeat(64) }, 'OTHER_CONTENT'],
    ['another boot', { bootId: 'b0b0b0b0-0000-4000-8000-0000000000ff' }, 'OTHER_BOOT'],
  ])('one with %s confirms nothing and asks for a report', async (_, changes, why) => {
    const report = running('web-1', ['lab_r_1v1_a']);
    await registry.report(report);
    expect((await registry.heartbeat(report, changes)).body).toMatchObject({
      outcome: 'REPORT_WANTED',
      reason: why,
    });
    expect((await stackOf('web-1')).freshness.superseded).toBe(true);
    // the facts changed and changed back: only a report can say what left the list meanwhile
    expect((await registry.heartbeat(report, { sequence: 3 })).body).toMatchObject({
      outcome: 'REPORT_WANTED',
      reason: 'OVERTAKEN',
    });
    expect((await registry.report(sealed({ ...report, sequence: 4 }))).body).toMatchObject({
      outcome: 'UNCHANGED',
    });
    expect((await stackOf('web-1')).freshness).toEqual({ level: 'FRESH', superseded: false });
  });

  test('one of an unknown host asks for a report', async () => {
    expect((await registry.heartbeat(idle('web-1'))).body).toMatchObject({
      outcome: 'REPORT_WANTED',
      reason: 'UNKNOWN_HOST',
    });
  });

  test('an old one changes nothing', async () => {
    const report = sealed({ ...running('web-1', ['lab_r_1v1_a']), sequence: 5 });
    await registry.report(report);
    registry.wait(10, 'minutes');
    expect((await registry.heartbeat(report, { sequence: 4 })).body.outcome).toBe('SUPERSEDED');
    expect((await stackOf('web-1')).freshness.level).toBe('STALE');
  });

  test('an hour-old spooled report is an hour old', async () => {
    await registry.report(
      sealed({
        ...running('web-1', []),
        clock: { wall: '2026-11-23T09:00:00Z', observedMs: 0, sentMs: 3_600_000 },
      }),
    );
    expect((await stackOf('web-1')).freshness.level).toBe('STALE');
  });
});

test('a leftover that is still referenced a minute later is pinned, and a report is asked for that says so', async () => {
  await registry.publish('lab_r_1v1_a');
  const report = idle('web-1', { leftovers: [leftover('lab_r_1v1_a', 1)] });
  await registry.report(report);
  const question = '{ canDowngrade(to: { name: "lab_r_1v1_a" }) { reasons { nodes { reason { code } } } } }';
  const codes = async () =>
    (await registry.ask(question)).canDowngrade.reasons.nodes.map((node: any) => node.reason.code);
  expect(await codes()).toContain('MODULE_STILL_LOADED');
  registry.wait(61, 'seconds');
  expect((await registry.heartbeat(report)).body).toMatchObject({
    outcome: 'REPORT_WANTED',
    reason: 'REFERENCED_LEFTOVER',
  });
  await registry.report(sealed({ ...report, sequence: 3 }));
  expect(await codes()).toContain('MODULE_PINNED');
  expect((await registry.heartbeat(report, { sequence: 4 })).body.outcome).toBe('CONFIRMED');
});

test('another machine behind the same instance looks cloned', async () => {
  const report = idle('web-1', { host: { machine: 'a'.repeat(64) } as never });
  await registry.report(report);
  await registry.report(later(report, { host: { ...report.host, machine: 'b'.repeat(64) } }));
  expect(
    (
      await registry.ask(
        '{ canDowngrade(to: { original: true }) { kind reasons { nodes { reason { code } } } } }',
      )
    ).canDowngrade,
  ).toMatchObject({
    kind: 'UNKNOWN',
    reasons: { nodes: expect.arrayContaining([{ reason: { code: 'IDENTITY_SUSPECT' } }]) },
  });
});

describe('batches', () => {
  test('each report has its own outcome, and a wrong one does not keep the others out', async () => {
    const good = running('web-1', ['lab_r_1v1_a']);
    const wrong = { ...running('web-2', []), taint: 'K' };
    const { status, body } = await registry.send<any>('POST', '/v1/reports:batch', [
      good,
      wrong,
      running('web-3', []),
      good,
    ]);
    expect(status).toBe(200);
    expect(body.results).toMatchObject([
      { outcome: 'STORED' },
      { code: 'BAD_USER_INPUT', errors: [{ pointer: '/taint' }] },
      { outcome: 'STORED' },
      { outcome: 'REPEATED' },
    ]);
    expect(await hostCount()).toBe(2);
  });

  test('heartbeats as well', async () => {
    const report = running('web-1', []);
    await registry.report(report);
    const beat = {
      schema: 'heartbeat/v1',
      instance: report.host.instance,
      bootId: report.host.bootId,
      sequence: 2,
      digest: report.digest,
      clock: report.clock,
    };
    const { body } = await registry.send<any>('POST', '/v1/heartbeats:batch', [
      beat,
      { ...beat, instance: '0190a000-0000-7000-8000-0000000000cc' },
      {},
    ]);
    expect(body.results).toMatchObject([
      { outcome: 'CONFIRMED' },
      { outcome: 'REPORT_WANTED', reason: 'UNKNOWN_HOST' },
      { code: 'BAD_USER_INPUT' },
    ]);
  });

  test.each([
    ['no array', {}],
    ['too many', Array(1001).fill(0)],
  ])('%s is refused whole', async (_, payload) => {
    expect(await registry.send('POST', '/v1/reports:batch', payload)).toMatchObject({
      status: 400,
      body: { code: 'BAD_USER_INPUT' },
    });
  });
});

test('a heartbeat that overtakes a report never confirms what it did not see', async () => {
  const first = running('web-1', ['lab_r_1v1_a']);
  await registry.report(first);
  const second = later(first, { livepatches: [listed('lab_r_1v2_a')] });
  // the heartbeat, sequence 3, saw the first content again; the second report, sequence 2, comes after it
  expect((await registry.heartbeat(first, { sequence: 3 })).body.outcome).toBe('CONFIRMED');
  expect((await registry.report(second)).body.outcome).toBe('STORED');
  expect((await stackOf('web-1')).freshness.superseded).toBe(true);
});
