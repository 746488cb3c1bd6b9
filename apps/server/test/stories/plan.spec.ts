import { idle, logged, Registry, running } from '../registry.js';

const KERNEL = '7.3.4+deb13-cloud-amd64';
let registry: Registry;

beforeAll(async () => {
  registry = await Registry.start();
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_n_1v1_a']) {
    await registry.publish(name, { release: `${name}-release` });
    await registry.witnessed(name);
    registry.wait(1, 'seconds');
  }
  const boots = { bootPersistence: { source: '/etc/modules', kernelRelease: KERNEL, loads: [] } };
  const inRack = (rack: string) => ({ ...boots, host: { labels: { rack } } }) as never;
  for (const i of [1, 2, 3])
    await registry.report(logged(running(`web-${i}`, ['lab_r_1v2_a'], inRack(i === 3 ? 'r2' : 'r1'))));
  await registry.report(logged(running('db-1', ['lab_r_1v1_a'], boots)));
  await registry.report(logged(idle('plain-1')));
  await registry.report(logged(idle('other-kernel', { host: { kernelRelease: '6.6.6' } } as never)));
  await registry.ask('mutation { addHost(input: { hostname: "new" }) { id } }');
});
afterAll(() => registry.stop());

const GROUP = `hosts runs kernelRelease release examples
  verdict { kind route accepted steps { action patch } price { reboots transitions } reasons { code clearedBy } }`;
const PLAN = `query ($to: TargetInput, $newest: Boolean, $where: HostFilter, $by: String, $atOnce: Int,
    $allow: [ReasonCode!], $snapshot: ID, $first: Int, $after: String) {
  plan(to: $to, newest: $newest, where: $where, allow: $allow, snapshot: $snapshot) {
    matched served blocked routes { route hosts } reboots unpatched cvesReopened limitedByScope snapshot { id }
    groups(first: $first, after: $after) { nodes { ${GROUP} } totalCount pageInfo { endCursor hasNextPage } }
    blockedGroups { nodes { ${GROUP} } totalCount }
    drain(by: $by, atOnce: $atOnce) { number hosts } } }`;
const plan = async (variables: object) => (await registry.ask(PLAN, { ...variables })).plan;
const TO = { release: 'lab_r_1v1_a-release' };

test('the hosts that are served and blocked add up, and each group has its route, steps, price and reasons', async () => {
  const answer = await plan({ to: TO });
  expect(answer).toMatchObject({ matched: 7, limitedByScope: false });
  expect(answer.served + answer.blocked).toBe(7);
  const sum = (groups: any) => groups.nodes.reduce((n: number, { hosts }: any) => n + hosts, 0);
  expect([sum(answer.groups), sum(answer.blockedGroups)]).toEqual([answer.served, answer.blocked]);
  expect(answer.groups.nodes.every(({ verdict }: any) => verdict.accepted && verdict.route !== null)).toBe(
    true,
  );
  const plain = answer.groups.nodes.find(({ examples }: any) => examples[0] === 'plain-1');
  expect(plain).toMatchObject({
    hosts: 1,
    runs: [],
    kernelRelease: KERNEL,
    release: TO.release,
    verdict: { route: 'REPLACE', steps: [{ action: 'LOAD', patch: 'lab_r_1v1_a' }, { action: 'WAIT' }] },
  });
  const foreign = answer.blockedGroups.nodes.find(({ examples }: any) => examples[0] === 'other-kernel');
  expect(foreign.verdict.reasons).toContainEqual(
    expect.objectContaining({ code: 'TARGET_NOT_BUILT_FOR_KERNEL', clearedBy: expect.any(String) }),
  );
});

test('each group lists its hosts by name, in pages', async () => {
  const { plan } = await registry.ask(
    `query ($to: TargetInput!) { plan(to: $to) {
      groups { nodes { ...G } } blockedGroups { nodes { ...G } } } }
    fragment G on PlanGroup { hosts examples
      all: members(first: 100) { totalCount nodes { hostname } }
      one: members(first: 1) { nodes { hostname } pageInfo { hasNextPage } } }`,
    { to: TO },
  );
  const groups = [...plan.groups.nodes, ...plan.blockedGroups.nodes];
  const names = groups.flatMap(({ all }: any) => all.nodes.map(({ hostname }: any) => hostname));
  expect(new Set(names)).toEqual(
    new Set(['db-1', 'new', 'other-kernel', 'plain-1', 'web-1', 'web-2', 'web-3']),
  );
  expect(names).toHaveLength(7);
  for (const { hosts, examples, all, one } of groups) {
    expect([all.totalCount, all.nodes.length, one.pageInfo.hasNextPage]).toEqual([hosts, hosts, hosts > 1]);
    expect(all.nodes.slice(0, 1)).toEqual(one.nodes);
    expect(all.nodes.map(({ hostname }: any) => hostname)).toEqual(expect.arrayContaining(examples));
  }
});

test('what a gate answers for a group with the best route is what the plan answers', async () => {
  const { groups, blockedGroups } = await plan({ to: TO });
  const { canDowngrade } = await registry.ask(
    `query ($to: TargetInput!) { canDowngrade(to: $to, bestRoute: true) {
      cohorts(by: [STACK, KERNEL]) { nodes { hosts runs verdict { kind route } } } } }`,
    { to: TO },
  );
  const shown = ({ hosts, runs, verdict: { kind, route } }: any) =>
    JSON.stringify([hosts, runs, kind, route]);
  expect([...groups.nodes, ...blockedGroups.nodes].map(shown).toSorted()).toEqual(
    canDowngrade.cohorts.nodes.map(shown).toSorted(),
  );
});

test('the cheapest groups come first, and reboots last', async () => {
  const { groups, routes } = await plan({ to: { original: true } });
  const reboots = groups.nodes.map(({ verdict }: any) => verdict.price.reboots);
  expect(reboots).toEqual(reboots.toSorted());
  expect(routes[0].route).toBe('NONE_NEEDED');
});

test('hosts that reboot are in batches, at most one of a rack in each', async () => {
  const where = { hostnames: ['web-1', 'web-2', 'web-3', 'db-1', 'plain-1'] };
  const answer = await plan({ to: { original: true }, where, by: 'rack' });
  expect(answer).toMatchObject({
    served: 5,
    routes: [
      { route: 'NONE_NEEDED', hosts: 1 },
      { route: 'REBOOT', hosts: 4 },
    ],
    reboots: 4,
    drain: [
      { number: 1, hosts: ['db-1', 'web-1', 'web-3'] },
      { number: 2, hosts: ['web-2'] },
    ],
  });
  const { drain } = await plan({ to: { original: true }, where, atOnce: 4 });
  expect(drain).toEqual([{ number: 1, hosts: ['db-1', 'web-1', 'web-2', 'web-3'] }]);
});

test('with the same snapshot, pages of a plan have no gap while hosts change', async () => {
  const whole = await plan({ to: TO });
  const first = await plan({ to: TO, first: 1 });
  registry.wait(1, 'seconds');
  await registry.report(logged(running('plain-1', ['lab_r_1v2_a'], { sequence: 2 })));
  const rest = await plan({
    to: TO,
    snapshot: first.snapshot.id,
    first: 100,
    after: first.groups.pageInfo.endCursor,
  });
  expect([...first.groups.nodes, ...rest.groups.nodes]).toEqual(whole.groups.nodes);
  registry.wait(1, 'seconds');
  await registry.report(logged(idle('plain-1', { sequence: 3 })));
});

describe('with newest,', () => {
  test('each host goes to the newest release that it can take', async () => {
    const answer = await plan({ newest: true });
    const shown = answer.groups.nodes.map(({ runs, release }: any) => [runs.join(), release]);
    // the check of states refuses what a newer release of another kind lacks
    expect(shown).toContainEqual(['lab_r_1v2_a', 'lab_r_1v2_a-release']);
    expect(answer.served + answer.blocked).toBe(answer.matched);
  });

  test('a recalled release is no target', async () => {
    const { patches } = await registry.ask(
      '{ patches(where: { releases: ["lab_r_1v2_a-release"] }) { nodes { buildId } } }',
    );
    const [{ buildId }] = patches.nodes;
    const recall = async (recalled: boolean) =>
      registry.ask(
        `mutation { recallPatch(buildId: "${buildId}", reason: "it ` +
          `stalls", recalled: ${recalled}) { name } }`,
      );
    await recall(true);
    const answer = await plan({ newest: true });
    await recall(false);
    const releases = [...answer.groups.nodes, ...answer.blockedGroups.nodes].map(
      ({ release }: any) => release,
    );
    expect(releases).not.toContain('lab_r_1v2_a-release');
  });

  test('what is published later is not tried for an earlier time', async () => {
    const asOf = registry.now().toISOString();
    registry.wait(1, 'hours');
    for (const name of ['lab_r_2v1_a', 'lab_n_1v2_a'])
      await registry.publish(name, { release: `later-${name}` });
    const ask = `query ($asOf: DateTime) { plan(newest: true, tries: 2, asOf: $asOf) {
      groups { nodes { release } } blockedGroups { nodes { release } } } }`;
    const { groups, blockedGroups } = (await registry.ask(ask, { asOf })).plan;
    const releases = [...groups.nodes, ...blockedGroups.nodes].map(({ release }: any) => release);
    expect(releases.filter((release: string) => release.startsWith('later'))).toEqual([]);
  });

  test('a release with two builds for one kernel is skipped, and named', async () => {
    for (const name of ['lab_r_1v3_a', 'lab_n_1v3_a']) await registry.publish(name, { release: 'twice' });
    const { plan: found } = await registry.ask('{ plan(newest: true) { skippedReleases } }');
    expect(found.skippedReleases).toEqual(['twice']);
  });

  test('a target is refused', async () => {
    const error = await registry.graphqlError(PLAN, { newest: true, to: TO });
    expect(error).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    expect(await registry.graphqlError(PLAN)).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  });
});
