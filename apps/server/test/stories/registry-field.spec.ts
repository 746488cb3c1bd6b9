import { Database } from '../../src/database/database.js';
import { CohortsStore } from '../../src/store/counts/cohorts.store.js';
import { giveToken } from '../access/give-token.js';
import { logged, Registry, running } from '../registry.js';

jest.setTimeout(120_000);

const ASK = `{ registry { version rules intervalSeconds graphiql problem rollUpDelaySeconds replicaLagSeconds
  load { hosts cohorts situations accepted refused shed } } }`;

let registry: Registry;
beforeAll(async () => (registry = await Registry.start({ KLPREG_INTERVAL: '30', KLPREG_GRAPHIQL: 'off' })));
afterAll(async () => registry.stop());

const ask = async (headers: Record<string, string> = {}) => {
  const { body } = await registry.send<any>('POST', '/graphql', { query: ASK }, headers);
  return body.data?.registry ?? body.errors[0].extensions.code;
};

test('it counts what it has to do', async () => {
  const first = logged(running('web-1', ['lab_r_1v1_a']));
  await registry.report(first);
  await registry.report(logged(running('web-2', ['lab_r_1v1_a'])));
  await registry.report(logged(running('web-3', ['lab_r_1v2_a'])));
  await registry.ask('mutation { addHost(input: { hostname: "new" }) { id } }');
  await registry.heartbeat(first);
  await registry.send('POST', '/v1/reports', {});
  const cohorts = registry.app.get(CohortsStore);
  while ((await cohorts.rollUpDelaySeconds()) > 0) await cohorts.rollUp();
  expect(await ask()).toEqual({
    version: '0.1.0',
    rules: expect.stringMatching(/^\d{4}-\d\d-\d\d/),
    intervalSeconds: 30,
    graphiql: false,
    problem: null,
    rollUpDelaySeconds: 0,
    replicaLagSeconds: null,
    load: { hosts: 4, cohorts: 3, situations: 2, accepted: 4, refused: 1, shed: 0 },
  });
});

test('a change that waits for its roll-up has a delay', async () => {
  const lock = registry.app.get(Database);
  await lock.$transaction(async (tx) => {
    // the roll-up of the server waits for this table
    await tx.$executeRawUnsafe('LOCK TABLE cohort IN SHARE MODE');
    await registry.report(logged(running('web-9', ['lab_r_1v1_a'])));
    let delay = 0;
    for (let tries = 0; tries < 1000 && delay === 0; tries++) delay = (await ask()).rollUpDelaySeconds;
    expect(delay).toBeGreaterThan(0);
  });
});

test('a token with a scope gets nothing about the whole fleet', async () => {
  const on = await registry.another({ KLPREG_ACCESS: 'on' });
  try {
    const headers = await giveToken(on, 'reader', { scope: { env: ['prod'] } });
    const { body } = await on.send<any>('POST', '/graphql', { query: ASK }, headers);
    expect(body.data.registry).toMatchObject({ problem: null, rollUpDelaySeconds: 0, load: null });
  } finally {
    await on.close();
  }
});
