import type { Report } from '@klpreg/wire';
import pg from 'pg';
import { CohortsStore } from '../../src/store/counts/cohorts.store.js';
import { idle, later, Registry, running } from '../registry.js';

/** What nobody foresaw, made by the test: the database breaks on one host, and says more than any caller should hear. */
const INSIDE = 'the inside of the floor';

let registry: Registry;
let client: pg.Client;
beforeAll(async () => {
  registry = await Registry.start();
  client = new pg.Client({ connectionString: registry.databaseUrl });
  await client.connect();
  await client.query(
    `CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '${INSIDE}: %', to_jsonb(NEW); END $$`,
  );
});
afterAll(async () => {
  await client.end();
  await registry.stop();
});

const breakOn = ({ host }: Report) =>
  client.query(
    `CREATE OR REPLACE TRIGGER breaks BEFORE INSERT OR UPDATE ON host_heartbeat FOR EACH ROW WHEN (NEW.host_id = '${host.instance}') EXECUTE FUNCTION breaks()`,
  );
afterEach(() => client.query('DROP TRIGGER IF EXISTS breaks ON host_heartbeat'));

const BUG = { type: 'urn:klpreg:problem:internal', status: 500, code: 'INTERNAL', errors: [] };
const beat = ({ host, digest, sequence, clock }: Report) => ({
  schema: 'heartbeat/v1',
  instance: host.instance,
  bootId: host.bootId,
  sequence: sequence + 1,
  digest,
  clock,
});
const knows = async (name: string): Promise<boolean> =>
  (await registry.ask('query ($name: String) { host(hostname: $name) { id } }', { name })).host !== null;

test('a bug that one report of a batch meets is that report’s alone, says nothing of the inside, and keeps no other from being stored', async () => {
  const hosts = Array.from({ length: 30 }, (_, i) => running(`web-${i}`, []));
  await breakOn(hosts[17]!);
  const { status, body } = await registry.send<{ results: { outcome?: string }[] }>(
    'POST',
    '/v1/reports:batch',
    hosts,
  );
  expect(status).toBe(200);
  expect(body.results[17]).toMatchObject(BUG);
  expect(JSON.stringify(body)).not.toContain('inside');
  expect(body.results.filter((_, i) => i !== 17).map(({ outcome }) => outcome)).toEqual(
    Array(29).fill('STORED'),
  );
  expect([await knows('web-16'), await knows('web-17'), await knows('web-18')]).toEqual([true, false, true]);
  expect(await registry.app.get(CohortsStore).differences()).toEqual([]);
});

test('nor does it touch the reports of others that come in the same moment; and once it is mended the report is stored', async () => {
  const [broken, ...others] = ['odd-1', 'odd-2', 'odd-3'].map((name) => idle(name));
  await breakOn(broken!);
  const [bug, ...stored] = await Promise.all([broken!, ...others].map((report) => registry.report(report)));
  expect(bug).toMatchObject({ status: 500, body: BUG });
  expect(stored).toMatchObject(others.map(() => ({ status: 200, body: { outcome: 'STORED' } })));
  await client.query('DROP TRIGGER breaks ON host_heartbeat');
  expect(await registry.report(broken!)).toMatchObject({ status: 200, body: { outcome: 'STORED' } });
  expect(await registry.app.get(CohortsStore).differences()).toEqual([]);
});

test('a bug that one heartbeat of a batch meets is that heartbeat’s alone, too', async () => {
  const hosts = ['beat-1', 'beat-2', 'beat-3'].map((name) => idle(name));
  for (const report of hosts) await registry.report(report);
  await breakOn(hosts[1]!);
  const { body } = await registry.send<{ results: object[] }>(
    'POST',
    '/v1/heartbeats:batch',
    hosts.map(beat),
  );
  expect(body.results).toMatchObject([{ outcome: 'CONFIRMED' }, BUG, { outcome: 'CONFIRMED' }]);
  expect(JSON.stringify(body)).not.toContain('inside');
  expect(await registry.report(later(hosts[0]!, { sequence: 3 }))).toMatchObject({
    body: { outcome: 'UNCHANGED' },
  });
});
