import { giveToken } from '../access/give-token.js';
import { idle, later, leftover, listed, Registry, running, sealed } from '../registry.js';

let registry: Registry;
const times: string[] = [];
const first = running('web-1', ['lab_r_1v1_a']);
const { instance } = first.host;

beforeAll(async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on' });
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await registry.publish(name, { release: 'lp-1' });
  await registry.publish('lab_n_1v1_a', { release: 'lp-2', owner: 'other' });
  await registry.ask(
    'mutation { recallPatch(buildId: "' +
      listed('lab_r_1v1_a').buildId +
      '", reason: "it stalls") { name } }',
  );
  const label = async (env: string) =>
    registry.ask(
      `mutation { labelHost(id: "${instance}", labels: [{ key: "env", value: "${env}" }]) { id } }`,
    );
  const [a, b] = [listed('lab_r_1v1_a'), listed('lab_r_1v2_a')];
  const opening = later(first, { livepatches: [a, { ...b, transition: true, stackOrder: 2 }] });
  const settled = later(opening, { livepatches: [b] });
  const kept = later(settled, { leftovers: [leftover('lab_r_1v1_a')] });
  const { host } = idle('web-1', {
    host: { bootId: 'b0b0b0b0-0000-4000-8000-000000000001', kernelRelease: '7.4.0' },
  });
  const rebooted = sealed({ ...idle('web-1'), host, sequence: kept.sequence + 1 });
  const story = [
    () => registry.report(first),
    () => label('test'),
    () => registry.report(opening),
    () => registry.report(settled),
    () => registry.report(kept),
    () => label('prod'),
    () => registry.report(rebooted),
    () => registry.ask(`mutation { retireHost(id: "${instance}", reason: "sold") { id } }`),
  ];
  for (const step of story) {
    times.push(registry.now().toISOString());
    expect(await step()).not.toMatchObject({ status: 400 });
    registry.wait(1, 'minutes');
  }
});
afterAll(() => registry.stop());

const CHANGES = `query ($id: ID!, $from: DateTime, $until: DateTime, $first: Int, $after: String, $asOf: DateTime) {
  host(id: $id, asOf: $asOf) { changes(from: $from, until: $until, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { at until what sequence kernelRelease retired labels { key value }
      stack { name states { id version } evidence } came { name } left { name } } } } }`;
const changes = async (variables: object = {}, headers: Record<string, string> = {}) =>
  (
    await registry.send<any>(
      'POST',
      '/graphql',
      { query: CHANGES, variables: { id: instance, ...variables } },
      headers,
    )
  ).body.data.host.changes;
const names = (patches: any[]): string => patches.map(({ name }) => name).join(' < ');

test('each change says what came and what left, the newest first', async () => {
  const { nodes, totalCount } = await changes();
  expect(totalCount).toBe(8);
  expect(nodes.map(({ at }: any) => at)).toEqual(times.toReversed());
  expect(nodes.map(({ until }: any) => until)).toEqual([null, ...times.slice(1).toReversed()]);
  expect(
    nodes
      .toReversed()
      .map(({ what, sequence, came, left, stack }: any) => [
        what.join(),
        sequence,
        names(stack),
        names(came),
        names(left),
      ]),
  ).toEqual([
    ['FIRST_KNOWN', '1', 'lab_r_1v1_a', '', ''],
    ['LABELS', '1', 'lab_r_1v1_a', '', ''],
    ['STACK', '2', 'lab_r_1v1_a < lab_r_1v2_a', 'lab_r_1v2_a', ''],
    ['STACK', '3', 'lab_r_1v2_a', '', 'lab_r_1v1_a'],
    ['FACTS', '4', 'lab_r_1v2_a', '', ''],
    ['LABELS', '4', 'lab_r_1v2_a', '', ''],
    ['STACK,KERNEL,BOOT', '5', '', '', 'lab_r_1v2_a'],
    ['RETIRED', '5', '', '', ''],
  ]);
  expect(nodes.at(-1).stack).toEqual([
    { name: 'lab_r_1v1_a', states: [{ id: '1', version: 1 }], evidence: 'MODULE' },
  ]);
});

test('pages have each change once, and know what was before', async () => {
  const whole = (await changes()).nodes;
  const paged: any[] = [];
  for (let after: string | null = null, pages = 0; pages < 9; pages++) {
    const { nodes, pageInfo }: any = await changes({ first: 3, after });
    paged.push(...nodes);
    after = pageInfo.endCursor;
    if (!pageInfo.hasNextPage) break;
  }
  expect(paged).toEqual(whole);
});

test('a period of time has what changed in it, and what it began with', async () => {
  const within = new Date(Date.parse(times[3]!) - 1).toISOString();
  const { nodes, totalCount } = await changes({ from: within, until: times[4] });
  expect(totalCount).toBe(3);
  expect(nodes.map(({ at }: any) => at)).toEqual([times[4], times[3], times[2]]);
  expect((await changes({ until: times[0] })).nodes).toHaveLength(1);
  expect((await changes({ asOf: times[2] })).nodes).toHaveLength(3);
});

test('a token with a scope sees what happened within it only', async () => {
  const headers = await giveToken(registry, 'reader', { scope: { env: ['prod'] } });
  const { nodes, totalCount } = await changes({}, headers);
  expect(totalCount).toBe(3);
  expect(nodes.map(({ at }: any) => at)).toEqual([times[7], times[6], times[5]]);
  expect(nodes.at(-1)).toMatchObject({ what: ['FIRST_KNOWN'], came: [], left: [] });
});

test('releases have their builds, owners and hosts, in the scope of the token', async () => {
  await registry.report(running('web-2', ['lab_r_1v2_a']));
  await registry.report(running('web-3', ['lab_n_1v1_a', 'lab_r_1v2_a']));
  const ALL = `{ releases(first: 1) { totalCount pageInfo { endCursor } nodes { name } } release(name: "lp-1") {
    name owners buildCount recalled hosts publishedAt builds { name recalledAt } } none: release(name: "no") { name } }`;
  const { releases, release, none } = await registry.ask(ALL);
  expect(releases).toMatchObject({ totalCount: 2, nodes: [{ name: 'lp-1' }] });
  expect(none).toBeNull();
  expect(release).toMatchObject({ owners: ['lab'], buildCount: 2, recalled: 1, hosts: 2 });
  expect(release.builds).toHaveLength(2);
  const next = await registry.ask(
    `{ releases(after: "${releases.pageInfo.endCursor}") { pageInfo { hasPreviousPage } nodes { name owners hosts } } }`,
  );
  expect(next.releases).toEqual({
    pageInfo: { hasPreviousPage: true },
    nodes: [{ name: 'lp-2', owners: ['other'], hosts: 1 }],
  });
  const headers = await giveToken(registry, 'reader', { scope: { env: ['prod'] } });
  const { body } = await registry.send<any>('POST', '/graphql', { query: ALL }, headers);
  expect(body.data.release.hosts).toBe(0);
});
