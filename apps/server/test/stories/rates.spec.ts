import pg from 'pg';
import { newToken } from '../../src/access/token-text.js';
import { EnrollingHost, makeToken } from '../enrolling-host.js';
import { giveToken } from '../access/give-token.js';
import { Registry } from '../registry.js';

let registry: Registry;
afterEach(() => registry.stop());

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

const ask = async (headers: Record<string, string> = {}, address = '127.0.0.1'): Promise<Answer> => {
  const response = await registry.app.inject({
    method: 'POST',
    url: '/graphql',
    remoteAddress: address,
    headers: { 'content-type': 'application/json', ...headers },
    payload: '{"query":"{ __typename }"}',
  });
  const retryAfter = response.headers['retry-after'];
  return { status: response.statusCode, retryAfter: retryAfter?.toString(), body: response.body };
};
const statuses = async (n: number, one: () => Promise<{ readonly status: number }>): Promise<number[]> => {
  const found: number[] = [];
  for (let i = 0; i < n; i++) found.push((await one()).status);
  return found;
};
/** This many answers of one status, then one of another. */
const after = (n: number, status: number, then: number): number[] => [...Array<number>(n).fill(status), then];

test('a token has its rate, and the refusal says when to ask again', async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on', KLPREG_RATE_TOKEN: '6' });
  const [reader, other] = [await giveToken(registry, 'reader'), await giveToken(registry, 'reader')];
  expect(await statuses(6, () => ask(reader))).toEqual(after(5, 200, 200));
  const refused = await ask(reader);
  expect(refused).toMatchObject({ status: 429, retryAfter: '10' });
  expect(JSON.parse(refused.body)).toMatchObject({
    errors: [
      {
        message: 'the limit is 6 requests a minute of a token; send it again in 10 s',
        extensions: { code: 'RATE_LIMITED' },
      },
    ],
  });
  expect((await ask(other)).status).toBe(200);
  registry.wait(9, 'seconds');
  expect((await ask(reader)).status).toBe(429);
  registry.wait(1, 'seconds');
  expect(await statuses(2, () => ask(reader))).toEqual([200, 429]);
  registry.wait(1, 'hours');
  expect(await statuses(7, () => ask(reader))).toEqual(after(6, 200, 429));
});

test('other routes also count, and answer problem details', async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on', KLPREG_RATE_TOKEN: '2' });
  const headers = await giveToken(registry, 'reader');
  const get = () => registry.app.inject({ method: 'GET', url: '/docs/json', headers });
  expect((await get()).statusCode).toBe(200);
  expect((await get()).statusCode).toBe(200);
  const { statusCode, headers: found, body } = await get();
  expect({ statusCode, retryAfter: found['retry-after'], type: found['content-type'] }).toEqual({
    statusCode: 429,
    retryAfter: '30',
    type: 'application/problem+json; charset=utf-8',
  });
  expect(JSON.parse(body)).toMatchObject({ code: 'RATE_LIMITED', status: 429 });
  for (const url of ['/livez', '/readyz'])
    expect((await registry.app.inject({ method: 'GET', url })).statusCode).toBe(200);
});

describe('a host', () => {
  let host: EnrollingHost;
  beforeEach(async () => {
    registry = await Registry.start({ KLPREG_RATE_HOST: '30', KLPREG_INTERVAL: '5' });
    host = new EnrollingHost(registry, 'web-1');
    await host.enrol((await makeToken(registry)).text);
  });

  test('is never refused at the shortest interval', async () => {
    await host.send();
    const sent = await statuses(200, async () => {
      registry.wait(5, 'seconds');
      return host.post('/v1/heartbeats', host.heartbeat(), host.credential);
    });
    expect(new Set(sent)).toEqual(new Set([200]));
  });

  test('that floods the registry with reports may still send heartbeats, and other hosts everything', async () => {
    const other = new EnrollingHost(registry, 'web-2');
    await other.enrol((await makeToken(registry)).text);
    expect(await statuses(31, () => host.send())).toEqual(after(30, 200, 429));
    expect((await host.post('/v1/heartbeats', host.heartbeat(), host.credential)).status).toBe(200);
    expect((await other.send()).status).toBe(200);
    registry.wait(2, 'seconds');
    expect(await statuses(2, () => host.send())).toEqual([200, 429]);
  });

  test('is not refused because of other hosts at its address whose tokens are not valid', async () => {
    const forged = { authorization: `Bearer ${host.credential.slice(0, -4)}AAAA` };
    const lookups = await statuses(700, () => registry.send('POST', '/v1/heartbeats', {}, forged));
    expect(lookups).toContain(429);
    expect((await host.send()).status).toBe(200);
  });
});

describe('an address', () => {
  const NO_PROXY = { KLPREG_RATE_ADDRESS: '2' };
  const PROXY = { ...NO_PROXY, KLPREG_TRUSTED_PROXIES: '10.0.0.0/8, ::1' };
  const from = (sender: string) => ({ 'x-forwarded-for': sender });

  test('is that of the connection, whatever a header claims', async () => {
    registry = await Registry.start(NO_PROXY);
    const found = [];
    for (const sender of ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
      found.push((await ask(from(sender))).status);
    expect(found).toEqual([200, 200, 429]);
    expect((await ask({}, '192.0.2.9')).status).toBe(200);
  });

  test('behind a trusted proxy is the last one that the proxies do not name as their own', async () => {
    registry = await Registry.start(PROXY);
    const through = (sender: string) => () => ask(from(sender), '10.0.0.1');
    expect(await statuses(3, through('192.0.2.1'))).toEqual([200, 200, 429]);
    expect(await statuses(3, through('192.0.2.2, 10.1.1.1'))).toEqual([200, 200, 429]);
    // what the sender itself wrote does not count
    expect(await statuses(1, through('192.0.2.77, 192.0.2.1'))).toEqual([429]);
    // a connection that is not of a proxy
    expect(await statuses(1, () => ask(from('192.0.2.3'), '192.0.2.1'))).toEqual([429]);
  });

  test('of IPv6 counts as its network of 64 bits', async () => {
    registry = await Registry.start(NO_PROXY);
    const found = [];
    for (const address of ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8:0:0:1::'])
      found.push((await ask({}, address)).status);
    expect(found).toEqual([200, 200, 429]);
    expect((await ask({}, '2001:db8:0:1::1')).status).toBe(200);
  });
});

test('an address with too many refused tokens gets 429 for further ones, and valid tokens still pass', async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on', KLPREG_RATE_FAILURES: '3' });
  const [reader, late] = [await giveToken(registry, 'reader'), await giveToken(registry, 'gate')];
  expect((await ask(reader)).status).toBe(200);
  const unknown = { authorization: 'Bearer unknown' };
  expect(await statuses(4, () => ask(unknown))).toEqual(after(3, 401, 429));
  expect((await ask({})).status).toBe(429);
  expect((await ask(reader)).status).toBe(200);
  expect((await ask(late)).status).toBe(200);
  expect(await ask(unknown)).toMatchObject({ status: 429, retryAfter: '20' });
  expect((await ask(unknown, '192.0.2.1')).status).toBe(401);
  registry.wait(20, 'seconds');
  expect((await ask(unknown)).status).toBe(401);
});

test('an address with too many refused enrolment tokens cannot try more, and valid tokens and renewals go on', async () => {
  registry = await Registry.start({ KLPREG_RATE_FAILURES: '3' });
  const [host, late] = [
    new EnrollingHost(registry, 'web-1'),
    new EnrollingHost(registry, 'web-2', '192.0.2.1'),
  ];
  const { text } = await makeToken(registry);
  await host.enrol(text);
  const guess = () => host.enrol(`klpreg_enrol_${'x'.repeat(43)}`);
  expect(await statuses(5, guess)).toEqual([401, 401, 401, 429, 429]);
  expect(await host.enrol(text)).toMatchObject({ status: 200 });
  // a fleet behind one address renews at once
  expect(await statuses(10, () => host.renew())).toEqual(Array(10).fill(200));
  expect(await host.send()).toMatchObject({ status: 200 });
  expect(await late.enrol(text)).toMatchObject({ status: 200 });
});

/** Locks a table of tokens: their lookups wait. */
async function lock(table: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: registry.databaseUrl });
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  return async () => client.end();
}

test('while wrong tokens take all lookups, hosts and tokens that need none still send', async () => {
  registry = await Registry.start({ KLPREG_INGEST_TOKEN_LOOKUPS: '2' });
  const host = new EnrollingHost(registry, 'web-1');
  await host.enrol((await makeToken(registry)).text);
  const late = await giveToken(registry, 'relay');
  // this token is known from now on
  expect((await registry.report(host.report)).status).toBe(200);
  const send = (headers: Record<string, string>) =>
    registry.send('POST', '/v1/heartbeats', host.heartbeat(), headers);
  const unlock = await lock('token');
  const guesses = [1, 2].map(async (n) => send({ authorization: `Bearer unknown${n}` }));
  expect(await send({ authorization: 'Bearer unknown3' })).toMatchObject({ status: 503 });
  expect(await send(late)).toMatchObject({ status: 503 });
  expect(await send({})).toMatchObject({ status: 200 });
  expect(await host.post('/v1/heartbeats', host.heartbeat(), host.credential)).toMatchObject({ status: 200 });
  await unlock();
  expect((await Promise.all(guesses)).map(({ status }) => status)).toEqual([401, 401]);
  expect(await send(late)).toMatchObject({ status: 200 });
});

test('while guesses of enrolment tokens take all places, hosts still renew', async () => {
  registry = await Registry.start();
  const host = new EnrollingHost(registry, 'web-1');
  const { text } = await makeToken(registry);
  await host.enrol(text);
  const unlock = await lock('enrolment_token');
  const guesses = Array.from({ length: 64 }, async () => host.post('/v1/enrolments', {}, newToken('enrol')));
  const renewed = host.renew();
  // once its body is there, all before it are in progress
  expect(await host.enrol(text)).toMatchObject({ status: 503, body: { code: 'BUSY' } });
  await unlock();
  expect(await renewed).toMatchObject({ status: 200 });
  expect(new Set((await Promise.all(guesses)).map(({ status }) => status))).toEqual(new Set([401]));
});
