import { setTimeout as sleep } from 'node:timers/promises';
import { fetchJson, isPrivate } from '../../src/access/oidc/fetch-json.js';
import { Registry } from '../registry.js';
import { newKey, TinyIssuer } from './tiny-issuer.js';

let issuer: TinyIssuer;
let registry: Registry | null = null;
beforeEach(async () => void (issuer = await TinyIssuer.open(await newKey('first'))));
afterEach(async () => {
  await registry?.stop();
  registry = null;
  await issuer.close();
});

/** A registry where accounts have no role: 403 tells that a token is valid. */
const start = async (environment: Record<string, string> = {}): Promise<Registry> =>
  (registry = await Registry.start({ ...issuer.settings, ...environment }));
const VALID = 403;

async function send(token: string) {
  const response = await registry!.app.inject({
    method: 'POST',
    url: '/graphql',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    payload: '{"query":"{ __typename }"}',
  });
  const { message, extensions } = response.json().errors[0];
  const retryAfter = response.headers['retry-after'];
  return { status: response.statusCode, code: extensions.code, message, retryAfter };
}
const sign = (subject = 'alice', key = issuer.keys[0]) =>
  issuer.sign(registry!.now(), { sub: subject }, {}, key);

test('an issuer that is down at the start is asked again when a token comes', async () => {
  await issuer.close();
  await start();
  expect(await send(await sign())).toEqual({
    status: 503,
    code: 'UNAVAILABLE',
    message: expect.stringContaining('does not answer'),
    retryAfter: '5',
  });
  await issuer.listen();
  registry!.wait(29, 'seconds');
  expect((await send(await sign())).status).toBe(503);
  registry!.wait(1, 'seconds');
  expect((await send(await sign())).status).toBe(VALID);
});

test('in an outage the keys that were read count for the hours of the setting, then the answer is 503', async () => {
  await start({ KLPREG_OIDC_KEYS_HOURS: '2' });
  expect((await send(await sign())).status).toBe(VALID);
  await issuer.close();
  registry!.wait(119, 'minutes');
  expect((await send(await sign('bob'))).status).toBe(VALID);
  const last = await sign('carol');
  expect((await send(last)).status).toBe(VALID);
  registry!.wait(1, 'minutes');
  // also a token that was checked before
  expect((await send(last)).status).toBe(503);
  expect((await send(await sign('bob'))).status).toBe(503);
  await issuer.listen();
  registry!.wait(30, 'seconds');
  expect((await send(await sign('bob'))).status).toBe(VALID);
});

test('a new key is read when it is used, and an old one does not count any more', async () => {
  await start();
  const old = await sign();
  expect((await send(old)).status).toBe(VALID);
  issuer.keys = [await newKey('second')];
  registry!.wait(30, 'seconds');
  expect((await send(await sign('bob'))).status).toBe(VALID);
  expect(await send(old)).toMatchObject({
    status: 401,
    message: expect.stringContaining('has not published'),
  });
});

test('a key that is withdrawn does not count after five minutes, also for tokens that were checked before', async () => {
  await start();
  const [old] = issuer.keys;
  const token = await sign();
  expect((await send(token)).status).toBe(VALID);
  issuer.keys = [await newKey('second')];
  registry!.wait(5, 'minutes');
  // the first request has the keys read again, and does not wait for that
  let answer = await send(token);
  for (; answer.status === VALID; answer = await send(token)) await sleep(10);
  expect(answer).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect((await send(await sign('bob', old))).status).toBe(401);
});

test('keys are read once for many tokens, and once in 30 s for key ids that are not known', async () => {
  await start();
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => sign(`user-${i}`)));
  expect(new Set((await Promise.all(tokens.map(send))).map(({ status }) => status))).toEqual(
    new Set([VALID]),
  );
  expect(issuer.readings).toBe(1);
  registry!.wait(30, 'seconds');
  const unknown = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      issuer.sign(registry!.now(), { sub: `user-${i}` }, { kid: `k${i}` }),
    ),
  );
  expect(new Set((await Promise.all(unknown.map(send))).map(({ status }) => status))).toEqual(new Set([401]));
  expect(issuer.readings).toBe(2);
});

test('an issuer may end with a slash, and its access tokens may have an audience of their own', async () => {
  const name = `${issuer.url}/`;
  answerDiscovery({ issuer: name });
  const audience = 'https://registry.example';
  await start({ KLPREG_OIDC_ISSUER: name, KLPREG_OIDC_AUDIENCE: audience });
  const statusOf = async (claims: Record<string, unknown>) =>
    (await send(await issuer.sign(registry!.now(), { iss: name, client_id: 'klpreg', ...claims }))).status;
  for (const aud of ['klpreg', audience, [audience]]) expect(await statusOf({ aud })).toBe(VALID);
  expect(await statusOf({ iss: issuer.url, aud: audience })).toBe(401);
});

test('a token of another issuer never makes the registry ask', async () => {
  await start();
  expect((await send(await sign())).status).toBe(VALID);
  registry!.wait(1, 'hours');
  const before = issuer.requests.length;
  for (const claims of [{ iss: 'https://login.example' }, { iss: 7 }])
    expect((await send(await issuer.sign(registry!.now(), claims, { kid: 'x' }))).status).toBe(401);
  expect(issuer.requests.length).toBe(before);
});

const DISCOVERY = '/.well-known/openid-configuration';
test.each<[name: string, spoil: () => void]>([
  [
    'a redirect',
    () => (issuer.answers['/keys'] = { status: 302, headers: { location: '/other' }, body: {} }),
  ],
  ['a discovery document of another issuer', () => answerDiscovery({ issuer: 'https://login.example' })],
  ['a discovery document without keys', () => answerDiscovery({ jwks_uri: undefined })],
  ['keys in a file', () => answerDiscovery({ jwks_uri: 'file:///etc/passwd' })],
  ['an answer that is too large', () => (issuer.answers['/keys'] = { body: `"${'x'.repeat(300_000)}"` })],
  ['an answer that is not JSON', () => (issuer.answers['/keys'] = { body: '<html>' })],
  ['an answer that is no key set', () => (issuer.answers['/keys'] = { body: { keys: 'x' } })],
  ['an answer that does not end within 5 s', () => (issuer.answers['/keys'] = { hangs: true })],
  ['an error', () => (issuer.answers['/keys'] = { status: 500, body: {} })],
])('%s of the issuer is as no answer', async (_name, spoil) => {
  spoil();
  await start();
  expect(await send(await sign())).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
  expect(issuer.requests).not.toContain('/other');
});

const answerDiscovery = (changes: object) =>
  (issuer.answers[DISCOVERY] = { body: { issuer: issuer.url, jwks_uri: `${issuer.url}/keys`, ...changes } });

test.each([
  ['a name', () => issuer.url.replace('127.0.0.1', 'localhost')],
  ['an address', () => issuer.url],
  ['an IPv4 address in an IPv6 one', () => issuer.url.replace('127.0.0.1', '[::ffff:127.0.0.1]')],
  ['an address in another notation', () => issuer.url.replace('127.0.0.1', '0x7f.1')],
])('%s of a private network is not connected to', async (_name, url) => {
  const limits = { allowHttp: true, allowPrivate: false };
  await expect(fetchJson(`${url()}/keys`, limits)).rejects.toThrow(
    /private address.*KLPREG_OIDC_ALLOW_PRIVATE/,
  );
  expect(issuer.requests).toEqual([]);
  await expect(fetchJson(issuer.url, { allowHttp: false, allowPrivate: true })).rejects.toThrow(
    /not an https/,
  );
});

test.each(
  (
    '10.1.2.3 127.0.0.1 169.254.169.254 172.31.0.1 192.168.0.1 100.64.0.1 0.0.0.0 255.255.255.255 ' +
    '::1 :: fe80::1 fd00::1 ::ffff:10.0.0.1 64:ff9b::a00:1 ff02::1'
  ).split(' '),
)('%s is not of the internet', (address) => expect(isPrivate(address)).toBe(true));

test.each(['8.8.8.8', '172.32.0.1', '192.0.1.1', '2a00:1450::1', '2606:4700::1'])(
  '%s is of the internet',
  (address) => expect(isPrivate(address)).toBe(false),
);
