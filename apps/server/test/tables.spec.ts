import pg from 'pg';
import { copyDatabase, type Database } from './database.js';

/** Where each table lives on a cluster. A new table is not done before it is here. */
const KINDS = {
  'per host': [
    'cohort_delta',
    'host',
    'host_boot',
    'host_credential',
    'host_gap',
    'host_heartbeat',
    'host_history',
  ],
  reference: [
    'enrolment_token',
    'label_set',
    'patch',
    'patch_author',
    'patch_file',
    'patch_sighting',
    'patch_state',
    'situation',
    'stack',
    'stack_patch',
  ],
  local: [
    '_prisma_migrations',
    'audit',
    'catalog',
    'catalog_revision',
    'cohort',
    'credential_revocation',
    'decision',
    'epoch',
    'owner_key',
    'owner_policy',
    'patch_version',
    'policy_revision',
    'roll_up',
    'server_key',
    'token',
    'verdict_sum',
    'watched_target',
    'waiver',
  ],
} as const;

let database: Database;
let client: pg.Client;
beforeAll(async () => {
  database = await copyDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});
const column = async (sql: string, values: unknown[] = []): Promise<string[]> =>
  (await client.query({ text: sql, values, rowMode: 'array' })).rows.map((row) => String(row[0]));

test('every table is of one kind', async () => {
  expect(
    await column(
      "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace " +
        "= 'public'::regnamespace ORDER BY 1",
    ),
  ).toEqual(Object.values(KINDS).flat().toSorted());
});

test('the keys of every per-host table are led by the bucket', async () => {
  const keys = await client.query<{ table: string; first: string }>(
    `SELECT c.relname AS table, a.attname AS first FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
      WHERE i.indisunique AND c.relname = ANY($1)`,
    [KINDS['per host']],
  );
  expect(keys.rows).toHaveLength(KINDS['per host'].length);
  expect(new Set(keys.rows.map((row) => row.first))).toEqual(new Set(['bucket']));
});

test('a foreign key never leads to a per-host table, or from a reference table to a local one', async () => {
  const keys = await client.query<{ from: string; to: string }>(
    'SELECT conrelid::regclass::text AS from, ' +
      "confrelid::regclass::text AS to FROM pg_constraint WHERE contype = 'f'",
  );
  const kindOf = (table: string) =>
    Object.entries(KINDS).find(([, tables]) => (tables as readonly string[]).includes(table))?.[0];
  const wrong = keys.rows.filter(({ from, to }) => kindOf(to) !== 'reference' || kindOf(from) === 'local');
  expect(wrong).toEqual([]);
});

test('there are no triggers, and no sequences on per-host tables', async () => {
  expect(await column('SELECT tgname FROM pg_trigger WHERE NOT tgisinternal')).toEqual([]);
  expect(
    await column(
      "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace",
    ),
  ).toEqual([]);
});

test('every transaction id in a row is known to the epoch, which resets it after a restore', async () => {
  const columns = await column(
    `SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND a.atttypid = 'int8'::regtype AND a.attname ~ '_by$' ORDER BY 1`,
  );
  expect(columns).toEqual([
    'epoch.written_by',
    'host.opened_by',
    'host_gap.closed_by',
    'host_gap.opened_by',
    'host_heartbeat.superseded_by',
    'host_history.closed_by',
    'host_history.opened_by',
  ]);
});

test('a state id is kept in a type that holds every u64', async () => {
  expect(
    await column(
      'SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE ' +
        "attrelid = 'patch_state'::regclass AND attname = 'id'",
    ),
  ).toEqual(['numeric(20,0)']);
});

test('the heartbeat row is narrow, leaves room in its page, and has an index on nothing that every heartbeat changes', async () => {
  expect(
    await column("SELECT array_to_string(reloptions, ',') FROM pg_class WHERE relname = 'host_heartbeat'"),
  ).toEqual(['fillfactor=50']);
  expect(
    await column(
      'SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE ' +
        "indrelid = 'host_heartbeat'::regclass ORDER BY 1",
    ),
  ).toEqual([
    'CREATE INDEX host_heartbeat_confirmed_after_idx ON public.host_heartbeat USING btree (confirmed_after)',
    'CREATE INDEX host_heartbeat_superseded_idx ON public.host_heartbeat USING btree (superseded_at) ' +
      'WHERE (superseded_at IS NOT NULL)',
    'CREATE UNIQUE INDEX host_heartbeat_pkey ON public.host_heartbeat USING btree (bucket, host_id)',
  ]);
});
