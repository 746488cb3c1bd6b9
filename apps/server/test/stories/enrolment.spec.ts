import { randomUUID } from 'node:crypto';
import { EnrollingHost, makeToken } from '../enrolling-host.js';
import { Registry } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start();
});
afterAll(() => registry.stop());

let hosts = 0;
const newHost = (address?: string): EnrollingHost => new EnrollingHost(registry, `web-${hosts++}`, address);
const labelsOf = async ({ instance }: EnrollingHost) =>
  (await registry.ask('query ($id: ID!) { host(id: $id) { labels { key value } } }', { id: instance })).host;

describe('a host enrols', () => {
  test('and sends by its own credential', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    expect(await host.enrol(text)).toMatchObject({
      status: 200,
      body: { outcome: 'ENROLLED', host: host.instance, credential: { serial: 1 } },
    });
    expect(await host.send()).toMatchObject({ status: 200, body: { outcome: 'STORED' } });
  });

  test('and gets the labels of its token with its first report', async () => {
    const host = newHost();
    const { text } = await makeToken(registry, { labels: { env: 'prod', role: 'web' } });
    await host.enrol(text);
    await host.send({ labels: { env: 'test' } });
    expect(await labelsOf(host)).toEqual({
      labels: [
        { key: 'agent.env', value: 'test' },
        { key: 'env', value: 'prod' },
        { key: 'role', value: 'web' },
      ],
    });
    await host.send({ labels: {} });
    expect((await labelsOf(host)).labels).toContainEqual({ key: 'env', value: 'prod' });
  });

  test('again with the same key, because the answer was lost: no further use of the token', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry, { useLimit: 1 })];
    await host.enrol(text);
    expect(await host.enrol(text)).toMatchObject({ status: 200, body: { credential: { serial: 2 } } });
    expect(await host.send()).toMatchObject({ status: 200 });
  });
});

describe('a token is refused', () => {
  test.each([
    ['that is not known', 401, 'UNAUTHENTICATED', async () => 'klpreg_enrol_unknown'],
    ['of an admin', 401, 'UNAUTHENTICATED', async () => 'the-admin-token-of-this-test'],
    [
      'that has expired',
      401,
      'UNAUTHENTICATED',
      async () => (await makeToken(registry, { expiresAt: registry.now() })).text,
    ],
    [
      'whose address ranges do not contain the host',
      403,
      'FORBIDDEN',
      async () => (await makeToken(registry, { addresses: ['10.0.0.0/8', '2001:db8::/32'] })).text,
    ],
  ])('%s', async (_, status, code, token) => {
    const host = newHost();
    expect(await host.enrol(await token())).toMatchObject({ status, body: { code } });
    expect(await host.send()).toMatchObject({ status: 401 });
  });

  test('for more hosts than its use limit', async () => {
    const { text } = await makeToken(registry, { useLimit: 2 });
    const answers = await Promise.all(Array.from({ length: 5 }, async () => newHost().enrol(text)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 401, 401, 401]);
  });

  test('nowhere else than at enrolment', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    expect(await host.send({}, text)).toMatchObject({ status: 401 });
  });
});

test.each([
  ['10.1.2.3', '10.1.0.0/16'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8::7', '2001:db8::/32'],
])('a host at %s may enrol with a token for %s', async (address, range) => {
  const { text } = await makeToken(registry, { addresses: ['192.0.2.1', range] });
  expect(await newHost(address).enrol(text)).toMatchObject({ status: 200 });
});

describe('a proof is refused', () => {
  test('if another key signed it', async () => {
    const [host, thief, { text }] = [newHost(), newHost(), await makeToken(registry)];
    const document = { ...host.enrolment(), publicKey: thief.publicKey };
    expect(await host.enrol(text, document)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    await host.enrol(text);
    host.keys = thief.keys;
    expect(await host.renew()).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });

  test('if any field was changed after it was signed', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    const changes = { instance: randomUUID(), machine: null, hostname: 'db', at: new Date(0).toISOString() };
    for (const [field, value] of Object.entries(changes))
      expect([field, (await host.enrol(text, { ...host.enrolment(), [field]: value })).status]).toEqual([
        field,
        403,
      ]);
  });

  test('if it was used before, at enrolment and at renewal', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    const enrolment = host.enrolment();
    await host.enrol(text, enrolment);
    expect(await host.enrol(text, enrolment)).toMatchObject({
      status: 409,
      body: { code: 'PROOF_NOT_CURRENT' },
    });
    const renewal = host.renewal();
    expect(await host.renew(renewal)).toMatchObject({ status: 200, body: { outcome: 'RENEWED' } });
    expect(await host.renew(renewal)).toMatchObject({ status: 409, body: { code: 'PROOF_NOT_CURRENT' } });
  });

  test.each([
    ['a minute ahead', 60_000],
    ['ten minutes behind', -600_000],
    ['a year ahead', 365 * 86_400_000],
  ])('if the clock of the host is %s, and the answer has the time of the registry', async (_, skewMs) => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    host.skewMs = skewMs;
    const answer = await host.enrol(text);
    expect(answer).toMatchObject({ status: 409, body: { code: 'PROOF_NOT_CURRENT' } });
    const { headers } = answer as unknown as { headers: Record<string, string> };
    expect(headers['klpreg-time']).toBe(registry.now().toISOString());
    host.skewMs = 0;
    expect(await host.enrol(text)).toMatchObject({ status: 200 });
  });

  test('of an enrolment at renewal, whose fields are others', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    await host.enrol(text);
    const { at, signature } = host.enrolment();
    const renewal = { schema: 'renewal/v1', instance: host.instance, serial: 1, at, signature };
    expect(await host.renew(renewal)).toMatchObject({ status: 403 });
  });
});

test('a known host is not enrolled with another key', async () => {
  const [host, { text }] = [newHost(), await makeToken(registry)];
  await host.enrol(text);
  const old = host.keys;
  host.keys = newHost().keys;
  expect(await host.enrol(text)).toMatchObject({ status: 409, body: { code: 'ENROLLED_WITH_ANOTHER_KEY' } });
  host.keys = old;
  expect(await host.renew()).toMatchObject({ status: 200 });
});

describe('another machine', () => {
  const machine = 'ab'.repeat(32);

  test('than the one that enrolled cannot send the first report', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    await host.enrol(text);
    expect(await host.send({ machine })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', errors: [{ pointer: '/host/machine' }] },
    });
    expect(await host.send({ machine: null })).toMatchObject({ status: 200 });
  });

  test('than the one that has reported cannot enrol', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    await registry.report(host.report);
    const keys = newHost();
    keys.report.host.instance = host.instance;
    expect(await keys.enrol(text)).toMatchObject({
      status: 403,
      body: { errors: [{ pointer: '/machine' }] },
    });
    expect(await host.enrol(text)).toMatchObject({ status: 200 });
  });
});

describe('a credential', () => {
  test('sends for its own host only: a report of another one is refused, and nothing is stored', async () => {
    const [host, other, { text }] = [newHost(), newHost(), await makeToken(registry)];
    await host.enrol(text);
    const { instance } = other;
    expect(await host.send({ instance })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', errors: [{ pointer: '/host/instance' }] },
    });
    expect(await host.post('/v1/heartbeats', host.heartbeat(instance), host.credential)).toMatchObject({
      status: 403,
      body: { errors: [{ pointer: '/instance' }] },
    });
    const batch = [host.report, other.report];
    const answer = await host.post('/v1/reports:batch', batch, host.credential);
    expect(answer).toMatchObject({
      status: 200,
      body: { results: [{ outcome: 'STORED' }, { code: 'FORBIDDEN' }] },
    });
    expect(
      (await registry.ask('query ($id: ID!) { host(id: $id) { id } }', { id: instance })).host,
    ).toBeNull();
  });

  test('holds beyond its renewal, until its own expiry', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    await host.enrol(text);
    const first = host.credential;
    registry.wait(13, 'hours');
    await host.renew();
    expect(host.credential).not.toBe(first);
    expect(await host.send({}, first)).toMatchObject({ status: 200 });
    registry.wait(11, 'hours');
    expect(await host.send({}, first)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect(await host.send()).toMatchObject({ status: 200 });
  });

  test('that expired during a week without the registry is renewed by the key alone', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    await host.enrol(text);
    registry.wait(7 * 24, 'hours');
    expect(await host.send()).toMatchObject({ status: 401 });
    expect(await host.renew()).toMatchObject({ status: 200, body: { outcome: 'RENEWED' } });
    expect(await host.send()).toMatchObject({ status: 200 });
  });

  test('that expired longer ago than the grace period needs a token again', async () => {
    const [host, { text }] = [newHost(), await makeToken(registry)];
    await host.enrol(text);
    registry.wait(32 * 24, 'hours');
    expect(await host.renew()).toMatchObject({ status: 403 });
    expect(await host.enrol(text)).toMatchObject({ status: 401 });
    expect(await host.enrol((await makeToken(registry)).text)).toMatchObject({ status: 200 });
  });
});

test('without a limit of the grace period, a credential is renewed after years', async () => {
  const patient = await Registry.start({ KLPREG_CREDENTIAL_GRACE_DAYS: '0' });
  const host = new EnrollingHost(patient, 'web-1');
  await host.enrol((await makeToken(patient)).text);
  patient.wait(3 * 365 * 24, 'hours');
  expect(await host.renew()).toMatchObject({ status: 200 });
  await patient.stop();
});

test('more requests than can be in progress are refused, and told when to come back', async () => {
  const [host, { text }] = [newHost(), await makeToken(registry)];
  await host.enrol(text);
  const other = newHost().renewal();
  const answers = await Promise.all(Array.from({ length: 200 }, () => host.post('/v1/credentials', other)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403, 503]));
  for (const { status, headers } of answers as unknown as {
    status: number;
    headers: Record<string, string>;
  }[])
    if (status === 503) expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(5);
  expect(await host.renew()).toMatchObject({ status: 200 });
});

test('a host credential sends messages only', async () => {
  const [host, { text }] = [newHost(), await makeToken(registry)];
  await host.enrol(text);
  const query = 'mutation { addHost(input: { hostname: "x" }) { id } }';
  expect((await host.post('/graphql', { query }, host.credential)).status).toBe(401);
});

test.each([
  ['no JSON', 'x', 400],
  ['no object', [], 400],
  ['another schema', { schema: 'enrolment/v2' }, 400],
  ['more than 4 KiB', { schema: 'x'.repeat(5000) }, 413],
])('a body that is %s is refused', async (_, body, status) => {
  const [host, { text }] = [newHost(), await makeToken(registry)];
  expect((await host.enrol(text, body as object)).status).toBe(status);
  expect((await host.renew(body as object)).status).toBe(status);
});
