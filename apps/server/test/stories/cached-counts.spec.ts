import { CohortsStore } from '../../src/store/counts/cohorts.store.js';
import { Database } from '../../src/database/database.js';
import { CachedCounts } from '../../src/store/counts/cached-counts.js';
import { listen, named } from '../plans/explain.js';
import { Registry, running, sealed } from '../registry.js';

const QUESTION = `query ($where: HostFilter, $snapshot: ID) {
  canDowngrade(to: { original: true }, where: $where, snapshot: $snapshot) {
    counts { safe unknown unsafe refused total }
    reasons(first: 50) { nodes { hosts reason { code } } }
    cohorts(first: 50) { totalCount nodes { hosts labels { key value } stack { name } verdict { kind } } }
    snapshot { id }
  }
}`;
/** By its module. */
const LAST = 'lab_n_1v1_a';
const STACKS = [[], ['lab_r_1v1_a'], ['lab_r_1v2_a'], ['lab_n_1v1_a']];

let registry: Registry;
beforeEach(async () => {
  registry = await Registry.start();
  for (let i = 0; i < 6; i++) await report(i, i);
});
afterEach(() => registry.stop());

let sequence = 0;
const report = async (host: number, stack: number): Promise<void> => {
  sequence += 1;
  const said = running(`web-${host}`, STACKS[stack % 4]!, {
    host: { labels: { role: host % 2 === 0 ? 'web' : 'db' } },
  });
  const { status } = await registry.report(sealed({ ...said, sequence }));
  expect(status).toBe(200);
};
const ask = async (variables: Record<string, unknown> = {}) =>
  (await registry.ask(QUESTION, variables)).canDowngrade;
const rollUp = () => registry.app.get(CohortsStore).rollUp();
const sql = () => registry.app.get(Database);
const total = async (variables: Record<string, unknown> = {}): Promise<number> =>
  (await ask(variables)).counts.total;
const WEB = { where: { labels: [{ key: 'role', in: ['web'] }] } };

test('counts include deltas before and after a roll-up, and leave out emptied cohorts', async () => {
  expect(await total(WEB)).toBe(3);
  await rollUp();
  expect(await total(WEB)).toBe(3);
  await report(6, 1);
  expect(await total(WEB)).toBe(4);
  for (let i = 0; i < 7; i++) await report(i, 3);
  await rollUp();
  const { counts, cohorts } = await ask(WEB);
  expect([counts.total, cohorts.totalCount]).toEqual([4, cohorts.nodes.length]);
  expect(cohorts.nodes.map(({ stack }: { stack: { name: string }[] }) => stack[0]?.name)).toEqual(
    cohorts.nodes.map(() => LAST),
  );
});

test('labels, kernels and stacks that come later match as the first ones do', async () => {
  const seven = { where: { kernelReleases: [running('x', []).host.kernelRelease] } };
  const site = { where: { labels: [{ key: 'site', exists: true }] } };
  expect([await total(seven), await total(site)]).toEqual([6, 0]);
  await registry.report(running('web-7', [], { host: { labels: { site: 'ams' } } }));
  await registry.report(running('web-8', [], { host: { kernelRelease: '6.6.6', labels: { site: 'fra' } } }));
  expect([await total(seven), await total(site), await total()]).toEqual([7, 2, 8]);
});

test('a question counts all overdue hosts that match, with the labels that were asked before and with labels that came later', async () => {
  const site = { where: { labels: [{ key: 'site', exists: true }] } };
  expect([await total(WEB), await total(site)]).toEqual([3, 0]);
  await registry.report(running('web-7', [], { host: { labels: { site: 'ams', role: 'web' } } }));
  registry.wait(2, 'hours');
  await registry.report(running('web-8', [], { host: { labels: { site: 'ams' } } }));
  for (const [where, overdue, hosts] of [
    [WEB, 4, 4],
    [site, 1, 2],
    [{}, 7, 8],
  ] as const) {
    const answer = await ask(where);
    const stale = answer.reasons.nodes.find(
      (node: { reason: { code: string } }) => node.reason.code === 'REPORT_STALE',
    );
    expect([stale.hosts, answer.counts.total]).toEqual([overdue, hosts]);
    expect(await ask({ ...where, snapshot: answer.snapshot.id })).toEqual(answer);
  }
});

test('concurrent questions, while hosts change and deltas are rolled up, get the same answer again by their snapshots', async () => {
  const answers: { variables: Record<string, unknown>; answer: Record<string, any> }[] = [];
  const done = new AbortController();
  const questions = Array.from({ length: 4 }, async (_, n) => {
    const variables = n % 2 === 0 ? WEB : {};
    for (let i = 0; i < 12; i++) answers.push({ variables, answer: await ask(variables) });
  });
  const asked = Promise.all(questions).finally(() => done.abort());
  for (let i = 0; !done.signal.aborted; i++) {
    await Promise.all([report(i % 6, i), report((i + 3) % 6, i + 1), ...(i % 3 === 0 ? [rollUp()] : [])]);
  }
  await asked;
  expect(answers.length).toBe(48);
  for (const { variables, answer } of answers)
    expect(await ask({ ...variables, snapshot: answer.snapshot.id })).toEqual(answer);
});

test('a roll-up of another database with the same number does not match the cache', async () => {
  await rollUp();
  expect(await total()).toBe(6);
  // as if an earlier database had been restored, and had changed since
  await sql().$executeRaw`UPDATE cohort SET hosts = hosts + 1`;
  expect(await total()).toBe(6);
  await sql().$executeRaw`UPDATE roll_up SET name = gen_random_uuid()`;
  expect(await total()).toBe(6 + (await sql().cohort.count()));
});

test('a cache that is older than all kept roll-ups is read again', async () => {
  await rollUp();
  expect(await total()).toBe(6);
  for (let i = 0; i < 6; i++) await report(i, 3);
  await rollUp();
  // a thousand roll-ups later
  await sql().$executeRaw`UPDATE roll_up SET number = number + 2000`;
  await sql().$executeRaw`DELETE FROM roll_up WHERE number < (SELECT max(number) FROM roll_up)`;
  expect(await total()).toBe(6);
  const { cohorts } = await ask();
  expect(cohorts.nodes.map(({ stack }: { stack: { name: string }[] }) => stack[0]?.name)).toEqual(
    cohorts.nodes.map(() => LAST),
  );
});

/** A roll-up in which three thousand cohorts came and went. */
const comeAndGone = () => sql().$executeRaw`
  INSERT INTO roll_up (number, name, changes, situation_ids, label_set_ids, suspects, hosts)
  SELECT (SELECT max(number) FROM roll_up) + 1, gen_random_uuid(), count(*), array_agg(gen_random_uuid()), array_agg(gen_random_uuid()), array_agg(false), array_agg(0)
    FROM generate_series(1, 3000)`;

test('cohorts that came and went do not fill the cache', async () => {
  await rollUp();
  const counted = jest.spyOn(registry.app.get(CachedCounts), 'counts');
  expect(await total()).toBe(6);
  for (let i = 0; i < 3; i++) {
    await comeAndGone();
    expect([await total(), await total()]).toEqual([6, 6]);
  }
  expect(
    (await Promise.all(counted.mock.results.map(({ value }) => value as Promise<unknown>))).every(
      (counts) => counts !== null,
    ),
  ).toBe(true);
});

test('the last roll-ups are kept while they have fewer changes than all counts', async () => {
  await rollUp();
  for (let i = 0; i < 170; i++) await comeAndGone();
  for (let i = 0; i < 6; i++) await report(i, 5);
  await rollUp();
  const [{ changes, rollUps }] = (await sql().$queryRaw<
    { changes: number; rollUps: number }[]
  >`SELECT sum(changes)::int AS changes, count(*)::int AS "rollUps" FROM roll_up`) as [
    { changes: number; rollUps: number },
  ];
  expect(changes).toBeGreaterThan(490_000);
  expect(changes).toBeLessThan(510_000);
  expect(rollUps).toBeLessThan(171);
  expect(await total()).toBe(6);
});

test('PostgreSQL counts a fleet with too many cohorts for the cache', async () => {
  await rollUp();
  const before = await ask(WEB);
  const cached = registry.app.get(CachedCounts);
  const counted = jest.spyOn(cached, 'counts');
  Object.assign(cached, { limit: 2 });
  await sql().$executeRaw`UPDATE roll_up SET name = gen_random_uuid()`;
  const after = await ask(WEB);
  expect(await counted.mock.results[0]!.value).toBeNull();
  expect({ ...after, snapshot: null }).toEqual({ ...before, snapshot: null });
  // the next question does not count them again
  const sent = await listen(() => ask(WEB));
  expect(() => named('fleet.now', sent)).toThrow('no statement fleet.now was sent');
  expect(named('fleet.counts', sent)).toBeDefined();
});
