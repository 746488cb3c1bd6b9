import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clock } from '../../src/clock.js';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { createServer } from '../../src/server.js';
import { giveToken } from '../access/give-token.js';
import { EnrollingHost } from '../enrolling-host.js';
import { later, listed, Registry } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start();
});
afterAll(() => registry.stop());

let hosts = 0;
const newHost = (): EnrollingHost => new EnrollingHost(registry, `web-${hosts++}`);

async function create(input: object = {}): Promise<{ token: string; id: string }> {
  const { createEnrolmentToken: created } = await registry.ask(
    `mutation ($input: CreateEnrolmentTokenInput!) {
      createEnrolmentToken(input: $input) { token enrolmentToken { id } }
    }`,
    { input: { name: 'web servers', ...input } },
  );
  return { token: created.token, id: created.enrolmentToken.id };
}
const change = async (field: string, host: EnrollingHost, reason: string | null = 'because') => {
  const args = `host: "${host.instance}"${reason === null ? '' : `, reason: "${reason}"`}`;
  return (await registry.ask(`mutation { ${field}(${args}) { state stateBy serial } }`))[field];
};
const revokeToken = (id: string, withHosts: boolean) =>
  registry.ask(
    `mutation { revokeEnrolmentToken(id: "${id}", withHosts: ${withHosts}) { revokedAt hostsRevokedAt } }`,
  );
const statesOf = async (id: string) =>
  (
    await registry.ask(
      `{ enrolments(where: { tokenId: "${id}" }) { totalCount nodes { host state labels { key } } } }`,
    )
  ).enrolments;

test('an admin creates a token, whose text is shown once, and lists it', async () => {
  const { token, id } = await create({
    name: 'db',
    addresses: ['10.0.0.0/8'],
    labels: [{ key: 'env', value: 'prod' }],
  });
  expect(token).toMatch(/^klpreg_enrol_/);
  const { enrolmentTokens } = await registry.ask(
    '{ enrolmentTokens { id name useLimit uses addresses labels { ' +
      'key value } createdBy expiresAt revokedAt } }',
  );
  expect(enrolmentTokens.find((one: { id: string }) => one.id === id)).toEqual({
    id,
    name: 'db',
    useLimit: 1,
    uses: 0,
    addresses: ['10.0.0.0/8'],
    labels: [{ key: 'env', value: 'prod' }],
    createdBy: 'tester',
    expiresAt: '2026-11-30T10:00:00.000Z',
    revokedAt: null,
  });
  expect(JSON.stringify(enrolmentTokens)).not.toContain(token);
});

test.each([
  [{ name: '' }, '/input/name'],
  [{ uses: 0 }, '/input/uses'],
  [{ expiresIn: '400d' }, '/input/expiresIn'],
  [{ addresses: ['10.0.0.0/33'] }, '/input/addresses'],
  [{ labels: [{ key: 'agent.env', value: 'prod' }] }, undefined],
  [{ labels: [{ key: 'note', value: 'x'.repeat(254) }] }, '/input/labels'],
  [{ labels: [{ key: 'a b', value: 'x' }] }, '/input/labels'],
])('%j makes no token', async (input, pointer) => {
  const error = await registry.graphqlError(
    'mutation ($input: CreateEnrolmentTokenInput!) { createEnrolmentToken(input: $input) { token } }',
    { input: { name: 'web servers', ...input } },
  );
  expect(error).toMatchObject({
    extensions: { code: 'BAD_USER_INPUT', ...(pointer && { errors: [{ pointer }] }) },
  });
});

test('a host that needs approval waits, and gets its credential once an admin approves it', async () => {
  const [host, { token, id }] = [
    newHost(),
    await create({ approval: true, labels: [{ key: 'env', value: 'p' }] }),
  ];
  const answer = await host.enrol(token);
  expect(answer).toMatchObject({ status: 202, body: { outcome: 'PENDING', credential: null } });
  expect((answer as unknown as { headers: object }).headers).toMatchObject({ 'retry-after': '60' });
  expect(await host.renew()).toMatchObject({ status: 202 });
  expect((await statesOf(id)).nodes).toEqual([
    { host: host.instance, state: 'PENDING', labels: [{ key: 'env' }] },
  ]);
  expect(await change('approveEnrolment', host, null)).toMatchObject({ state: 'ACTIVE', stateBy: 'tester' });
  expect(await host.enrol(token)).toMatchObject({ status: 200, body: { outcome: 'ENROLLED' } });
  expect(await host.send()).toMatchObject({ status: 200 });
});

test('a host that an admin rejects gets no credential', async () => {
  const [host, { token }] = [newHost(), await create({ approval: true })];
  await host.enrol(token);
  expect(await change('rejectEnrolment', host)).toMatchObject({ state: 'REJECTED' });
  expect(await host.enrol(token)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  expect(await host.renew()).toMatchObject({ status: 403 });
  const error = await registry.graphqlError(
    `mutation { approveEnrolment(host: "${host.instance}") { state } }`,
  );
  expect(error).toMatchObject({ message: expect.stringContaining('is REJECTED; allowed: PENDING') });
});

test('a host with another key is refused until an admin resets it, and then its old key is', async () => {
  const host = newHost();
  await host.enrol((await create()).token);
  const [old, credential] = [host.keys, host.credential];
  host.keys = newHost().keys;
  const { token } = await create({ uses: 2 });
  expect(await host.enrol(token)).toMatchObject({ status: 409, body: { code: 'ENROLLED_WITH_ANOTHER_KEY' } });
  expect(await change('resetHostCredential', host)).toMatchObject({ state: 'RESET' });
  expect(await host.send({}, credential)).toMatchObject({ status: 401 });
  expect(await host.renew()).toMatchObject({ status: 403 });
  expect(await host.enrol(token)).toMatchObject({ status: 200, body: { credential: { serial: 2 } } });
  expect(await host.send()).toMatchObject({ status: 200 });
  expect(await host.send({}, credential)).toMatchObject({ status: 401 });
  host.keys = old;
  expect(await host.renew()).toMatchObject({ status: 403 });
});

test('a host whose credential was revoked sends, renews and enrols no more', async () => {
  const [host, { token }] = [newHost(), await create({ uses: null })];
  await host.enrol(token);
  expect(await change('revokeHostCredential', host)).toMatchObject({ state: 'REVOKED' });
  for (const answer of [await host.send(), await host.renew(), await host.enrol(token)])
    expect(answer.status).toBeGreaterThanOrEqual(401);
});

test('a token that is revoked enrols no more hosts; those that it enrolled go on', async () => {
  const [host, { token, id }] = [newHost(), await create({ uses: null })];
  await host.enrol(token);
  await revokeToken(id, false);
  expect(await newHost().enrol(token)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  expect(await host.send()).toMatchObject({ status: 200 });
  expect(await host.renew()).toMatchObject({ status: 200 });
});

describe('on two servers', () => {
  let second: NestFastifyApplication;
  const atSecond = async (host: EnrollingHost): Promise<number> => {
    const payload = JSON.stringify(host.heartbeat());
    const headers = { authorization: `Bearer ${host.credential}`, 'content-type': 'application/json' };
    return (await second.inject({ method: 'POST', url: '/v1/heartbeats', payload, headers })).statusCode;
  };
  /** The test ends by its time limit if the second server does not learn of the revocation. */
  const untilRefused = async (host: EnrollingHost): Promise<void> => {
    while ((await atSecond(host)) === 200) await sleep(100);
    expect(await atSecond(host)).toBe(401);
  };
  beforeAll(async () => {
    class SameClock extends Clock {
      override now = (): Date => registry.now();
    }
    second = await createServer(
      readConfig({ KLPREG_LOG_LEVEL: 'silent' }),
      registry.databaseUrl,
      new SameClock(),
    );
    await second.init();
    await second.getHttpAdapter().getInstance().ready();
  });
  afterAll(() => second.close());

  test('a token that is revoked with its hosts ends their credentials', async () => {
    const [{ token, id }, other] = [await create({ uses: null }), newHost()];
    const enrolled = [newHost(), newHost(), newHost()];
    for (const host of enrolled) await host.enrol(token);
    await other.enrol((await create()).token);
    expect(await atSecond(enrolled[0]!)).toBe(200);
    expect((await statesOf(id)).totalCount).toBe(3);
    await revokeToken(id, true);
    for (const host of enrolled) expect(await host.send()).toMatchObject({ status: 401 });
    for (const host of enrolled) await untilRefused(host);
    for (const host of enrolled) expect(await host.renew()).toMatchObject({ status: 403 });
    expect(await atSecond(other)).toBe(200);
    // its own key and another token bring a host back
    expect(await enrolled[0]!.enrol((await create()).token)).toMatchObject({ status: 200 });
    expect(await enrolled[0]!.send()).toMatchObject({ status: 200 });
  });

  const retire = (host: EnrollingHost, compromised: boolean) =>
    registry.ask(
      'mutation ($id: ID!, $c: Boolean) { retireHost(id: $id, reason: "gone", compromised: $c) { retiredAt } }',
      { id: host.instance, c: compromised },
    );

  test.each([[[true]], [[false, true]]])(
    'a host that is retired (as compromised: %j) sends, renews and enrols no more',
    async (calls) => {
      const [{ token, id }, host] = [await create({ uses: null }), newHost()];
      await host.enrol(token);
      await host.send();
      for (const compromised of calls) await retire(host, compromised);
      expect(await host.send()).toMatchObject({ status: 401 });
      await untilRefused(host);
      for (const answer of [await host.renew(), await host.enrol(token)])
        expect(answer).toMatchObject({ status: 403 });
      expect((await statesOf(id)).nodes).toMatchObject([{ state: 'REVOKED' }]);
    },
  );

  test('a host that is retired, and not as compromised, keeps its credential', async () => {
    const host = newHost();
    await host.enrol((await create()).token);
    await host.send();
    await retire(host, false);
    expect(await host.send()).toMatchObject({ status: 200 });
    expect(await host.renew()).toMatchObject({ status: 200 });
  });

  test('a host that is retired as compromised before it enrols does not enrol', async () => {
    const host = newHost();
    await registry.report(host.report);
    await retire(host, true);
    expect(await host.enrol((await create()).token)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('was retired as compromised') },
    });
  });
});

test('a host that reported before it enrolled gets the labels of its token; those of an admin stay', async () => {
  const host = newHost();
  await registry.report(host.report);
  const set = `labels: [{ key: "env", value: "prod" }]`;
  await registry.ask(`mutation { labelHost(id: "${host.instance}", ${set}) { id } }`);
  const labels = [
    { key: 'env', value: 'test' },
    { key: 'role', value: 'web' },
  ];
  await host.enrol((await create({ labels })).token);
  const { host: stored } = await registry.ask(`{ host(id: "${host.instance}") { labels { key value } } }`);
  expect(stored.labels).toEqual([
    { key: 'env', value: 'prod' },
    { key: 'role', value: 'web' },
  ]);
});

test('a new key of the registry is used after a minute, and credentials of the one before stay valid', async () => {
  const rotate = (immediately: boolean) =>
    registry.ask(`mutation { rotateServerKey(immediately: ${immediately}) { id activeFrom } }`);
  const host = newHost();
  await host.enrol((await create()).token);
  const first = host.credential;
  await rotate(false);
  registry.wait(2, 'minutes');
  await host.renew();
  for (const credential of [first, host.credential])
    expect(await host.send({}, credential)).toMatchObject({ status: 200 });
  const again = await registry.graphqlError('mutation { rotateServerKey { id } }');
  expect(again).toMatchObject({ message: expect.stringContaining('valid until') });
  await rotate(true);
  for (const credential of [first, host.credential])
    expect(await host.send({}, credential)).toMatchObject({ status: 401 });
  await host.renew();
  expect(await host.send()).toMatchObject({ status: 200 });
});

test('what admins and hosts did is in the audit log', async () => {
  const [host, { token }] = [newHost(), await create({ name: 'audited' })];
  await host.enrol(token);
  await change('revokeHostCredential', host, 'stolen');
  const entries = await registry.app
    .get(Database)
    .audit.findMany({ where: { subject: host.instance }, orderBy: { id: 'asc' } });
  expect(entries.map(({ who, action }) => [who, action])).toEqual([
    ['enrolment token audited', 'enrol-host'],
    ['tester', 'revoke-host-credential'],
  ]);
});

test('the history names who sent the last report of each period, and an admin does not change that', async () => {
  const host = newHost();
  await host.enrol((await create()).token);
  await host.send();
  const label = (value: string) =>
    registry.ask(
      `mutation { labelHost(id: "${host.instance}", labels: [{ key: "env", value: "${value}" }]) { id } }`,
    );
  registry.wait(1, 'minutes');
  await label('test');
  registry.wait(1, 'minutes');
  const relayed = later(host.report, { livepatches: [listed('lab_r_1v1_a')] });
  await registry.send('POST', '/v1/reports', relayed, await giveToken(registry, 'relay'));
  await registry.app.get(Database).$executeRaw`
    UPDATE host_history SET sent_by = NULL
     WHERE host_id = ${host.instance}::uuid AND valid_from = (
             SELECT min(valid_from) FROM host_history WHERE host_id = ${host.instance}::uuid)`;
  const { host: found } = await registry.ask(
    `{ host(id: "${host.instance}") { changes { nodes { what sender { kind token } } } } }`,
  );
  expect(found.changes.nodes.toReversed()).toEqual([
    // as if it had been stored before senders were
    { what: ['FIRST_KNOWN'], sender: null },
    { what: ['LABELS'], sender: { kind: 'HOST', token: null } },
    { what: ['STACK'], sender: { kind: 'TOKEN', token: 'test relay' } },
  ]);
});
