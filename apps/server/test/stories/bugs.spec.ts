import type { Report } from '@klpreg/wire';
import pg from 'pg';
import { CohortsStore } from '../../src/store/counts/cohorts.store.js';
import { idle, later, Registry, running } from '../registry.js';

/** Text of an unexpected database error, which no caller may see. A trigger raises it for one host. */
const SECRET = 'internal detail';

let registry: Registry;
let client: pg.Client;
beforeAll(async () => {
  registry = await Registry.start();
  client = new pg.Client({ connectionString: registry.databaseUrl });
  await client.connect();
  await client.query(
    `CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION '${SECRET}: %', to_jsonb(NEW); END $$`,
  );
});
afterAll(async () => {
  await client.end();
  await registry.stop();
});

const breakOn = ({ host }: Report) =>
  client.query(
    `CREATE OR REPLACE TRIGGER breaks BEFORE INSERT OR UPDATE ON host_heartbeat
       FOR EACH ROW WHEN (NEW.host_id = '${host.instance}') EXECUTE FUNCTION breaks()`,
  );
afterEach(() => client.query('DROP TRIGGER IF EXISTS breaks ON host_heartbeat'));

const BUG = { type: 'urn:klpreg:problem:internal', status: 500, code: 'INTERNAL', errors: [] };
const heartbeatOf = ({ host, digest, sequence, clock }: Report) => ({
  schema: 'heartbeat/v1',
  instance: host.instance,
  bootId: host.bootId,
  sequence: sequence + 1,
  digest,
  clock,
});
const isStored = async (name: string): Promise<boolean> =>
  (await registry.ask('query ($name: String) { host(hostname: $name) { id } }', { name })).host !== null;

test('an unexpected error of one report in a batch shows no internals, and the other reports are stored', async () => {
  const hosts = Array.from({ length: 30 }, (_, i) => running(`web-${i}`, []));
  await breakOn(hosts[17]!);
  const { status, body } = await registry.send<{ results: { outcome?: string }[] }>(
    'POST',
    '/v1/reports:batch',
    hosts,
  );
  expect(status).toBe(200);
  expect(body.results[17]).toMatchObject(BUG);
  expect(JSON.stringify(body)).not.toContain('internal detail');
  expect(body.results.filter((_, i) => i !== 17).map(({ outcome }) => outcome)).toEqual(
    Array(29).fill('STORED'),
  );
  expect([await isStored('web-16'), await isStored('web-17'), await isStored('web-18')]).toEqual([
    true,
    false,
    true,
  ]);
  expect(await registry.app.get(CohortsStore).differences()).toEqual([]);
});

test('an unexpected error does not affect concurrent reports; after the repair the report is stored', async () => {
  const [broken, ...others] = ['odd-1', 'odd-2', 'odd-3'].map((name) => idle(name));
  await breakOn(broken!);
  const [bug, ...stored] = await Promise.all([broken!, ...others].map((report) => registry.report(report)));
  expect(bug).toMatchObject({ status: 500, body: BUG });
  expect(stored).toMatchObject(others.map(() => ({ status: 200, body: { outcome: 'STORED' } })));
  await client.query('DROP TRIGGER breaks ON host_heartbeat');
  expect(await registry.report(broken!)).toMatchObject({ status: 200, body: { outcome: 'STORED' } });
  expect(await registry.app.get(CohortsStore).differences()).toEqual([]);
});

test('an unexpected error of one heartbeat in a batch does not affect the others', async () => {
  const hosts = ['beat-1', 'beat-2', 'beat-3'].map((name) => idle(name));
  for (const report of hosts) await registry.report(report);
  await breakOn(hosts[1]!);
  const { body } = await registry.send<{ results: object[] }>(
    'POST',
    '/v1/heartbeats:batch',
    hosts.map(heartbeatOf),
  );
  expect(body.results).toMatchObject([{ outcome: 'CONFIRMED' }, BUG, { outcome: 'CONFIRMED' }]);
  expect(JSON.stringify(body)).not.toContain('internal detail');
  expect(await registry.report(later(hosts[0]!, { sequence: 3 }))).toMatchObject({
    body: { outcome: 'UNCHANGED' },
  });
});
