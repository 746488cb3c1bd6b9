import pg from 'pg';
import { DatabaseTime } from '../src/database/database-time.js';
import { isUnavailable } from '../src/database/unavailable.js';
import { Registry, running } from './registry.js';

let registry: Registry;
let client: pg.Client;
beforeAll(async () => {
  registry = await Registry.start();
  client = new pg.Client(registry.databaseUrl);
  client.on('error', () => undefined); // the database is dropped under it
  await client.connect();
});
beforeEach(() => registry.reset());
afterEach(async () => {
  await client.query('DROP FUNCTION IF EXISTS refuse CASCADE; DROP SEQUENCE IF EXISTS tries');
});
afterAll(async () => {
  await client.end();
  await registry.stop();
});

/**
 * From now on every new host is refused by PostgreSQL with this SQLSTATE; `tries` counts, as sequences are
 * never taken back.
 */
async function refuse(state: string): Promise<void> {
  await client.query(`
    CREATE SEQUENCE tries;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tries'); RAISE EXCEPTION 'as if' USING ERRCODE = '${state}'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON host FOR EACH STATEMENT EXECUTE FUNCTION refuse();`);
}
const tries = async () =>
  Number((await client.query<{ n: string }>('SELECT last_value AS n FROM tries')).rows[0]!.n);
const batch = () => ['web-1', 'web-2', 'web-3', 'web-4'].map((name) => running(name, []));
const post = async (url: string, payload: unknown) =>
  registry.app.inject({
    method: 'POST',
    url,
    payload: payload as object,
    headers: { authorization: 'Bearer the-admin-token-of-this-test' },
  });

/** How many statements are tried for a batch that is not divided. */
test.each<[what: string, state: string, attempts: number]>([
  ['a connection that fails', '08000', 1],
  ['a serialization failure, after it was tried again', '40001', 5],
  ['a deadlock, after it was tried again', '40P01', 5],
  ['a full disk', '53100', 1],
  ['no memory', '53200', 1],
  ['a lock that is not free', '55P03', 1],
  ['a statement that was cancelled', '57014', 1],
  ['a shutdown', '57P01', 1],
  ['an error of input and output', '58030', 1],
  ['a database that may only be read', '25006', 1],
  ['a prepared statement that a pooler has given to another', '42P05', 1],
  ['a prepared statement that a pooler has lost', '26000', 1],
])(
  '%s is no bug: the batch is not divided, and its documents get 503 with a time to come back',
  async (_, state, attempts) => {
    await refuse(state);
    const answer = await post('/v1/reports:batch', batch());
    expect({
      status: answer.statusCode,
      again: answer.headers['retry-after'],
      code: answer.json().code,
    }).toEqual({
      status: 503,
      again: '5',
      code: 'UNAVAILABLE',
    });
    // the four may come as up to four batches
    expect(await tries()).toBeLessThanOrEqual(4 * attempts);
  },
);

test('what is a bug stays one: the batch is divided, and each document that meets it gets INTERNAL', async () => {
  await refuse('XX000');
  const { results } = (await post('/v1/reports:batch', batch())).json();
  expect(results.map(({ code }: { code: string }) => code)).toEqual(Array(4).fill('INTERNAL'));
  expect(await tries()).toBeGreaterThanOrEqual(4);
});

const ready = async () => (await registry.app.inject({ url: '/readyz' })).statusCode;

test('a server whose database cannot be written is not ready, though it can be read', async () => {
  expect((await post('/v1/reports', running('web-0', []))).statusCode).toBe(200);
  expect(await ready()).toBe(200);
  await refuse('53100');
  await post('/v1/reports', running('web-1', []));
  expect(await ready()).toBe(503);
  await client.query('DROP TRIGGER refuse ON host');
  expect((await post('/v1/reports', running('web-1', []))).statusCode).toBe(200);
  expect(await ready()).toBe(200);
});

test('a database that is read-only makes a server not ready', async () => {
  const name = (await client.query<{ name: string }>('SELECT current_database() AS name')).rows[0]!.name;
  /** Applies to new connections. */
  const set = async (readOnly: 'on' | 'off') => {
    await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = ${readOnly}`);
    await client.query(
      'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() ' +
        'AND pid <> pg_backend_pid()',
    );
  };
  await set('on');
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) statuses.push(await ready());
  expect(statuses.at(-1)).toBe(503);
  const query = '{ registry { problem rollUpDelaySeconds load { hosts } } }';
  // without a token, which is not found while new connections are refused
  const answer = await registry.app.inject({ method: 'POST', url: '/graphql', payload: { query } });
  expect(answer.json().data.registry).toEqual({
    problem: expect.stringMatching(/^the database (?:cannot be written|does not answer)/),
    rollUpDelaySeconds: null,
    load: null,
  });
  await set('off');
});

test('of what a database says, only faults are UNAVAILABLE', () => {
  const wrapped = (code: string) => ({
    code: 'P2010',
    meta: { driverAdapterError: { cause: { kind: 'postgres', originalCode: code } } },
  });
  for (const code of [
    '08006',
    '28P01',
    '40001',
    '3D000',
    '53300',
    '55006',
    '57P03',
    '58P01',
    '25006',
    '42P05',
    '26000',
  ])
    expect([code, isUnavailable(wrapped(code))]).toEqual([code, true]);
  for (const code of ['23505', '42703', '22P02', 'XX000', '25P02', '42501'])
    expect([code, isUnavailable(wrapped(code))]).toEqual([code, false]);
});

describe('the time of the database', () => {
  const at = (ms: number) => new Date(ms);
  test('counts on from the last reading, whatever the clock of the machine says', () => {
    const time = new DatabaseTime();
    time.read(at(5_000_000), performance.now());
    expect(time.now().getTime()).toBeGreaterThanOrEqual(4_999_000);
    expect(time.now().getTime()).toBeLessThan(6_000_000);
    expect(Math.abs(time.offsetMs! - (Date.now() - 5_000_000))).toBeLessThan(1_000_000);
  });
  test('a clock that is set back is noticed, one that is set forward is followed', () => {
    const time = new DatabaseTime();
    time.read(at(5_000_000), performance.now());
    time.read(at(9_000_000), performance.now());
    expect(time.timesSetBack).toBe(0);
    time.read(at(5_000_000), performance.now());
    expect(time.timesSetBack).toBe(1);
  });
  test('a reading that took long corrects nothing that it cannot tell', () => {
    const time = new DatabaseTime();
    time.read(at(5_000_000), performance.now());
    time.read(at(5_002_000), performance.now() - 10_000);
    expect(time.now().getTime()).toBeLessThan(5_001_900 + 100_000);
    expect(time.timesSetBack).toBe(0);
  });
});
