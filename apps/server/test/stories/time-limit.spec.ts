import pg from 'pg';
import { Registry } from '../registry.js';

let registry: Registry;
let client: pg.Client;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_GRAPHQL_SECONDS: '1' });
  client = new pg.Client(registry.databaseUrl);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await registry.stop();
});

const HOSTS = '{ hosts { nodes { hostname stack { name } } } }';
const COUNTS = '{ canDowngrade(to: { original: true }) { counts { total } } }';
const ADD = 'mutation { addHost(input: { hostname: "web-1" }) { hostname } }';

const RECORD = `mutation {
  recordDecision(input: { gate: CAN_DOWNGRADE, target: { original: true }, claimed: NO }) { id } }`;
const DRY_RUN = `mutation {
  applyPolicy(document: "{\\"schema\\":\\"policy/v1\\",\\"rules\\":[]}", reason: "x", dryRun: true,
    targets: [{ original: true }]) { replaces } }`;

test('what a mutation asks before it has an effect has the same time, and then it has none', async () => {
  await client.query('BEGIN; LOCK TABLE host, cohort, cohort_delta');
  for (const mutation of [RECORD, DRY_RUN])
    expect(await registry.graphqlError(mutation)).toMatchObject({
      message: 'the limit is 1 seconds for a question, found more',
      extensions: { code: 'LIMIT_EXCEEDED' },
    });
  await client.query('ROLLBACK');
  expect(await registry.ask('{ decisions { totalCount } }')).toEqual({ decisions: { totalCount: 0 } });
});

test('a question beyond its time gets an error, and a mutation is carried out', async () => {
  await client.query('BEGIN; LOCK TABLE host, cohort, cohort_delta');
  const added = registry.ask(ADD);
  for (const query of [HOSTS, COUNTS])
    expect(await registry.graphqlError(query)).toMatchObject({
      message: 'the limit is 1 seconds for a question, found more',
      extensions: { code: 'LIMIT_EXCEEDED', errors: [{ pointer: '/query' }] },
    });
  await client.query('ROLLBACK');
  expect(await added).toEqual({ addHost: { hostname: 'web-1' } });
  expect(await registry.ask(HOSTS)).toEqual({ hosts: { nodes: [{ hostname: 'web-1', stack: [] }] } });
  expect(await registry.ask(COUNTS)).toEqual({ canDowngrade: { counts: { total: 1 } } });
});
