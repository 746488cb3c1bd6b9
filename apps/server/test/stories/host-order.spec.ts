import { idle, later, listed, Registry, running } from '../registry.js';

/** Half of the hosts change what they run, and report, between two pages. */
const STEADY = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name) => `steady-${name}`);
const RESTLESS = STEADY.map((name) => name.replace('steady', 'restless'));
const FIELDS = ['HOSTNAME', 'CONFIRMED_AT', 'KERNEL_RELEASE', 'TRANSITION_SINCE'] as const;

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start();
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await registry.publish(name);
});
beforeEach(async () => {
  await registry.reset();
  for (const [i, name] of [...STEADY, ...RESTLESS].toSorted().entries()) {
    await registry.report(reportOf(name, i));
    if (i % 3 === 0) registry.wait(1, 'seconds');
  }
  await registry.ask('mutation { addHost(input: { hostname: "never-reported" }) { id } }');
});
afterAll(() => registry.stop());

/** Several hosts share a kernel, an instant, or the time of their transition. */
function reportOf(hostname: string, i: number) {
  const livepatches = i % 2 === 0 ? [listed('lab_r_1v1_a', { transition: true })] : [];
  const since = `2026-11-23T09:5${i % 4}:00Z`;
  return idle(hostname, {
    host: { kernelRelease: `6.${i % 4}.0` },
    livepatches,
    ...(i % 2 === 0 && { transition: { patch: 'lab_r_1v1_a', since, tasks: [], moreTasks: 0 } }),
  });
}

const LIST = `query (
  $where: HostFilter, $orderBy: HostOrder, $first: Int, $after: String, $last: Int, $before: String
) {
  hosts(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    nodes { hostname kernelRelease freshness { confirmedAt } transition { since } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
const page = async (variables: object) => (await registry.ask(LIST, { ...variables })).hosts;

/** All hosts by pages, with what happens between two of them. */
async function read(orderBy: object, where: object = {}, between: () => Promise<unknown> = async () => null) {
  const nodes: any[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 40; pages++) {
    const { nodes: found, pageInfo }: any = await page({ where, orderBy, first: 3, after });
    nodes.push(...found);
    if (!pageInfo.hasNextPage) return nodes;
    after = pageInfo.endCursor;
    await between();
  }
  throw new Error('the list has no end');
}

const VALUES: Record<(typeof FIELDS)[number], (host: any) => string> = {
  HOSTNAME: ({ hostname }) => hostname,
  CONFIRMED_AT: ({ freshness }) => freshness.confirmedAt ?? '',
  KERNEL_RELEASE: ({ kernelRelease }) => kernelRelease ?? '',
  TRANSITION_SINCE: ({ transition }) => transition?.since ?? 'never',
};

describe.each(FIELDS)('by %s', (field) => {
  test.each(['ASC', 'DESC'])('%s, forwards and backwards, each host is there once', async (direction) => {
    const orderBy = { field, direction };
    const hosts = await read(orderBy);
    expect(new Set(hosts.map(({ hostname }) => hostname)).size).toBe(21);
    expect(hosts).toHaveLength(21);
    const values = hosts.map(VALUES[field]);
    const sorted = values.toSorted();
    expect(values).toEqual(direction === 'ASC' ? sorted : sorted.toReversed());
    const backwards: any[] = [];
    for (let before: string | null = null; ;) {
      const found: any = await page({ orderBy, last: 4, before });
      backwards.unshift(...found.nodes);
      if (!found.pageInfo.hasPreviousPage) break;
      before = found.pageInfo.startCursor;
    }
    expect(backwards).toEqual(hosts);
  });

  test.each<[string, object]>([
    ['of all hosts', {}],
    ['of a selection by what they run', { maxPatches: 9 }],
  ])('while others change, each unchanged host is on one page: the list %s', async (_, where) => {
    let round = 0;
    const reports = new Map(RESTLESS.map((name, i) => [name, reportOf(name, i)]));
    const change = async () => {
      round += 1;
      // a host that is confirmed moves to the end each time
      if (round > 6) return;
      registry.wait(1, 'seconds');
      for (const [name, report] of reports) {
        const next = later(report, {
          ...running(name, [round % 2 === 0 ? 'lab_r_1v1_a' : 'lab_r_1v2_a'], {
            host: { kernelRelease: `6.${round % 5}.0` },
          }),
          sequence: report.sequence + 1,
        });
        reports.set(name, next);
        await registry.report(next);
      }
    };
    const hosts = await read({ field }, where, change);
    const steady = hosts.map(({ hostname }): string => hostname).filter((name) => name.startsWith('steady'));
    expect(steady.toSorted()).toEqual(STEADY);
  });
});

test.each([
  [{ orderBy: { field: 'TRANSITION_SINCE' } }, ', asOf: "2026-11-23T10:00:00Z"', 'known of the present only'],
  [{ orderBy: { field: 'CONFIRMED_AT' }, after: 'bm9uZQ' }, '', 'must be a cursor of this connection'],
])('%j is refused', async (variables, more, message) => {
  const query = `query ($orderBy: HostOrder, $after: String) {
    hosts(orderBy: $orderBy, after: $after ${more}) { totalCount } }`;
  expect(await registry.graphqlError(query, variables)).toMatchObject({
    message: expect.stringContaining(message),
    extensions: { code: 'BAD_USER_INPUT' },
  });
});

test('hosts that had another list are those that changed, also as of an earlier time', async () => {
  const start = registry.now().toISOString();
  registry.wait(1, 'minutes');
  const report = async (name: string, changes: object) =>
    registry.report(later(idle(name, { sequence: 7 } as never), changes));
  // another list; the same list on another kernel; a list that came and went
  await report('steady-b', { ...running('steady-b', ['lab_r_1v2_a']), sequence: 8 });
  await report('steady-d', { ...idle('steady-d', { host: { kernelRelease: '6.9.0' } }), sequence: 8 });
  await report('steady-f', { ...running('steady-f', ['lab_r_1v2_a']), sequence: 8 });
  registry.wait(1, 'minutes');
  const middle = registry.now().toISOString();
  registry.wait(1, 'minutes');
  await report('steady-f', { ...idle('steady-f'), sequence: 9 });
  await report('steady-h', { ...running('steady-h', ['lab_r_1v2_a']), sequence: 8 });
  const QUERY = `query ($since: DateTime!, $asOf: DateTime) {
    hosts(where: { changedSince: $since }, asOf: $asOf) { totalCount nodes { hostname } }
    canDowngrade(to: { original: true }, where: { changedSince: $since }, asOf: $asOf) { matched } }`;
  const changed = async (since: string, asOf: string | null = null) => {
    const { hosts, canDowngrade } = await registry.ask(QUERY, { since, asOf });
    expect(hosts.totalCount).toBe(hosts.nodes.length);
    expect(canDowngrade.matched).toBe(hosts.nodes.length);
    return hosts.nodes.map(({ hostname }: any) => hostname);
  };
  const first = STEADY.filter((name) => ['steady-b', 'steady-f'].includes(name));
  expect(await changed(start)).toEqual([...first, 'steady-h']);
  expect(await changed(middle)).toEqual(['steady-f', 'steady-h']);
  expect(await changed(start, middle)).toEqual(first);
});

test.each([
  [{ field: 'HOSTNAME' }, { field: 'KERNEL_RELEASE' }, 'HOSTNAME ASC'],
  [{ field: 'CONFIRMED_AT' }, { field: 'TRANSITION_SINCE' }, 'CONFIRMED_AT ASC'],
  [{ field: 'HOSTNAME', direction: 'DESC' }, undefined, 'HOSTNAME DESC'],
])('a cursor of the order %j is refused by the order %j', async (orderBy, other, found) => {
  const { pageInfo } = await page({ orderBy, first: 3 });
  const error = await registry.graphqlError(LIST, { orderBy: other, first: 3, after: pageInfo.endCursor });
  expect(error).toMatchObject({
    message: expect.stringMatching(`must be a cursor of a list by .*, found one of a list by ${found}`),
    extensions: { code: 'BAD_USER_INPUT' },
  });
});
