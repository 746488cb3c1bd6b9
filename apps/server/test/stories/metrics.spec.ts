import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSchema } from 'graphql';
import pg from 'pg';
import { CohortsStore } from '../../src/store/counts/cohorts.store.js';
import { Database } from '../../src/database/database.js';
import { CachedCounts } from '../../src/store/counts/cached-counts.js';
import { VERSION } from '../../src/version.js';
import { CAN_DOWNGRADE, idle, later, Registry, running } from '../registry.js';

let registry: Registry;
beforeEach(async () => void (registry = await Registry.start()));
afterEach(() => registry.stop());

/** Every sample by its name and labels, as they are written. */
type Samples = Readonly<Record<string, number>>;

const LINE =
  /^(?<key>[a-z_0-9]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})?) (?<value>[-+.\deE]+|Na[nN]|[+-]Inf)$/;

async function scrape(): Promise<Samples> {
  const { status, body } = await registry.send<string>('GET', '/metrics', undefined, { authorization: '' });
  expect(status).toBe(200);
  const samples: Record<string, number> = {};
  for (const line of body.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const { key, value } = LINE.exec(line)!.groups!;
    samples[key!] = Number(value);
  }
  return samples;
}

/** Those of one metric that are not 0, by their labels. */
const of = (samples: Samples, name: string): Record<string, number> =>
  Object.fromEntries(
    Object.entries(samples)
      .filter(([key, value]) => key.startsWith(`${name}{`) && value !== 0)
      .map(([key, value]) => [[...key.matchAll(/="([^"]*)"/g)].map(([, label]) => label).join(' '), value]),
  );

/** Until nothing is left: the server also folds, and only one folds at a time. */
async function fold(): Promise<void> {
  const left = () => registry.app.get(Database).cohortDelta.count();
  while ((await left()) > 0) await registry.app.get(CohortsStore).rollUp();
}

test('every metric has a help text, a type, a prefix and base units; a scrape needs no token', async () => {
  const { body } = await registry.send<string>('GET', '/metrics', undefined, { authorization: '' });
  const response = await registry.app.inject({ method: 'GET', url: '/metrics' });
  expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const types = new Map([...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  const helps = new Map([...body.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name, help]) => [name!, help!]));
  expect([...helps.keys()]).toEqual([...types.keys()]);
  expect([...types.keys()].filter((name) => !/^(?:klpreg|process|nodejs)_[a-z0-9_]+$/.test(name))).toEqual(
    [],
  );
  for (const name of [...types.keys()].filter((one) => !one.startsWith('klpreg_'))) {
    types.delete(name);
    helps.delete(name);
  }
  expect([...types].filter(([name, type]) => (type === 'counter') !== name.endsWith('_total'))).toEqual([]);
  expect(
    [...types].filter(([name, type]) => type === 'histogram' && !/_(?:seconds|messages)$/.test(name)),
  ).toEqual([]);
  expect([...helps].filter(([, help]) => !help.endsWith('.'))).toEqual([]);
  const families = Object.keys(await scrape()).map((key) => key.replace(/\{.*/, ''));
  expect(
    families
      .filter((name) => name.startsWith('klpreg_'))
      .filter((name) => !types.has(name.replace(/_(?:bucket|sum|count)$/, '')) && !types.has(name)),
  ).toEqual([]);
});

test('the README has a row for each metric of the registry, and for no other', async () => {
  const readme = readFileSync(path.join(__dirname, '../../README.md'), 'utf8');
  const { body } = await registry.send<string>('GET', '/metrics');
  const documented = [...readme.matchAll(/^\| `(klpreg_[a-z_]+)`/gm)].map(([, name]) => name!);
  expect(documented.toSorted()).toEqual(
    [...body.matchAll(/^# TYPE (klpreg_\S+)/gm)].map(([, name]) => name!).toSorted(),
  );
});

test('messages are counted by endpoint and outcome, single and in batches, and refusals by their code', async () => {
  expect(of(await scrape(), 'klpreg_messages_total')).toEqual({});
  const first = running('web-1', ['lab_r_1v1_a']);
  await registry.report(first);
  await registry.report(first);
  await registry.report(later(first, { livepatches: [] }));
  await registry.report(first);
  await registry.report(later(later(first, { livepatches: [] })));
  await registry.report({ ...first, taint: 'K' as never });
  await registry.report(later(later(idle('web-1'), { taint: 7 })));
  await registry.send('POST', '/v1/reports', first, { authorization: '' });
  await registry.send('POST', '/v1/reports', '{');
  await registry.send('POST', '/v1/reports', 'x'.repeat(9 * 2 ** 20));
  await registry.send('POST', '/v1/reports:batch', [
    running('web-2', []),
    running('web-3', []),
    {},
    running('web-2', []),
  ]);
  await registry.send('POST', '/v1/reports:batch', {});
  await registry.heartbeat(running('web-2', []));
  await registry.heartbeat(running('web-2', []), { sequence: 1 });
  await registry.heartbeat(running('unknown', []));
  await registry.send('POST', '/v1/heartbeats:batch', [{}]);

  expect(of(await scrape(), 'klpreg_messages_total')).toEqual({
    'reports STORED': 4,
    'reports UNCHANGED': 1,
    'reports REPEATED': 2,
    'reports SUPERSEDED': 1,
    'reports SEQUENCE_CONFLICT': 1,
    'reports UNAUTHENTICATED': 1,
    'reports BAD_USER_INPUT': 4,
    'reports TOO_LARGE': 1,
    'heartbeats CONFIRMED': 1,
    'heartbeats SUPERSEDED': 1,
    'heartbeats REPORT_WANTED': 1,
    'heartbeats BAD_USER_INPUT': 1,
  });
});

test('batches have metrics of their size, their duration, and how many run and wait', async () => {
  await registry.send(
    'POST',
    '/v1/reports:batch',
    Array.from({ length: 20 }, (_, i) => idle(`web-${i}`)),
  );
  const samples = await scrape();
  expect(samples['klpreg_batch_messages_sum{endpoint="reports"}']).toBe(20);
  const batches = samples['klpreg_batch_messages_count{endpoint="reports"}']!;
  expect(batches).toBeGreaterThanOrEqual(1);
  expect(batches).toBeLessThanOrEqual(20);
  expect(samples['klpreg_batch_duration_seconds_count{endpoint="reports"}']).toBe(batches);
  expect(samples['klpreg_batch_duration_seconds_sum{endpoint="reports"}']).toBeGreaterThan(0);
  expect(samples['klpreg_batch_messages_sum{endpoint="heartbeats"}']).toBeUndefined();
  expect(of(samples, 'klpreg_batches_running')).toEqual({});

  // the lock keeps the batch from being stored
  const client = new pg.Client({ connectionString: registry.databaseUrl });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE host_heartbeat IN ACCESS EXCLUSIVE MODE');
  const one = idle('web-1');
  const beats = [1, 2, 3].map((n) => registry.heartbeat(one, { sequence: 10 + n }));
  for (
    const deadline = Date.now() + 5_000;
    (await scrape())['klpreg_messages_waiting{endpoint="heartbeats"}'] !== 2 && Date.now() < deadline;
  )
    await sleep(10);
  const held = await scrape();
  expect(of(held, 'klpreg_batches_running')).toEqual({ heartbeats: 1 });
  expect(of(held, 'klpreg_messages_waiting')).toEqual({ heartbeats: 2 });
  expect(
    held['klpreg_database_connections{database="main"}']! -
      held['klpreg_database_connections_idle{database="main"}']!,
  ).toBeGreaterThanOrEqual(1);
  await client.query('ROLLBACK');
  await client.end();
  await Promise.all(beats);
  expect([
    of(await scrape(), 'klpreg_batches_running'),
    of(await scrape(), 'klpreg_messages_waiting'),
  ]).toEqual([{}, {}]);
});

test('questions are measured by their root fields as the schema names them, and what goes wrong by its code', async () => {
  await registry.publish('lab_r_1v1_a');
  await registry.report(running('web-1', ['lab_r_1v1_a']));
  for (let i = 0; i < 3; i++) await registry.ask(CAN_DOWNGRADE, { to: { name: 'lab_r_1v1_a' } });
  await registry.ask(
    '{ mine: hosts { totalCount } yours: hosts { totalCount } patches { totalCount } __typename }',
  );
  await registry.ask(
    'query { ...a ... on Query { states { totalCount } } } fragment a on Query { ...b } fragment b on ' +
      'Query { hosts { totalCount } }',
  );
  await registry.ask('mutation { addHost(input: { hostname: "db-1" }) { id } }');
  expect((await registry.graphqlError('{ canDowngrade(to: {}) { kind } }')).extensions.code).toBe(
    'BAD_USER_INPUT',
  );
  await registry.graphqlError('{ noSuchField }');
  await registry.graphqlError('{ hosts {');

  const samples = await scrape();
  expect(of(samples, 'klpreg_question_duration_seconds_count')).toEqual({
    canDowngrade: 4,
    hosts: 2,
    patches: 1,
    __typename: 1,
    states: 1,
    addHost: 1,
  });
  const schema = buildSchema(readFileSync(path.join(__dirname, '../../schema.graphql'), 'utf8'));
  const roots = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) =>
    Object.keys(type.getFields()),
  );
  const fields = Object.keys(of(samples, 'klpreg_question_duration_seconds_count'));
  expect(fields.filter((field) => !roots.includes(field) && !field.startsWith('__'))).toEqual([]);
  expect(samples['klpreg_question_duration_seconds_sum{field="canDowngrade"}']).toBeGreaterThan(0);
  expect(of(samples, 'klpreg_question_errors_total')).toEqual({ BAD_USER_INPUT: 1 });
});

test('cohorts, their hosts and how many hosts share one, as of the last fold', async () => {
  expect(await scrape()).toMatchObject({
    klpreg_cohorts: 0,
    klpreg_hosts_counted: 0,
    klpreg_cohorts_per_host_ratio: 0,
    klpreg_cached_cohorts: 0,
  });
  for (let i = 0; i < 8; i++)
    await registry.report(
      running(`web-${i}`, [], { host: { labels: i < 6 ? { role: 'web' } : { role: `own-${i}` } } as never }),
    );
  await fold();
  expect(await scrape()).toMatchObject({
    klpreg_cohorts: 3,
    klpreg_hosts_counted: 8,
    klpreg_cohorts_per_host_ratio: 3 / 8,
    klpreg_cached_cohorts: 0,
  });
  await registry.ask(CAN_DOWNGRADE, { to: { original: true } });
  expect(await scrape()).toMatchObject({ klpreg_cached_cohorts: 3 });
  await registry.ask('mutation ($id: ID!) { retireHost(id: $id, reason: "sold") { id } }', {
    id: running('web-7', []).host.instance,
  });
  await fold();
  expect(await scrape()).toMatchObject({ klpreg_cohorts: 2, klpreg_hosts_counted: 7 });
});

test('whether questions come from counts that are held, or there are too many to hold', async () => {
  for (let i = 0; i < 3; i++)
    await registry.report(running(`web-${i}`, [], { host: { labels: { role: `own-${i}` } } as never }));
  await registry.ask(CAN_DOWNGRADE, { to: { original: true } });
  await registry.ask('{ canDowngrade(to: { original: true }, where: { hostnames: ["web-1"] }) { matched } }');
  expect(of(await scrape(), 'klpreg_fleet_counts_total')).toEqual({ cached: 1 });
  Object.assign(registry.app.get(CachedCounts), { limit: 2 });
  await fold();
  await registry.ask(CAN_DOWNGRADE, { to: { original: true } });
  expect(of(await scrape(), 'klpreg_fleet_counts_total')).toMatchObject({ database: 1 });
});

test('folds tell how many deltas they found, and how long they took; those that found none tell nothing', async () => {
  expect((await scrape())['klpreg_roll_up_duration_seconds_count']).toBe(0);
  await registry.report(running('web-1', []));
  for (
    const deadline = Date.now() + 10_000;
    (await scrape())['klpreg_rolled_up_deltas_total'] === 0 && Date.now() < deadline;
  )
    await sleep(50);
  await sleep(1_500);
  const samples = await scrape();
  expect(samples).toMatchObject({
    klpreg_rolled_up_deltas_total: 1,
    klpreg_roll_up_duration_seconds_count: 1,
  });
  expect(samples['klpreg_roll_up_duration_seconds_sum']).toBeGreaterThan(0);
});

test('the process has its version, its memory and the lag of its event loop', async () => {
  const { version } = JSON.parse(readFileSync(path.join(__dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect(VERSION).toBe(version);
  const busy = Date.now() + 1_000;
  await scrape();
  await sleep(50);
  while (Date.now() < busy) Math.sqrt(busy);
  await sleep(50);
  const samples = await scrape();
  expect(samples[`klpreg_build_info{version="${version}",node="${process.version}"}`]).toBe(1);
  expect(samples['process_resident_memory_bytes']).toBeGreaterThan(30 * 2 ** 20);
  expect(samples['nodejs_eventloop_lag_max_seconds']).toBeGreaterThan(0.5);
});
