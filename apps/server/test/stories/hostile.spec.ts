import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { contentDigest } from '@klpreg/wire';
import { CohortsStore } from '../../src/store/counts/cohorts.store.js';
import { Database } from '../../src/database/database.js';
import { Random } from '../random.js';
import { Registry, running } from '../registry.js';
import { LARGE, SMALL } from './hostile/bodies.js';
import { ListeningRegistry, type ResultBody } from './hostile/listening-registry.js';
import { inconsistentMessage } from './hostile/inconsistent-hosts.js';
import { checkBodyRefusal, checkOutcome, checkRefusal } from './hostile/refusals.js';
import { type InvalidMessage, invalidMessage } from './hostile/invalid-messages.js';
import { heartbeatOf, type SentMessage, ValidStream } from './hostile/valid-stream.js';

const MESSAGES = Number(process.env['HOSTILE_MESSAGES'] ?? 10_000);
const SEED = Number(process.env['HOSTILE_SEED'] ?? 20_261_124);
/** Number of hosts that send only valid messages. */
const HOSTS = 200;
/** Numbers of messages and bodies in a round. */
const ROUND = { invalid: 450, bodies: 50, valid: 60, inconsistent: 20 };
const MIB = 2 ** 20;

let server: ListeningRegistry;
beforeAll(async () => void (server = await ListeningRegistry.open()), 60_000);
afterAll(() => server.close());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heap = (): number => {
  collect();
  collect();
  return process.memoryUsage().heapUsed / MIB;
};

/** Returns the stored rows of these hosts, without transaction ids and without who sent them. */
const storedRows = async (registry: Registry, ids: readonly string[]) =>
  registry.app.get(Database).$queryRaw<{ what: string; it: string }[]>`
    SELECT 'host' AS what, (to_jsonb(h) - '{opened_by,sent_by}'::text[])::text AS it
      FROM host h
     WHERE id = ANY(${ids}::uuid[])
     UNION ALL
    SELECT 'heartbeat', (to_jsonb(b) - 'superseded_by')::text
      FROM host_heartbeat b
     WHERE host_id = ANY(${ids}::uuid[])
     UNION ALL
    SELECT 'history', (to_jsonb(p) - '{opened_by,closed_by,sent_by}'::text[])::text
      FROM host_history p
     WHERE host_id = ANY(${ids}::uuid[])
     UNION ALL
    SELECT 'gap', (to_jsonb(w) - '{opened_by,closed_by}'::text[])::text
      FROM host_gap w
     WHERE host_id = ANY(${ids}::uuid[])
     UNION ALL
    SELECT 'situation', id::text FROM situation
     UNION ALL
    SELECT 'labels', id::text FROM label_set
     UNION ALL
    SELECT 'stack', id::text FROM stack
     UNION ALL
    SELECT DISTINCT 'sighting', concat_ws(' ', build_id, kernel_version, objects, over, file)
      FROM patch_sighting
     ORDER BY 1, 2`;

/** Sends only the valid messages, at the same times. @returns the stored rows */
async function sendValidOnly(rounds: number): Promise<unknown> {
  const registry = await Registry.start();
  const stream = new ValidStream(new Random(SEED + 1), HOSTS);
  for (let round = 0; round < rounds; round++) {
    const validMessages = stream.round(ROUND.valid);
    for (const at of ['reports', 'heartbeats'] as const) {
      const payload = `[${validMessages
        .filter((one) => one.kind === at)
        .map(({ text }) => text)
        .join(',')}]`;
      expect((await registry.send('POST', `/v1/${at}:batch`, payload)).status).toBe(200);
    }
    registry.wait(20, 'seconds');
  }
  const all = await storedRows(registry, stream.ids);
  await registry.stop();
  return all;
}

test('ten thousand invalid messages: valid ones are stored, each invalid one is refused, memory is bounded', async () => {
  const random = new Random(SEED);
  const stream = new ValidStream(new Random(SEED + 1), HOSTS);
  const wrong: string[] = [];
  const note = (what: string, why: string | null) =>
    void (why !== null && wrong.length < 20 && wrong.push(`${what}: ${why}`));
  let [sentInvalid, rounds, early] = [0, 0, 0];

  for (; sentInvalid < MESSAGES; rounds++) {
    const validMessages = stream.round(ROUND.valid);
    // invalid messages of hosts that exist, and of hosts that must never exist
    const invalidMessages = Array.from({ length: ROUND.invalid }, (_, i) =>
      invalidMessage(random, i % 2 === 0 ? `good-${20 + random.below(150)}` : `never-${random.below(50)}`),
    );
    const replays = stream.last
      .filter((one) => !validMessages.includes(one) && random.below(10) === 0)
      .map((one) => ({ ...one, outcome: 'REPEATED|CONFIRMED|REPORT_WANTED' }));
    const inconsistentMessages = Array.from({ length: ROUND.inconsistent }, () =>
      inconsistentMessage(random),
    );
    for (const at of ['reports', 'heartbeats'] as const) {
      const batch = random.shuffled<SentMessage | InvalidMessage>(
        [...validMessages, ...invalidMessages, ...replays, ...inconsistentMessages].filter(
          (one) => one.kind === at,
        ),
      );
      const answers = await server.batch(
        at,
        batch.map(({ text }) => text),
      );
      batch.forEach((one, i) =>
        note(
          one.what,
          'pointer' in one ? checkRefusal(answers[i], one.pointer) : checkOutcome(answers[i]!, one.outcome),
        ),
      );
    }
    const bodies = Array.from({ length: ROUND.bodies }, () =>
      random.pick(SMALL)(random.pick(validMessages).text, random),
    ).concat(LARGE[rounds]?.map((large) => large()) ?? []);
    const answers = await Promise.all(
      bodies.map(([, body, headers]) => server.send('/v1/reports', body, headers)),
    );
    bodies.forEach((body, i) => note(body[0], checkBodyRefusal(answers[i]!, body)));
    sentInvalid += invalidMessages.length + bodies.length;
    server.registry.wait(20, 'seconds');
    if (early === 0 && sentInvalid >= 1_000) early = heap();
  }

  expect(wrong).toEqual([]);
  const late = heap();
  expect(late - early).toBeLessThan(16);
  expect((await server.send('/readyz', '', {}, 'GET')).status).toBe(200);
  expect(await server.registry.app.get(CohortsStore).differences()).toEqual([]);
  expect(await storedRows(server.registry, stream.ids)).toEqual(await sendValidOnly(rounds));
  expect(await server.registry.app.get(Database).host.count()).toBe(HOSTS + 10);
}, 100_000);

/** Makes a report with this JSON text as its list of livepatches. */
const listing = (hostname: string, raw: string): string =>
  JSON.stringify({ ...running(hostname, []), livepatches: '@' }).replace('"@"', () => raw);
const nested = (levels: number, open: string, close: string): string =>
  `${open.repeat(levels)}0${close.repeat(levels)}`;
const fields = (n: number): string =>
  JSON.stringify([Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${i}`, 0]))]);
type Huge = [what: string, raw: string, refusal: readonly [status: number, code: string, pointer: string]];
const invalid = (pointer: string) => [400, 'BAD_USER_INPUT', pointer] as const;
const overLimit = [422, 'LIMIT_EXCEEDED', ''] as const;

/** Expects a short refusal, alone and in a batch, and that the rest of the batch is stored. */
async function expectShortRefusal(
  what: string,
  raw: string,
  [status, code, pointer]: Huge[2],
): Promise<void> {
  const summaryOf = ({ status: own, code: name, detail, errors }: ResultBody) => ({
    status: own,
    code: name,
    isDetailed: detail!.length > 10,
    pointer: errors![0]!.pointer,
  });
  const single = await server.send('/v1/reports', listing(what, raw));
  const batch = await server.send(
    '/v1/reports:batch',
    `[${listing(what, raw)},${JSON.stringify(running(what, []))}]`,
  );
  expect(single.status).toBe(status);
  expect(summaryOf(single.body)).toEqual({ status, code, isDetailed: true, pointer });
  expect(batch.status).toBe(200);
  expect(summaryOf(batch.body.results![0]!)).toEqual({ status, code, isDetailed: true, pointer });
  expect(batch.body.results?.[1]?.outcome).toMatch(/STORED|REPEATED/);
  expect(single.bytes).toBeLessThan(20_000);
}

describe('the refusal of a huge message is short', () => {
  test.each<Huge>([
    ['20 nested arrays', nested(20, '[', ']'), invalid('/livepatches/0')],
    ['100 nested arrays', nested(100, '[', ']'), overLimit],
    ['90,000 numbers as patches', `[${Array(90_000).fill(0).join(',')}]`, invalid('/livepatches')],
    ['100,000 numbers as patches', `[${Array(100_000).fill(0).join(',')}]`, overLimit],
    ['a patch with 50 unknown fields', fields(50), invalid('/livepatches/0/name')],
  ])('%s', expectShortRefusal);

  // were bugs: `problems` in libs/wire recursed as deep as the message, and had no limit for its text
  test.each<Huge>([
    ['10,000 nested arrays', nested(10_000, '[', ']'), overLimit],
    ['10,000 nested objects', nested(10_000, '{"a":', '}'), overLimit],
    ['a patch with 20,000 unknown fields', fields(20_000), invalid('/livepatches/0/name')],
    [
      'a patch with an unknown field whose name has 1 MB',
      `[{"${'x'.repeat(MIB - 2000)}":0}]`,
      invalid('/livepatches/0/name'),
    ],
  ])('%s', expectShortRefusal);
});

/** The objects of a report that get a hostile field, and the text before its place. */
const OBJECTS: [where: string, pointer: string, before: string][] = [
  ['the report', '', '{'],
  ['its host', '/host', '"host":{'],
  ['its labels', '/host/labels', '"labels":{'],
  ['a patch', '/livepatches/0', '"livepatches":[{'],
];
const POISONS: [what: string, key: string, text: string][] = [
  ['__proto__', '__proto__', '"__proto__":{"admin":true}'],
  ['__proto__, escaped', '__proto__', '"\\u005f_proto__":{"admin":true}'],
  ['__proto__ that is not an object', '__proto__', '"__proto__":"admin"'],
  ['a constructor with a prototype', 'constructor', '"constructor":{"prototype":{"admin":true}}'],
];

describe('a field that would set a prototype is refused as unknown', () => {
  const good = running('prototype', ['lab_r_1v1_a'], { host: { labels: { role: 'web' } } as never });
  const expectPrototypesUnchanged = (): void => {
    for (const prototype of [Object.prototype, Array.prototype, Function.prototype])
      expect(Object.hasOwn(prototype, 'admin')).toBe(false);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  };

  test.each(
    POISONS.flatMap(([what, key, text]) =>
      OBJECTS.map(([where, pointer, before]) => [what, where, `${pointer}/${key}`, before, text] as const),
    ),
  )('%s in %s', async (_what, _where, pointer, before, text) => {
    const plain = JSON.stringify(good);
    const poisoned = plain.replace(before, () => `${before}${text},`);
    expect(poisoned).not.toBe(plain);
    // with the right digest, so that it is valid otherwise
    const own = plain
      .replace(good.digest, contentDigest(JSON.parse(poisoned)))
      .replace(before, () => `${before}${text},`);
    const single = await server.send('/v1/reports', own);
    expect({
      status: single.status,
      code: single.body.code,
      at: single.body.errors?.map((one) => one.pointer),
    }).toEqual({
      status: 400,
      code: 'BAD_USER_INPUT',
      at: [expect.stringMatching(new RegExp(`^${pointer}(?:/|$)`))],
    });
    const answers = await server.batch('reports', [own, plain, own]);
    expect(answers.map(({ outcome, code }) => outcome ?? code)).toEqual([
      'BAD_USER_INPUT',
      expect.stringMatching(/STORED|REPEATED/),
      'BAD_USER_INPUT',
    ]);
    expect(answers[0]!.errors).toEqual(single.body.errors);
    expectPrototypesUnchanged();
  });

  test('in a heartbeat', async () => {
    const plain = JSON.stringify(heartbeatOf(good, { sequence: 2 }));
    const poisoned = plain.replace('{', '{"__proto__":{"admin":true},');
    expect((await server.send('/v1/heartbeats', poisoned)).body).toMatchObject({
      code: 'BAD_USER_INPUT',
      errors: [{ pointer: '/__proto__' }],
    });
    expect(await server.batch('heartbeats', [poisoned, plain])).toMatchObject([
      { code: 'BAD_USER_INPUT', errors: [{ pointer: '/__proto__' }] },
      { outcome: 'CONFIRMED' },
    ]);
    expectPrototypesUnchanged();
  });

  test('an object in place of a batch', async () => {
    expect(await server.send('/v1/reports:batch', `{"__proto__":[${JSON.stringify(good)}]}`)).toMatchObject({
      status: 400,
      body: { code: 'BAD_USER_INPUT' },
    });
    expectPrototypesUnchanged();
  });

  test('in a question and in a publication', async () => {
    const question = await server.send(
      '/graphql',
      '{"query":"{ __typename }","variables":{"__proto__":{"admin":true}}}',
    );
    expect(question).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
    });
    const publication = await server.send(
      `/v1/patches/${'ab'.repeat(20)}`,
      '{"__proto__":{"admin":true}}',
      {},
      'PUT',
    );
    expect(publication).toMatchObject({
      status: 400,
      body: {
        code: 'BAD_USER_INPUT',
        errors: expect.arrayContaining([expect.objectContaining({ pointer: '/__proto__' })]),
      },
    });
    expectPrototypesUnchanged();
  });
});

// was a bug: Nest also parses forms
test('a form is an unsupported media type', async () => {
  expect(
    await server.send('/v1/reports', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
  ).toMatchObject({ status: 415 });
});
