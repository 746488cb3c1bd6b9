import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { readConfig } from '../../src/config.js';
import { Endpoints } from '../../src/ingest/endpoints.js';
import { idle, Registry, running } from '../registry.js';
import { ListeningRegistry } from './hostile/listening-registry.js';

const { batchSize, parallelBatches } = readConfig({}).ingest;
/** Minimum of the capacity. */
const CAPACITY = batchSize * (parallelBatches + 1);

let server: ListeningRegistry;
let registry: Registry;
beforeEach(async () => {
  server = await ListeningRegistry.open(200);
  registry = server.registry;
});
afterEach(() => server.close());

/** A heartbeat of a host. */
const heartbeat = (instance: string) => {
  const { host, digest, clock } = idle('web-1');
  return { schema: 'heartbeat/v1', instance, bootId: host.bootId, sequence: 2, digest, clock };
};

/** Locks the tables of hosts: messages wait, questions are answered. */
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
    if (Date.now() > deadline) throw new Error('not reached within 20 s');
    await sleep(10);
  }
};

test.each(['heartbeats', 'reports'] as const)(
  'overload with %s: refused at once with Retry-After and a closed connection; admitted messages and questions are answered',
  async (kind) => {
    await registry.report(running('web-1', ['lab_r_1v1_a']));
    const { load } = registry.app.get(Endpoints)[kind];
    const release = await hold();
    const documents = Array.from({ length: CAPACITY }, (_, i) =>
      kind === 'heartbeats' ? heartbeat(randomUUID()) : idle(`db-${i}`),
    );
    const batches = Array.from({ length: CAPACITY / 500 }, (_, i) =>
      registry.send<any>('POST', `/v1/${kind}:batch`, documents.slice(i * 500, i * 500 + 500)),
    );
    await until(() => load.pending === CAPACITY);

    for (const path of [`/v1/${kind}`, `/v1/${kind}:batch`]) {
      const { status, body, headers } = await server.send(
        path,
        path.endsWith('batch') ? `[${JSON.stringify(documents[0])}]` : JSON.stringify(documents[0]),
      );
      expect({ status, headers }).toMatchObject({
        status: 503,
        headers: {
          'content-type': 'application/problem+json; charset=utf-8',
          connection: 'close',
          'retry-after': expect.stringMatching(/^[2-9]$/),
        },
      });
      expect(body).toEqual({
        type: 'urn:klpreg:problem:busy',
        title: 'busy',
        status: 503,
        detail: 'too many messages are waiting to be stored; send this one again in a few seconds',
        code: 'BUSY',
        errors: [],
        instance: path,
      });
    }
    // the token is not checked, and a long body is received before the connection is closed
    const long = await server.send(`/v1/${kind}`, JSON.stringify({ filler: 'x'.repeat(2 ** 20) }), {
      authorization: 'Bearer unknown',
    });
    expect({ status: long.status, connection: long.headers.connection }).toEqual({
      status: 503,
      connection: 'keep-alive',
    });
    expect((await registry.ask('{ hosts { totalCount } }')).hosts.totalCount).toBe(1);
    expect((await registry.send('GET', '/metrics')).body).toMatch(
      new RegExp(`^klpreg_messages_total\\{endpoint="${kind}",outcome="BUSY"\\} 3$`, 'm'),
    );

    await release();
    const outcomes = (await Promise.all(batches)).flatMap(({ body }) =>
      body.results.map(({ outcome, code }: any) => outcome ?? code),
    );
    expect(outcomes).toEqual(documents.map(() => (kind === 'heartbeats' ? 'REPORT_WANTED' : 'STORED')));
    expect(load.pending).toBe(0);
    expect(load.isFull).toBe(false);
    expect((await server.send(`/v1/${kind}`, JSON.stringify(documents[0]))).status).toBe(200);
  },
  60_000,
);

test('more requests at once than the capacity: each is stored or refused, and retries are stored', async () => {
  const limits = { ...readConfig({}).ingest, batchSize: 20, parallelBatches: 2, queue: 100 };
  Object.assign(registry.app.get(Endpoints).reports.load, { limits });
  let open = Array.from({ length: 2000 }, (_, i) => JSON.stringify(idle(`web-${i}`)));
  let refused = 0;
  for (let round = 0; open.length > 0; round++) {
    expect(round).toBeLessThan(100);
    const answers = await Promise.all(open.map((text) => server.send('/v1/reports', text)));
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    open = open.filter((_, i) => answers[i]!.status === 503);
    refused += open.length;
  }
  expect(refused).toBeGreaterThan(0);
  expect((await registry.ask('{ hosts { totalCount } }')).hosts.totalCount).toBe(2000);
  expect(registry.app.get(Endpoints).reports.load.pending).toBe(0);
});

test('a server that closes first answers the requests in progress', async () => {
  const stored = await hold();
  const inTime = server.send('/v1/heartbeats', JSON.stringify(heartbeat(randomUUID())));
  await until(() => registry.app.get(Endpoints).heartbeats.load.pending === 1);
  const closed = registry.app.close();
  await stored();
  expect(await inTime).toMatchObject({ status: 200, body: { outcome: 'REPORT_WANTED' } });
  await closed;
});

test('a server that closes while the database does not answer refuses the requests in progress', async () => {
  const release = await hold();
  const late = server.send('/v1/heartbeats', JSON.stringify(heartbeat(randomUUID())));
  await until(() => registry.app.get(Endpoints).heartbeats.load.pending === 1);
  const closed = registry.app.close();
  expect(await late).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
  await release();
  await closed;
});

const REFUSED: readonly [why: string, body: string, extra: Record<string, string>, status: number][] = [
  ['its token is unknown', '{}', { authorization: 'Bearer unknown' }, 401],
  ['it is not a message', '{}', {}, 400],
  ['it is not JSON', '{', {}, 400],
  ['it is a batch in place of one message', '[{},{}]', {}, 400],
  ['it is larger than any batch', `[${'0,'.repeat(1500)}0]`, {}, 400],
];
test('a request that is refused is no longer pending', async () => {
  for (const [why, body, extra, expected] of REFUSED)
    for (const kind of ['reports', 'heartbeats'] as const) {
      const { status } = await server.send(`/v1/${kind}`, body, extra);
      const { pending } = registry.app.get(Endpoints)[kind].load;
      expect({ why, status, pending }).toEqual({ why, status: expected, pending: 0 });
    }
});
