import { Database } from '../../src/database/database.js';
import { VerdictSums } from '../../src/query/verdict-sums.js';
import { sumsByValue } from '../../src/query/verdict-sums-by-value.js';
import { idle, logged, Registry, running } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_HISTORY_LABEL: 'tier' });
  await registry.publish('lab_r_1v1_a', { release: 'lp-10' });
  registry.wait(1, 'seconds');
  const tier = (value: string, more = {}) => ({ host: { labels: { tier: value } }, ...more }) as never;
  await registry.report(logged(idle('web-1', tier('gold'))));
  await registry.report(logged(idle('web-2', tier('silver'))));
  await registry.report(logged(idle('web-3')));
  registry.wait(1, 'hours');
  for (const [name, value] of [
    ['web-1', 'gold'],
    ['web-2', 'silver'],
  ] as const)
    await registry.report(logged(running(name, ['lab_r_1v1_a'], tier(value, { sequence: 2 }))));
  registry.wait(1, 'minutes');
  await store();
});
afterAll(() => registry.stop());

const store = async () => registry.app.get(VerdictSums).storeMissing();
const HISTORY = `query ($to: TargetInput!, $byLabel: Boolean, $step: Duration, $from: DateTime = "2026-11-23T00:00:00Z") {
  verdictHistory(to: $to, from: $from, byLabel: $byLabel, step: $step) {
    time value safe unknown unsafe refused total accepted } }`;
const history = async (variables: object = {}) =>
  (await registry.ask(HISTORY, { to: { original: true }, ...variables })).verdictHistory;

test('each full hour has the numbers as of its beginning, whenever they are stored', async () => {
  const rows = await history();
  expect(rows).toEqual([
    {
      time: '2026-11-23T11:00:00.000Z',
      value: null,
      safe: 0,
      unknown: 3,
      unsafe: 0,
      refused: 0,
      total: 3,
      accepted: 0,
    },
  ]);
  registry.wait(3, 'hours');
  await store();
  const { verdictCounts } = await registry.ask(
    '{ verdictCounts(to: { original: true }, asOf: "2026-11-23T12:00:00Z") { safe unknown unsafe refused total } }',
  );
  const later = await history();
  expect(later.map(({ time }: any) => time.slice(11, 13))).toEqual(['11', '12', '13', '14']);
  expect(later[1]).toMatchObject(verdictCounts[0]);
});

test('each value of the label has its numbers, and they add up to those of all hosts', async () => {
  const rows = (await history({ byLabel: true })).filter(({ time }: any) => time.includes('T11'));
  expect(rows.map(({ value, total }: any) => [value, total])).toEqual([
    ['(none)', 1],
    ['gold', 1],
    ['silver', 1],
  ]);
});

test('a longer step has the first row of each step', async () => {
  const rows = await history({ step: '2h' });
  expect(rows.map(({ time }: any) => time.slice(11, 13))).toEqual(['11', '12', '14']);
});

test('an hour that a stopped run left without sums is stored by the next one', async () => {
  const before = await history();
  await registry.app.get(Database).verdictSum.deleteMany({ where: { at: new Date('2026-11-23T12:00:00Z') } });
  expect(await history()).toHaveLength(before.length - 1);
  await store();
  expect(await history()).toEqual(before);
});

test('storing again changes nothing', async () => {
  const before = await history();
  await Promise.all([store(), store()]);
  expect(await history()).toEqual(before);
});

test('a target is counted from the hour in which it is watched, until it is not', async () => {
  const to = { release: 'lp-10' };
  expect(await registry.graphqlError(HISTORY, { to })).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
  await registry.ask('mutation ($to: TargetInput!) { watchTarget(to: $to) { target } }', { to });
  expect((await registry.ask('{ watchedTargets { target setBy } }')).watchedTargets).toEqual([
    { target: 'original', setBy: null },
    { target: 'previous', setBy: null },
    { target: 'release:lp-10', setBy: 'tester' },
  ]);
  registry.wait(1, 'hours');
  await store();
  expect((await history({ to })).map(({ time }: any) => time.slice(11, 13))).toEqual(['14', '15']);
  await registry.ask('mutation ($to: TargetInput!) { unwatchTarget(to: $to) { target } }', { to });
  const { auditLog } = await registry.ask(
    '{ auditLog(where: { subject: "release:lp-10" }) { nodes { action } } }',
  );
  expect(auditLog.nodes.map(({ action }: any) => action)).toEqual(['UNWATCH_TARGET', 'WATCH_TARGET']);
});

test.each([
  ['a step of less than an hour', HISTORY, { to: { original: true }, step: '5m' }],
  ['two targets', HISTORY, { to: { original: true, previous: true } }],
  ['patches that leave', HISTORY, { to: { name: 'a', leaving: ['b'] } }],
])('%s is refused', async (_what, query, variables) => {
  expect(await registry.graphqlError(query, variables)).toMatchObject({
    extensions: { code: 'BAD_USER_INPUT' },
  });
});

test('values beyond a hundred are added up (law of the sum)', () => {
  const counted = Array.from({ length: 150 }, (_, i) => ({
    value: `rack-${i}`,
    hosts: i + 1,
    verdict: { kind: i % 2 === 0 ? ('SAFE' as const) : ('REFUSED' as const), accepted: i % 2 === 0 },
  }));
  const sums = sumsByValue(counted, new Date(0));
  expect(sums).toHaveLength(101);
  const others = sums.find(({ value }) => value === '(others)')!;
  expect(others.safe + others.refused).toBe((50 * 51) / 2);
  expect(sums.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(
    counted.filter(({ verdict }) => verdict.accepted).reduce((sum, { hosts }) => sum + hosts, 0),
  );
});

test('a policy counts from the hour in which it was applied, but for a maximum age that the past does not have', async () => {
  const before = (await history()).length;
  const document = JSON.stringify({
    schema: 'policy/v1',
    rules: [{ name: 'all', maxAge: '2m', raise: ['CVE_REOPENED'] }],
  });
  await registry.ask('mutation ($d: String!) { applyPolicy(document: $d, reason: "a test") { replaces } }', {
    d: document,
  });
  registry.wait(1, 'hours');
  await store();
  const rows = await history();
  expect(rows).toHaveLength(before + 1);
  expect(rows.at(-1).total).toBe(rows.at(-2).total);
});
