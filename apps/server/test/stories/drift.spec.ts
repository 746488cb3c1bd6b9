import { idle, logged, Registry, running } from '../registry.js';

let registry: Registry;
let from: string;
let changed: string;
let recalled: string;

const RELEASE = 'lab_r_1v1_a-release';
beforeAll(async () => {
  registry = await Registry.start();
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) {
    await registry.publish(name, { release: `${name}-release` });
    await registry.witnessed(name);
  }
  const web = { host: { labels: { role: 'web' } } } as never;
  for (const name of ['web-1', 'web-2', 'web-3', 'web-4', 'web-5'])
    await registry.report(logged(idle(name, web)));
  await registry.report(logged(running('db-1', ['lab_r_1v2_a'])));
  registry.wait(1, 'seconds');
  from = registry.now().toISOString();
  registry.wait(30, 'minutes');

  const later = { sequence: 2, ...(web as object) };
  await registry.report(logged(running('web-1', ['lab_r_1v2_a'], later)));
  const other = { host: { labels: { role: 'web' }, kernelRelease: '6.6.6' }, sequence: 2 } as never;
  await registry.report(logged(idle('web-2', other)));
  await registry.report(logged(idle('web-4', later)));
  await registry.report(logged(idle('web-5', later)));
  await registry.report(logged(idle('new-1', web)));
  const bootId = 'b0b0b0b0-0000-4000-8000-000000000001';
  await registry.report(logged(idle('db-1', { host: { bootId }, sequence: 2 } as never)));
  registry.wait(1, 'seconds');
  changed = registry.now().toISOString();
  registry.wait(1, 'minutes');
  const { patches } = await registry.ask(
    `{ patches(where: { releases: ["${RELEASE}"] }) { nodes { buildId } } }`,
  );
  await registry.ask(
    `mutation { recallPatch(buildId: "${patches.nodes[0].buildId}", reason: "it stalls") { name } }`,
  );
  registry.wait(1, 'seconds');
  recalled = registry.now().toISOString();
});
afterAll(() => registry.stop());

const DRIFT = `query ($to: TargetInput!, $from: DateTime!, $until: DateTime, $where: HostFilter) {
  drift(to: $to, from: $from, until: $until, where: $where) {
    matched lost won limitedByScope before { now } after { now }
    transitions { before after hosts }
    groups { totalCount nodes { hosts cause runsBefore runs kernelBefore kernel examples
      before { kind accepted reasons { code } } after { kind accepted reasons { code } } } } } }`;
const drift = async (variables: object) =>
  (await registry.ask(DRIFT, { to: { release: RELEASE }, from, ...variables })).drift;
const shown = ({ groups }: any) =>
  groups.nodes.map((group: any) => [group.examples.join(), group.cause, group.before.kind, group.after.kind]);

test('each host that lost or won the way back is in a group, with its cause', async () => {
  const answer = await drift({ until: changed });
  expect(answer).toMatchObject({
    matched: 7,
    lost: 3,
    won: 1,
    before: { now: from },
    after: { now: changed },
  });
  expect(shown(answer).toSorted()).toEqual([
    ['db-1', 'STACK', 'REFUSED', 'SAFE'],
    ['web-1', 'STACK', 'SAFE', 'REFUSED'],
    ['web-2', 'KERNEL', 'SAFE', 'REFUSED'],
    ['web-3', 'FRESHNESS', 'SAFE', 'UNKNOWN'],
  ]);
  const stack = answer.groups.nodes.find(({ examples }: any) => examples[0] === 'web-1');
  expect(stack).toMatchObject({ hosts: 1, runsBefore: [], runs: ['lab_r_1v2_a'] });
  expect(stack.after.reasons.map(({ code }: any) => code)).toContain('STATE_VERSION_TOO_LOW');
  expect(answer.groups.nodes.at(-1).examples).toEqual(['db-1']);
});

test('a recall is the cause for hosts that did not change', async () => {
  const answer = await drift({ from: changed, until: recalled });
  expect(shown(answer)).toContainEqual(['db-1,web-5', 'CATALOG', 'SAFE', 'UNSAFE']);
});

test('transitions add up to all hosts that matched, and one that was not there has no kind', async () => {
  const { matched, transitions } = await drift({ until: changed });
  expect(transitions.reduce((sum: number, { hosts }: any) => sum + hosts, 0)).toBe(matched);
  expect(transitions).toContainEqual({ before: null, after: 'SAFE', hosts: 1 });
  expect(transitions).toContainEqual({ before: 'SAFE', after: 'SAFE', hosts: 2 });
});

test('what it says of both times is what the gate says of each', async () => {
  const { transitions } = await drift({ until: changed });
  for (const [which, asOf] of [
    ['before', from],
    ['after', changed],
  ] as const) {
    const { canDowngrade } = await registry.ask(
      `{ canDowngrade(to: { release: "${RELEASE}" }, asOf: "${asOf}") { counts { safe unknown unsafe refused } } }`,
    );
    const sums = { safe: 0, unknown: 0, unsafe: 0, refused: 0 };
    for (const row of transitions)
      if (row[which] !== null) sums[row[which].toLowerCase() as keyof typeof sums] += row.hosts;
    expect(sums).toEqual(canDowngrade.counts);
  }
});

test('until now is the present, and a selection counts hosts that match at either time', async () => {
  const where = { labels: [{ key: 'role', in: ['web'] }] };
  const answer = await drift({ where });
  expect(answer).toMatchObject({ matched: 6, won: 0, after: { now: registry.now().toISOString() } });
});

test.each([
  ['from is after until', { from: '2026-11-23T10:00:05Z', until: '2026-11-23T10:00:01Z' }, 'BAD_USER_INPUT'],
  ['it begins before the history', { from: '2020-01-01T00:00:00Z' }, 'SNAPSHOT_GONE'],
  ['the target did not exist', { from: '2026-11-23T09:59:59Z' }, 'NOT_FOUND'],
])('it is refused if %s', async (_what, variables, code) => {
  const error = await registry.graphqlError(DRIFT, { to: { release: RELEASE }, ...variables });
  expect(error).toMatchObject({ extensions: { code } });
});

test('a selection by what hosts run counts those that run it at either time', async () => {
  const { matched, transitions } = await drift({
    until: changed,
    where: { runningNames: ['lab_r_1v2_a'] },
  });
  // db-1 ran it before, and web-1 runs it since
  expect(matched).toBe(2);
  expect(transitions.map(({ before, after }: any) => [before === null, after === null]).toSorted()).toEqual([
    [false, true],
    [true, false],
  ]);
});

test('hosts that a new policy raises to UNSAFE lost the way back, and the policy is the cause', async () => {
  const kernelRelease = '7.3.4+deb13-cloud-amd64';
  const boots = { bootPersistence: { source: '/etc/modules', kernelRelease, loads: [] } } as never;
  await registry.report(logged(idle('boots-1', boots)));
  registry.wait(1, 'seconds');
  const before = registry.now().toISOString();
  registry.wait(1, 'seconds');
  const document = JSON.stringify({
    schema: 'policy/v1',
    rules: [
      { name: 'other', where: [{ key: 'env', exists: true }] },
      { name: 'all', raise: ['NOT_BOOT_PERSISTENT'] },
    ],
  });
  await registry.ask('mutation ($d: String!) { applyPolicy(document: $d, reason: "a test") { replaces } }', {
    d: document,
  });
  registry.wait(1, 'seconds');
  const to = { release: 'lab_r_1v2_a-release' };
  const where = { hostnames: ['boots-1'] };
  const answer = await drift({ to, where, from: before });
  expect(answer).toMatchObject({ matched: 1, lost: 1 });
  expect(shown(answer)).toEqual([['boots-1', 'POLICY', 'SAFE', 'UNSAFE']]);
  const { canDowngrade } = await registry.ask(
    `query ($to: TargetInput!, $where: HostFilter) { canDowngrade(to: $to, where: $where) { kind } }`,
    { to, where },
  );
  expect(canDowngrade.kind).toBe('UNSAFE');
});
