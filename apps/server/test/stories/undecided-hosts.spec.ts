import { v7 as uuidv7 } from 'uuid';
import { giveToken } from '../access/give-token.js';
import { Database } from '../../src/database/database.js';
import { later, logged, Registry, running } from '../registry.js';

const LIST = `query ($where: HostFilter, $for: Duration, $first: Int, $after: String, $asOf: DateTime) {
  hosts(where: $where, withoutDecision: $for, first: $first, after: $after, asOf: $asOf) {
    totalCount nodes { hostname } pageInfo { hasNextPage endCursor } } }`;
const [FIRST, SECOND] = ['lab_r_1v1_a', 'lab_r_1v2_a'];
const NAMES = ['web-1', 'web-2', 'web-3'];

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on', KLPREG_HISTORY_DAYS: '3' });
});
afterAll(() => registry.stop());

const reports = new Map<string, ReturnType<typeof running>>();

/** `web-1` is of team a, the others of team b. All run the first patch. */
beforeEach(async () => {
  await registry.reset();
  for (const name of [FIRST, SECOND]) await registry.publish(name, { release: name });
  for (const hostname of NAMES) {
    const report = logged(running(hostname, [FIRST]));
    reports.set(hostname, report);
    await registry.report(report);
    const team = hostname === 'web-1' ? 'a' : 'b';
    await registry.ask(
      `mutation { labelHost(id: "${report.host.instance}", labels: [{ key: "team", value: "${team}" }]) { id } }`,
    );
  }
  registry.wait(1, 'minutes');
});

/** The host runs another patch now. */
async function change(hostname: string, name: string): Promise<void> {
  const { livepatches } = logged(running(hostname, [name]));
  const report = later(reports.get(hostname)!, { livepatches });
  reports.set(hostname, report);
  await registry.report(report);
}

const RECORD = 'mutation ($input: RecordDecisionInput!) { recordDecision(input: $input) { passed } }';

/** Records a decision that lets a rollout pass, whatever the registry says of it. */
const decide = async (where: object): Promise<void> => {
  const input = { gate: 'CAN_DEPLOY', target: { name: SECOND }, where, claimed: 'CANNOT_TELL' };
  const { recordDecision } = await registry.ask(RECORD, {
    input: { ...input, changeId: 'CHG-1', breakGlass: 'for the test' },
  });
  expect(recordDecision.passed).toBe(true);
};

const since = (): string => new Date(registry.now().getTime() - 3_600_000).toISOString();
const found = async (where: object = {}, headers = {}): Promise<string[]> => {
  const variables = { where: { changedSince: since(), ...where }, for: '1h' };
  const { body } = await registry.send<any>('POST', '/graphql', { query: LIST, variables }, headers);
  expect(body.errors).toBeUndefined();
  const { totalCount, nodes } = body.data.hosts;
  expect(totalCount).toBe(nodes.length);
  return nodes.map(({ hostname }: { hostname: string }) => hostname);
};

test('hosts that changed are listed until a decision selected them before the change', async () => {
  expect(await found()).toEqual([]);
  await decide({ hostnames: ['web-1'] });
  registry.wait(1, 'minutes');
  for (const hostname of ['web-1', 'web-2']) await change(hostname, SECOND);
  registry.wait(1, 'minutes');
  expect(await found()).toEqual(['web-2']);
  // a decision after the change does not cover it
  await decide({ hostnames: ['web-2'] });
  expect(await found()).toEqual(['web-2']);
});

test('what a decision selected is asked as of its time: also hosts that run another patch by now', async () => {
  await decide({ runningReleases: [FIRST] });
  registry.wait(1, 'minutes');
  for (const hostname of NAMES) await change(hostname, SECOND);
  expect(await found()).toEqual([]);
  registry.wait(1, 'minutes');
  await change('web-3', FIRST);
  registry.wait(1, 'minutes');
  // it still covers that hour, in which the host runs the first release again
  expect(await found({ runningReleases: [FIRST] })).toEqual([]);
  registry.wait(70, 'minutes');
  await change('web-3', SECOND);
  await change('web-2', FIRST);
  expect(await found()).toEqual(['web-2', 'web-3']);
  expect(await found({ runningReleases: [SECOND] })).toEqual(['web-3']);
  expect(await found({ labels: [{ key: 'team', in: ['a'] }] })).toEqual([]);
});

test('a decision by what no history has counts for no host, nor does one that let nothing pass', async () => {
  await decide({ agentVersionBelow: '9' });
  registry.wait(1, 'minutes');
  const input = { gate: 'CAN_DEPLOY', target: { name: SECOND }, changeId: 'CHG-2', claimed: 'CANNOT_TELL' };
  expect((await registry.ask(RECORD, { input })).recordDecision.passed).toBe(false);
  registry.wait(1, 'minutes');
  await change('web-1', SECOND);
  expect(await found()).toEqual(['web-1']);
});

test('a reader with a scope finds hosts of the scope only', async () => {
  await change('web-1', SECOND);
  await change('web-2', SECOND);
  expect(await found({}, await giveToken(registry, 'reader', { scope: { team: ['a'] } }))).toEqual(['web-1']);
});

test('the list has pages', async () => {
  for (const hostname of NAMES) await change(hostname, SECOND);
  const variables = { where: { changedSince: since() }, for: '1h', first: 2 };
  const { hosts } = await registry.ask(LIST, variables);
  expect(hosts).toMatchObject({ totalCount: 3, nodes: [{ hostname: 'web-1' }, { hostname: 'web-2' }] });
  const rest = await registry.ask(LIST, { ...variables, after: hosts.pageInfo.endCursor });
  expect(rest.hosts).toMatchObject({ nodes: [{ hostname: 'web-3' }], pageInfo: { hasNextPage: false } });
});

const failed = async (variables: object) =>
  (await registry.send<any>('POST', '/graphql', { query: LIST, variables })).body.errors[0];

test('a decision to which the history does not reach back is an error, and no host is taken for covered', async () => {
  await decide({});
  registry.wait(4 * 24, 'hours');
  await change('web-1', SECOND);
  registry.wait(1, 'minutes');
  expect(await failed({ where: { changedSince: since() }, for: '10d' })).toMatchObject({
    extensions: { code: 'SNAPSHOT_GONE' },
  });
  expect(await found()).toEqual(['web-1']);
});

test('more than 200 decisions are not compared', async () => {
  await decide({});
  const { decision } = registry.app.get(Database);
  const recorded = (await decision.findFirst())!;
  const add = (n: number) =>
    decision.createMany({ data: Array.from({ length: n }, () => ({ ...recorded, id: uuidv7() })) });
  await add(199);
  registry.wait(1, 'minutes');
  await change('web-1', SECOND);
  registry.wait(1, 'minutes');
  expect(await found()).toEqual([]);
  await add(1);
  expect(await failed({ where: { changedSince: since() }, for: '1h' })).toMatchObject({
    message: expect.stringContaining('the limit is 200 decisions'),
    extensions: { code: 'LIMIT_EXCEEDED' },
  });
});

test('more than 5,000 changes are not compared', async () => {
  await change('web-1', SECOND);
  const { instance } = reports.get('web-1')!.host;
  /** Before what is there, the host ran one patch and the other in turn, each for a millisecond. */
  const add = (n: number) => registry.app.get(Database).$executeRaw`
    INSERT INTO host_history (bucket, host_id, valid_from, valid_until, opened_by, closed_by, situation_id,
                              label_set_id, boot_id, suspect, retired, sequence)
    SELECT p.bucket, p.host_id, p.valid_from - (i || 'ms')::interval, p.valid_from - (i - 1 || 'ms')::interval,
           p.opened_by, p.closed_by - i, CASE i % 2 WHEN 0 THEN p.situation_id ELSE h.situation_id END,
           p.label_set_id, p.boot_id, false, false, p.sequence
      FROM (SELECT *
              FROM host_history
             WHERE host_id = ${instance}::uuid
             ORDER BY valid_from, valid_until, opened_by
             LIMIT 1) p
      JOIN host h ON h.id = p.host_id,
           generate_series(1, ${n}::integer) i`;
  registry.wait(1, 'minutes');
  expect(await found()).toEqual(['web-1']);
  await add(5_000);
  expect(await failed({ where: { changedSince: since() }, for: '1h' })).toMatchObject({
    message: expect.stringContaining('the limit is 5000 changes'),
    extensions: { code: 'LIMIT_EXCEEDED' },
  });
});

test.each<[string, object, string]>([
  ['no time since which', { for: '1h' }, '`withoutDecision` needs `where.changedSince`'],
  [
    'a question about the past',
    { for: '1h', where: { changedSince: '2026-11-23T09:30:00Z' }, asOf: '2026-11-23T09:50:00Z' },
    '`withoutDecision` is about the present: leave out `asOf`',
  ],
])('%s is refused', async (_what, variables, message) => {
  expect(await failed(variables)).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
});
