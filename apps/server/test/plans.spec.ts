import pg from 'pg';
import { listen, named, scans, type When } from './plans/explain.js';
import { fill } from './plans/fill.js';
import { type Hot, MODULES, NOT_YET, PAGES, QUESTIONS, WRITES } from './plans/statements.js';
import { Registry, running } from './registry.js';

/** What grows with the fleet. Cohorts, situations, label sets and the catalog may be read whole. */
const PER_HOST = ['host', 'host_heartbeat', 'host_history', 'host_gap'];

let registry: Registry;
let client: pg.Client;
beforeAll(async () => {
  registry = await Registry.start();
  await registry.publish('lab_r_1v1_a');
  // real situations: 100 kernels, three lists on each
  const seeds = Array.from({ length: 300 }, (_, i) =>
    running(`seed-${i}`, [MODULES[i % 3]!], {
      host: { kernelVersion: `#1 SMP Debian 7.3.${Math.floor(i / 3)}-1` },
    }),
  );
  await registry.send('POST', '/v1/reports:batch', seeds);
  client = new pg.Client({ connectionString: registry.databaseUrl });
  await client.connect();
  await fill(client, registry.now());
  await client.query("SET statement_timeout = '5s'");
});
afterAll(async () => {
  await client.end();
  await registry.stop();
});

async function isBoundedBy(plans: readonly When[], [, statement, call, rows, indexes]: Hot): Promise<void> {
  const sent = named(statement, await listen(() => call(registry)));
  for (const when of plans) {
    const ofHosts = (await scans(client, sent, when)).filter(({ table }) => PER_HOST.includes(table));
    expect(ofHosts.filter(({ how, rows: read }) => how === 'Seq Scan' && read > 100)).toEqual([]);
    expect([...new Set(ofHosts.map(({ index }) => index))]).toEqual(expect.arrayContaining([...indexes]));
    expect(ofHosts.reduce((sum, scan) => sum + scan.rows, 0)).toBeLessThanOrEqual(rows);
  }
}

/** As it is planned for its values, and as it is prepared: both. */
const isBounded = (...hot: Hot): Promise<void> => isBoundedBy(['FIRST', 'PREPARED'], hot);

describe('by its indexes, and by no more rows in a larger fleet:', () => {
  test.each<Hot>([...WRITES, ...QUESTIONS, ...PAGES])('%s (%s)', isBounded);
  test.each<Hot>(NOT_YET)('not yet: %s (%s)', async (...hot) => {
    await expect(isBounded(...hot)).rejects.toThrow(/Seq Scan|statement timeout/);
  });
  test.each<Hot>(QUESTIONS.filter(([, statement]) => statement === 'fleet.now'))(
    'also by a plan that was kept while most hosts were overdue: %s (%s)',
    (...hot) => isBoundedBy(['ANY_VALUES'], hot),
  );
});
