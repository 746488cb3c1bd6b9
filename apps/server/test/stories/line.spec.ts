import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { LINE_LIMITS } from '../../src/ingest/line.js';
import { Doors } from '../../src/ingest/doors.js';
import { idle, Registry, running } from '../registry.js';
import { Door } from './hostile/door.js';

let door: Door;
let registry: Registry;
beforeEach(async () => {
  door = await Door.open(200);
  registry = door.registry;
});
afterEach(() => door.close());

/** What an agent sends, of some host. */
const heartbeat = (instance: string) => {
  const { host, digest, clock } = idle('web-1');
  return { schema: 'heartbeat/v1', instance, bootId: host.bootId, sequence: 2, digest, clock };
};

/** While somebody holds the table nothing of a host can be written; questions can be asked. */
async function hold(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: registry.databaseUrl });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE host_heartbeat, host IN EXCLUSIVE MODE');
  return async () => {
    await client.query('ROLLBACK');
    await client.end();
  };
}

const until = async (what: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 20_000; !what();) {
    if (Date.now() > deadline) throw new Error('it did not come to that within 20 s');
    await sleep(10);
  }
};

test.each(['heartbeats', 'reports'] as const)(
  'who finds no room for %s is told at once when to come back, and to hang up; who has room is answered, questions are too, and afterwards there is room again',
  async (kind) => {
    await registry.report(running('web-1', ['lab_r_1v1_a']));
    const line = registry.app.get(Doors).lines[kind];
    const release = await hold();
    const documents = Array.from({ length: LINE_LIMITS.least }, (_, i) => (kind === 'heartbeats' ? heartbeat(randomUUID()) : idle(`db-${i}`)));
    const batches = Array.from({ length: LINE_LIMITS.least / 500 }, (_, i) =>
      registry.send<any>('POST', `/v1/${kind}:batch`, documents.slice(i * 500, i * 500 + 500)),
    );
    await until(() => line.length === LINE_LIMITS.least);

    for (const path of [`/v1/${kind}`, `/v1/${kind}:batch`]) {
      const { status, body, headers } = await door.send(path, path.endsWith('batch') ? `[${JSON.stringify(documents[0])}]` : JSON.stringify(documents[0]));
      expect({ status, headers }).toMatchObject({
        status: 503,
        headers: { 'content-type': 'application/problem+json; charset=utf-8', connection: 'close', 'retry-after': expect.stringMatching(/^[2-9]$/) },
      });
      expect(body).toEqual({
        type: 'urn:klpreg:problem:busy',
        title: 'busy',
        status: 503,
        detail: 'too many documents wait to be stored; send this one again in a few seconds',
        code: 'BUSY',
        errors: [],
        instance: path,
      });
    }
    // nobody has asked whose token it is, and a body that is long is let out before the connection is closed
    const long = await door.send(`/v1/${kind}`, JSON.stringify({ filler: 'x'.repeat(2 ** 20) }), { authorization: 'Bearer nobody' });
    expect({ status: long.status, connection: long.headers.connection }).toEqual({ status: 503, connection: 'keep-alive' });
    expect((await registry.ask('{ hosts { totalCount } }')).hosts.totalCount).toBe(1);
    expect((await registry.send('GET', '/metrics')).body).toMatch(new RegExp(`^klpreg_documents_total\\{door="${kind}",outcome="BUSY"\\} 3$`, 'm'));

    await release();
    const outcomes = (await Promise.all(batches)).flatMap(({ body }) => body.results.map(({ outcome, code }: any) => outcome ?? code));
    expect(outcomes).toEqual(documents.map(() => (kind === 'heartbeats' ? 'REPORT_WANTED' : 'STORED')));
    expect(line.length).toBe(0);
    expect(line.full).toBe(false);
    expect((await door.send(`/v1/${kind}`, JSON.stringify(documents[0]))).status).toBe(200);
  },
  60_000,
);

test('more at once than there is room for, over connections of their own: each is stored or sent away, and those who come back are stored', async () => {
  Object.assign(registry.app.get(Doors).lines.reports, { limits: { ...LINE_LIMITS, busy: 10, least: 50, most: 100 } });
  let open = Array.from({ length: 2000 }, (_, i) => JSON.stringify(idle(`web-${i}`)));
  let sentAway = 0;
  for (let round = 0; open.length > 0; round++) {
    expect(round).toBeLessThan(100);
    const answers = await Promise.all(open.map((text) => door.send('/v1/reports', text)));
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    open = open.filter((_, i) => answers[i]!.status === 503);
    sentAway += open.length;
  }
  expect(sentAway).toBeGreaterThan(0);
  expect((await registry.ask('{ hosts { totalCount } }')).hosts.totalCount).toBe(2000);
  expect(registry.app.get(Doors).lines.reports.length).toBe(0);
}, 60_000);

test('a server that is closed answers what is under way first', async () => {
  const stored = await hold();
  const inTime = door.send('/v1/heartbeats', JSON.stringify(heartbeat(randomUUID())));
  await until(() => registry.app.get(Doors).lines.heartbeats.length === 1);
  const closed = registry.app.close();
  await stored();
  expect(await inTime).toMatchObject({ status: 200, body: { outcome: 'REPORT_WANTED' } });
  await closed;
}, 60_000);

test('a server that is closed while the database does not answer says so to what is under way', async () => {
  const release = await hold();
  const late = door.send('/v1/heartbeats', JSON.stringify(heartbeat(randomUUID())));
  await until(() => registry.app.get(Doors).lines.heartbeats.length === 1);
  const closed = registry.app.close();
  expect(await late).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
  await release();
  await closed;
}, 60_000);

test.each<[how: string, body: string, extra: Record<string, string>, status: number]>([
  ['nobody knows its token', '{}', { authorization: 'Bearer nobody' }, 401],
  ['it is no document', '{}', {}, 400],
  ['it is not JSON', '{', {}, 400],
  ['it is a batch where one was to come', '[{},{}]', {}, 400],
  ['it is larger than any batch', `[${'0,'.repeat(1500)}0]`, {}, 400],
])('who is refused because %s has left the line', async (_, body, extra, status) => {
  for (const kind of ['reports', 'heartbeats'] as const) {
    expect((await door.send(`/v1/${kind}`, body, extra)).status).toBe(status);
    expect(registry.app.get(Doors).lines[kind].length).toBe(0);
  }
});
