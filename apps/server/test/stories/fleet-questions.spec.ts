import { idle, later, leftover, listed, logged, Registry, running } from '../registry.js';

const KERNEL = '7.3.4+deb13-cloud-amd64';
let registry: Registry;

beforeAll(async () => {
  registry = await Registry.start();
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_n_1v1_a']) {
    await registry.publish(name);
    registry.wait(1, 'seconds');
  }
  // racks split web hosts into label sets of one host
  for (let i = 0; i < 6; i++)
    await registry.report(
      logged(
        running(`web-${i}`, ['lab_r_1v2_a'], {
          host: { labels: { role: 'web', rack: `r${i}` } } as never,
        }),
      ),
    );
  for (let i = 0; i < 3; i++)
    await registry.report(
      logged(running(`db-${i}`, ['lab_r_1v1_a'], { host: { labels: { role: 'db' } } as never })),
    );
  await registry.report(logged(running('both', ['lab_r_1v1_a', 'lab_n_1v1_a'])));
  const entering = running('entering', [], {
    livepatches: [listed('lab_r_1v2_a', { transition: true })],
    leftovers: [leftover('lab_n_1v1_a')],
  });
  await registry.report(entering);
  await registry.report(later(entering));
  await registry.report(logged(idle('plain')));
  await registry.ask('mutation { addHost(input: { hostname: "new" }) { id } }');
});
afterAll(() => registry.stop());

const BY =
  'nodes { hosts runs stack { name } kernelRelease freshness ' +
  'labels { key value } verdict { kind } examples }';
const cohorts = async (by: string, to = '{ original: true }') =>
  (await registry.ask(`{ canDowngrade(to: ${to}) { counts { total } cohorts(${by}) { totalCount ${BY} } } }`))
    .canDowngrade;

test('the reasons of an answer by kind and by code', async () => {
  const { canDowngrade } = await registry.ask(`{ canDowngrade(to: { original: true }) {
    all: reasons(first: 100) { totalCount nodes { hosts reason { code kind } } }
    unknown: reasons(first: 1, kind: UNKNOWN) { totalCount nodes { reason { kind } } }
    never: reasons(code: NEVER_REPORTED) { totalCount nodes { hosts reason { code } } } } }`);
  const { all, unknown, never } = canDowngrade;
  const kinds = all.nodes.map(({ reason }: any) => reason.kind);
  expect(new Set(kinds).size).toBeGreaterThan(1);
  expect(unknown).toEqual({
    totalCount: kinds.filter((kind: string) => kind === 'UNKNOWN').length,
    nodes: [{ reason: { kind: 'UNKNOWN' } }],
  });
  expect(never).toEqual({ totalCount: 1, nodes: [{ hosts: 1, reason: { code: 'NEVER_REPORTED' } }] });
});

describe('cohorts', () => {
  test('are split by each label, if nothing says how to group them', async () => {
    const { cohorts: found } = await cohorts('first: 100');
    expect(found.totalCount).toBe(11);
    expect(found.nodes[0]).toMatchObject({ freshness: expect.any(String), runs: expect.any(Array) });
  });

  test('by list and kernel: racks do not split them', async () => {
    const { counts, cohorts: found } = await cohorts('by: [STACK, KERNEL]');
    const web = found.nodes.find(({ hosts }: { hosts: number }) => hosts === 6);
    expect(web).toMatchObject({
      runs: ['lab_r_1v2_a'],
      stack: [{ name: 'lab_r_1v2_a' }],
      kernelRelease: KERNEL,
      freshness: null,
      labels: [],
    });
    expect(web.examples).toHaveLength(1);
    expect(web.examples[0]).toMatch(/^web-\d$/);
    expect(found.nodes.reduce((sum: number, each: { hosts: number }) => sum + each.hosts, 0)).toBe(
      counts.total,
    );
  });

  test('by one label: a host without it is in a group without it', async () => {
    const { cohorts: found } = await cohorts('labels: ["role"]');
    const rows = found.nodes.map(({ hosts, labels, verdict }: any) => [
      hosts,
      verdict.kind,
      labels.map(({ key, value }: any) => `${key}=${value}`).join(),
    ]);
    expect(rows).toContainEqual([6, expect.any(String), 'role=web']);
    expect(rows).toContainEqual([3, expect.any(String), 'role=db']);
    expect(found.nodes.every(({ runs, kernelRelease }: any) => runs === null && kernelRelease === null)).toBe(
      true,
    );
  });

  test('page with the same snapshot without a gap', async () => {
    const all = (await cohorts('by: [STACK], first: 100')).cohorts;
    const seen: unknown[] = [];
    let after: string | null = null;
    let snapshot: string | null = null;
    do {
      const { canDowngrade }: any = await registry.ask(
        `query ($after: String, $snapshot: ID) { canDowngrade(to: { original: true }, snapshot: $snapshot) {
          snapshot { id } cohorts(by: [STACK], first: 2, after: $after) { ${BY} pageInfo { hasNextPage endCursor } } } }`,
        { after, snapshot },
      );
      snapshot = canDowngrade.snapshot.id;
      seen.push(...canDowngrade.cohorts.nodes);
      const { hasNextPage, endCursor } = canDowngrade.cohorts.pageInfo;
      after = hasNextPage ? endCursor : null;
    } while (after !== null);
    expect(seen).toHaveLength(all.totalCount);
    expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(seen.length);
  });

  test('more than five labels are refused', async () => {
    const error = await registry.graphqlError(
      '{ canDowngrade(to: { original: true }) { cohorts(labels: ["a", ' +
        '"b", "c", "d", "e", "f"]) { totalCount } } }',
    );
    expect(error.extensions.code).toBe('LIMIT_EXCEEDED');
    expect(error.message).toContain('5 labels');
  });
});

test('verdict counts are flat rows that add up to the answer', async () => {
  const { verdictCounts, canDowngrade } = await registry.ask(
    `{ verdictCounts(to: { original: true }, by: [STACK], labels: ["role"]) {
         group stack labels kernelRelease safe unknown unsafe refused total accepted }
       canDowngrade(to: { original: true }) { counts { safe unknown unsafe refused total accepted } } }`,
  );
  expect(verdictCounts[0]).toMatchObject({
    group: 'lab_r_1v2_a, role=web',
    stack: 'lab_r_1v2_a',
    labels: 'role=web',
    kernelRelease: null,
    total: 6,
  });
  for (const field of ['safe', 'unknown', 'unsafe', 'refused', 'total', 'accepted'])
    expect(verdictCounts.reduce((sum: number, row: any) => sum + row[field], 0)).toBe(
      canDowngrade.counts[field],
    );
  const { verdictCounts: all } = await registry.ask(
    '{ verdictCounts(to: { original: true }) { group total } }',
  );
  expect(all).toEqual([{ group: 'all', total: canDowngrade.counts.total }]);
});

test('the fleet in numbers', async () => {
  const { fleet } = await registry.ask(
    `{ fleet { hosts freshness { value hosts } kernels { value hosts } stacks { value hosts }
       patches { value hosts } inTransition withLeftovers stacked unpublished suspect } }`,
  );
  expect(fleet).toMatchObject({
    hosts: 13,
    freshness: [
      { value: 'FRESH', hosts: 12 },
      { value: 'NEVER', hosts: 1 },
    ],
    kernels: [{ value: KERNEL, hosts: 12 }],
    inTransition: 1,
    withLeftovers: 1,
    stacked: 1,
    unpublished: 0,
    suspect: 0,
  });
  expect(fleet.stacks.slice(0, 2)).toEqual([
    { value: 'lab_r_1v2_a', hosts: 7 },
    { value: 'lab_r_1v1_a', hosts: 3 },
  ]);
  expect(fleet.stacks).toContainEqual({ value: '(original)', hosts: 1 });
  expect(fleet.patches).toContainEqual({ value: 'lab_n_1v1_a', hosts: 1 });
  const { fleet: db } = await registry.ask(
    '{ fleet(where: { labels: [{ key: "role", in: ["db"] }] }) { hosts } }',
  );
  expect(db.hosts).toBe(3);
});

test('the newest release that every host can take is tried from the newest', async () => {
  const { newestSafe } = await registry.ask(
    `{ newestSafe(where: { labels: [{ key: "role", in: ["db"] }] }, evidence: UNSIGNED) {
         release untried tried { release why counts { total accepted } } } }`,
  );
  const { release, tried, untried } = newestSafe;
  expect(tried.map((each: any) => each.release)).toEqual(
    ['lab_n_1v1_a', 'lab_r_1v2_a', 'lab_r_1v1_a'].slice(0, tried.length),
  );
  expect(untried).toBe(3 - tried.length);
  // exactly the last of those that were tried is an answer
  expect(release).toBe(tried.at(-1).why === null ? tried.at(-1).release : null);
  for (const { why, counts } of tried)
    expect(why === null).toBe(counts.total > 0 && counts.accepted === counts.total);
  const error = await registry.graphqlError('{ newestSafe(tries: 21) { release } }');
  expect(error.message).toBe('`tries` must be from 1 to 20, found 21');
});

test('nothing that matches is no answer', async () => {
  const { newestSafe } = await registry.ask(
    '{ newestSafe(where: { hostnames: ["absent"] }, tries: 1) { release tried { why } } }',
  );
  expect(newestSafe).toEqual({ release: null, tried: [{ why: 'no host matches' }] });
});

test('canaries represent each list on each kernel, the largest first', async () => {
  const CANARY = 'limitedByScope represented leftOut stacks hosts { hostname runs kernelRelease represents }';
  const { canary } = await registry.ask(`{ canary { ${CANARY} } }`);
  // one host never reported
  expect(canary).toMatchObject({ represented: 12, leftOut: 1, limitedByScope: false });
  expect(canary.hosts).toHaveLength(canary.stacks);
  expect(canary.hosts[0]).toMatchObject({ runs: ['lab_r_1v2_a'], represents: 6, kernelRelease: KERNEL });
  const { canary: two } = await registry.ask(`{ canary(size: 2) { ${CANARY} } }`);
  expect(two.hosts).toEqual(canary.hosts.slice(0, 2));
  expect(two).toMatchObject({ represented: 9, leftOut: 4 });
});

describe('the ages of facts', () => {
  const ages = async (label: string | null, where: object = {}, more = '') =>
    (
      await registry.ask(
        `query ($label: String, $where: HostFilter) { fleet(where: $where ${more}) {
          ages(label: $label) { value hosts confirmed p50Seconds p95Seconds maxSeconds } } }`,
        { label, where },
      )
    ).fleet.ages;
  let before: string;
  let then: unknown;
  /** `web-0` is confirmed again now, and the others were an hour ago. */
  beforeAll(async () => {
    before = registry.now().toISOString();
    then = await ages('role');
    registry.wait(1, 'hours');
    await registry.report(
      later(
        logged(running('web-0', ['lab_r_1v2_a'], { host: { labels: { role: 'web', rack: 'r0' } } as never })),
      ),
    );
  });

  test('are one row for all hosts, or one for each value of a label', async () => {
    expect(await ages(null)).toEqual([
      { value: null, hosts: 13, confirmed: 12, p50Seconds: 3600, p95Seconds: 3600, maxSeconds: 3600 },
    ]);
    const old = { p50Seconds: 3600, p95Seconds: 3600, maxSeconds: 3600 };
    expect(await ages('role')).toEqual([
      { value: 'web', hosts: 6, confirmed: 6, ...old },
      { value: null, hosts: 4, confirmed: 3, ...old },
      { value: 'db', hosts: 3, confirmed: 3, ...old },
    ]);
  });

  test('are of the hosts that match, by name and by what they run', async () => {
    const now = { p50Seconds: 0, p95Seconds: 0, maxSeconds: 0 };
    expect(await ages('rack', { hostnames: ['web-0'] })).toEqual([
      { value: 'r0', hosts: 1, confirmed: 1, ...now },
    ]);
    expect(await ages(null, { freshness: ['FRESH'] })).toEqual([
      { value: null, hosts: 1, confirmed: 1, ...now },
    ]);
    expect(await ages(null, { hostnames: ['new'] })).toEqual([
      { value: null, hosts: 1, confirmed: 0, p50Seconds: null, p95Seconds: null, maxSeconds: null },
    ]);
    expect(await ages(null, { hostnames: ['absent'] })).toEqual([]);
  });

  test('leave out labels that hosts report, if only those of admins count', async () => {
    const [row, ...others] = await ages('role', { authoritativeLabels: true });
    expect(row).toMatchObject({ value: null, hosts: 13 });
    expect(others).toEqual([]);
  });

  test('of an earlier time are those of that time', async () => {
    expect(await ages('role', {}, `, asOf: "${before}"`)).toEqual(then);
  });
});
