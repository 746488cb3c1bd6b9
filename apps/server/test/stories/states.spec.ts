import { CohortsStore } from '../../src/store/counts/cohorts.store.js';
import { Database } from '../../src/database/database.js';
import { idle, later, leftover, listed, Registry, running } from '../registry.js';

const PUBLISHED = ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_r_1v1_2v1_a', 'lab_n_1v1_a'];
const STATES = '{ states(first: 100) { totalCount nodes { stateId versions { version patches hosts } } } }';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start();
  for (const name of PUBLISHED) await registry.publish(name);
});
beforeEach(
  () =>
    registry.app.get(Database).$executeRaw`TRUNCATE host, host_heartbeat, host_history, cohort, cohort_delta`,
);
afterAll(() => registry.stop());

/** `id:version`, and on how many hosts. */
async function counted(): Promise<Record<string, number>> {
  const { states } = await registry.ask(STATES);
  return Object.fromEntries(
    states.nodes.flatMap(({ stateId, versions }: any) =>
      versions.map(({ version, hosts }: any) => [`${stateId}:${version}`, hosts] as const),
    ),
  );
}

/** The same, from every host that there is. */
async function recounted(): Promise<Record<string, number>> {
  const rows = await registry.app.get(Database).$queryRaw<{ state: string; hosts: bigint }[]>`
    SELECT s.id || ':' || s.version AS state, count(DISTINCT h.id) FILTER (WHERE h.retired_at IS NULL) AS hosts
      FROM patch_state s LEFT JOIN stack_patch p ON p.build_id = s.build_id LEFT JOIN situation t ON t.stack_id = p.stack_id LEFT JOIN host h ON h.situation_id = t.id
     GROUP BY 1`;
  return Object.fromEntries(rows.map(({ state, hosts }) => [state, Number(hosts)]));
}

/** As it is counted now, and as it is once the counts are folded; both are the recount. */
async function everyCount(): Promise<Record<string, number>> {
  const before = await counted();
  expect(before).toEqual(await recounted());
  await registry.app.get(CohortsStore).rollUp();
  expect(await counted()).toEqual(before);
  return before;
}

test('each version of a published patch is listed, even if it is on no host', async () => {
  expect(await everyCount()).toEqual({ '1:1': 0, '1:2': 0, '2:1': 0 });
});

test('a host counts once for a state version, though two patches on its list declare it', async () => {
  await registry.report(running('both', ['lab_r_1v1_a', 'lab_n_1v1_a']));
  expect(await everyCount()).toEqual({ '1:1': 1, '1:2': 0, '2:1': 0 });
});

test('and for each version that there is on its list', async () => {
  await registry.report(running('both', ['lab_n_1v1_a', 'lab_r_1v1_2v1_a', 'lab_r_1v2_a']));
  expect(await everyCount()).toEqual({ '1:1': 1, '1:2': 1, '2:1': 1 });
});

test('hosts with one list count together, whatever else is different about them', async () => {
  await registry.report(running('web-1', ['lab_r_1v1_a']));
  await registry.report(running('web-2', ['lab_r_1v1_a'], { host: { labels: { env: 'prod' } } as never }));
  await registry.report(running('web-3', ['lab_r_1v1_a'], { host: { kernelRelease: '7.3.5' } }));
  await registry.report(running('web-4', ['lab_r_1v1_a'], { leftovers: [leftover('lab_r_1v2_a')] }));
  await registry.report(running('web-5', ['lab_r_1v2_a']));
  await registry.report(idle('web-6'));
  expect(await everyCount()).toEqual({ '1:1': 4, '1:2': 1, '2:1': 0 });
});

test('a host that gets another patch counts for that one, and no more for the first', async () => {
  const host = running('web-1', ['lab_r_1v1_a']);
  await registry.report(host);
  expect(await everyCount()).toMatchObject({ '1:1': 1, '1:2': 0 });
  await registry.report(later(host, { livepatches: [listed('lab_r_1v2_a')] }));
  expect(await everyCount()).toMatchObject({ '1:1': 0, '1:2': 1 });
});

test('a host that is retired does not count; one that looks cloned does, and one that is silent', async () => {
  for (const name of ['gone', 'cloned', 'quiet']) await registry.report(running(name, ['lab_r_1v1_a']));
  await registry.report(running('cloned', ['lab_r_1v1_a'], { host: { kernelRelease: '7.3.5' } }));
  await registry.ask('mutation ($id: ID!) { retireHost(id: $id, reason: "sold") { id } }', {
    id: running('gone', []).host.instance,
  });
  registry.wait(2, 'hours');
  expect(await everyCount()).toMatchObject({ '1:1': 2 });
});

test('pages forwards and backwards are of the ids in numerical order', async () => {
  const page = async (args: string) =>
    (
      await registry.ask(
        `{ states(${args}) { totalCount nodes { stateId } pageInfo { ` +
          'hasNextPage hasPreviousPage startCursor endCursor } } }',
      )
    ).states;
  const first = await page('first: 1');
  expect(first).toMatchObject({
    totalCount: 2,
    nodes: [{ stateId: '1' }],
    pageInfo: { hasNextPage: true, hasPreviousPage: false },
  });
  const second = await page(`first: 1, after: "${first.pageInfo.endCursor}"`);
  expect(second).toMatchObject({ nodes: [{ stateId: '2' }], pageInfo: { hasNextPage: false } });
  expect(await page(`last: 1, before: "${second.pageInfo.startCursor}"`)).toMatchObject({
    nodes: [{ stateId: '1' }],
    pageInfo: { hasPreviousPage: false },
  });
});
