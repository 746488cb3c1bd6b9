import { idle, logged, Registry, running } from '../registry.js';

const KERNEL = '7.3.4+deb13-cloud-amd64';
let registry: Registry;

beforeAll(async () => {
  registry = await Registry.start();
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_r_1v1_2v1_a']) {
    await registry.publish(name, { release: `${name}-release` });
    await registry.witnessed(name);
  }
  for (const name of ['db-1', 'db-2', 'db-3']) await registry.report(logged(running(name, ['lab_r_1v1_a'])));
  await registry.report(logged(idle('plain-1')));
  await registry.report(logged(idle('other-kernel', { host: { kernelRelease: '6.6.6' } } as never)));
  await registry.ask('mutation { addHost(input: { hostname: "new" }) { id } }');
});
afterAll(() => registry.stop());

const DEPLOY = `query ($what: TargetInput!, $where: HostFilter, $asOf: DateTime) {
  canDeploy(what: $what, where: $where, asOf: $asOf) {
    kind counts { safe unknown unsafe refused total } matched noReturn withoutBuild
    reasons { hosts reason { code } }
    ways { to openToday lost states reasons { hosts reason { code stateId } }
           groups { hosts runs kernelRelease arch states } } } }`;
const deploy = async (release: string, where: object = {}, more: object = {}) =>
  (await registry.ask(DEPLOY, { what: { release: `${release}-release` }, where, ...more })).canDeploy;
const DB = { hostnames: ['db-1', 'db-2', 'db-3'] };

test('a higher version of a state closes the way back to today’s list, and names the state', async () => {
  const answer = await deploy('lab_r_1v2_a', DB);
  expect(answer).toMatchObject({ matched: 3, noReturn: 3, withoutBuild: 0 });
  const today = answer.ways.find(({ to }: { to: string }) => to === 'TODAY');
  expect(today).toMatchObject({
    openToday: 3,
    lost: 3,
    states: ['1'],
    groups: [{ hosts: 3, runs: ['lab_r_1v1_a'], kernelRelease: KERNEL, states: ['1'] }],
  });
  expect(today.reasons).toContainEqual({ hosts: 3, reason: { code: 'STATE_VERSION_TOO_LOW', stateId: '1' } });
});

test('what hosts run already changes nothing', async () => {
  const answer = await deploy('lab_r_1v1_a', DB);
  expect(answer.noReturn).toBe(0);
  expect(
    answer.ways.every(({ lost, groups }: { lost: number; groups: unknown[] }) => lost + groups.length === 0),
  ).toBe(true);
});

test('hosts without a build, or without a report, are counted apart and lose nothing', async () => {
  const answer = await deploy('lab_r_1v2_a', { hostnames: ['other-kernel', 'new'] });
  expect(answer).toMatchObject({ matched: 2, withoutBuild: 1, noReturn: 0, counts: { safe: 0, total: 2 } });
});

test('the counts of the installation add up, and an empty selection is UNKNOWN', async () => {
  const { counts } = await deploy('lab_r_1v2_a');
  expect(counts.total).toBe(6);
  expect(counts.safe + counts.unknown + counts.unsafe + counts.refused).toBe(6);
  expect(await deploy('lab_r_1v2_a', { hostnames: ['absent'] })).toMatchObject({
    kind: 'UNKNOWN',
    matched: 0,
  });
});

test.each([
  ['nothing is allowed', 'lab_r_1v2_a', []],
  ['doubts of some hosts are allowed', 'lab_r_1v1_2v1_a', ['SYMBOLS_UNVERIFIED']],
  ['a doubt of all hosts is allowed', 'lab_r_1v2_a', ['BOOT_HISTORY_INCOMPLETE', 'EVIDENCE_TOO_WEAK']],
])('the hosts that are accepted are those of the groups by verdict: %s', async (_what, release, allow) => {
  const { canDeploy, verdictCounts } = await registry.ask(
    `query ($to: TargetInput!, $allow: [ReasonCode!]) {
      canDeploy(what: $to, allow: $allow) { counts { safe unknown unsafe refused accepted total } }
      verdictCounts(to: $to, allow: $allow, by: [STACK, KERNEL]) {
        safe unknown unsafe refused accepted total } }`,
    { to: { release: `${release}-release` }, allow },
  );
  const sum = (field: string) =>
    verdictCounts.reduce((all: number, row: Record<string, number>) => all + row[field]!, 0);
  const sums = Object.fromEntries(Object.keys(canDeploy.counts).map((field) => [field, sum(field)]));
  expect(canDeploy.counts).toEqual(sums);
});

test('an earlier time has the answer of that time', async () => {
  const before = registry.now().toISOString();
  registry.wait(1, 'minutes');
  await registry.report(logged(running('late-1', ['lab_r_1v1_a'])));
  registry.wait(1, 'seconds');
  expect((await deploy('lab_r_1v2_a')).matched).toBe(7);
  expect((await deploy('lab_r_1v2_a', {}, { asOf: before })).matched).toBe(6);
});

test('the original code is nothing to deploy', async () => {
  const error = await registry.graphqlError(DEPLOY, { what: { original: true } });
  expect(error).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
});
