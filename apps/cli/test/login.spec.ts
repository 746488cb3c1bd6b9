import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { klpreg, TestEnvironment } from './environment.js';
import { type ReceivedRequest, type Reply, TinyRegistry } from './tiny-registry.js';

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-credentials-'));
const file = path.join(folder, 'klpreg', 'credentials.json');
beforeEach(() => mkdirSync(path.dirname(file), { recursive: true }));
afterEach(() => rmSync(path.dirname(file), { recursive: true, force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

const FUTURE = Date.parse('2030-01-01T00:00:00Z');
const login = (changes: object = {}) => ({
  issuer: 'http://127.0.0.1:1',
  clientId: 'klpreg',
  subject: 'alice',
  idToken: 'the-id-token',
  expiresAt: FUTURE,
  refreshToken: null,
  ...changes,
});
const store = (logins: object) =>
  writeFileSync(file, JSON.stringify({ schemaVersion: 1, logins }), { mode: 0o600 });

async function ask(
  answer: (request: ReceivedRequest) => Reply,
  words: (url: string) => readonly string[],
  prepare: (url: string) => void = () => {},
) {
  const registry = await TinyRegistry.open(answer);
  prepare(registry.url);
  const environment = new TestEnvironment({ XDG_CONFIG_HOME: folder });
  const done = await klpreg([...words(registry.url), '--url', registry.url], {}, environment);
  await registry.close();
  return { ...done, requests: registry.requests };
}

const settings = (openIdConnect: unknown): Reply => ({ body: { openIdConnect } });
const at = (issuer: string): Reply => settings({ issuer, clientId: 'klpreg', scopes: 'openid' });

test.each<[name: string, answer: Reply, exit: number, message: RegExp]>([
  ['a registry without an issuer', settings(null), 2, /has no OpenID Connect issuer[^]*--token-file/],
  [
    'a registry that is older',
    { status: 404, body: { title: 'not found' } },
    4,
    /did not say where people sign in/,
  ],
  ['an answer of another form', { body: { openIdConnect: { issuer: 7 } } }, 4, /issuer should be text/],
  ['an issuer without TLS', at('http://login.example'), 2, /must begin with https:/],
  ['an issuer that only looks local', at('http://127.0.0.1.example'), 2, /must begin with https:/],
  ['an issuer that is no address', at('login'), 2, /is not an issuer/],
  [
    'an issuer that does not answer',
    at('http://127.0.0.1:1'),
    4,
    /signing in at http:\/\/127\.0\.0\.1:1 failed/,
  ],
])('login at %s is refused with what to do', async (_name, answer, exit, message) => {
  const done = await ask(
    () => answer,
    () => ['login'],
  );
  expect(done.err).toMatch(message);
  expect(done).toMatchObject({ exit, out: '' });
});

test('a stored token is sent to its registry only, and login asks without it', async () => {
  const hosts = { status: 401, body: {} };
  const words = () => ['hosts'];
  const own = await ask(
    () => hosts,
    words,
    (url) => store({ [url]: login() }),
  );
  expect(own.requests[0]!.headers.authorization).toBe('Bearer the-id-token');
  const other = await ask(
    () => hosts,
    words,
    (url) => store({ [`${url}0`]: login() }),
  );
  expect(other.requests[0]!.headers.authorization).toBeUndefined();
  const ended = login({ expiresAt: 0 });
  const again = await ask(
    () => settings(null),
    () => ['login'],
    (url) => store({ [url]: ended }),
  );
  expect(again.requests[0]).toMatchObject({ method: 'GET', path: '/v1/login' });
  expect(again.requests[0]!.headers.authorization).toBeUndefined();
});

test.each<[name: string, prepare: (url: string) => void, exit: number, message: RegExp]>([
  ...['{', '{}', 'null', '{"logins":7}', '{"logins":null}', '{"logins":[]}'].map(
    (text): [string, () => void, number, RegExp] => [
      `a damaged file (${text})`,
      () => writeFileSync(file, text, { mode: 0o600 }),
      2,
      /is damaged[^]*klpreg login/,
    ],
  ),
  [
    'an expired token without a refresh token',
    (url) => store({ [url]: login({ expiresAt: 0 }) }),
    5,
    /gave no refresh token[^]*klpreg login/,
  ],
  [
    'an issuer that is down when a token is renewed',
    (url) => store({ [url]: login({ expiresAt: 0, refreshToken: 'x' }) }),
    4,
    /signing in at .* failed/,
  ],
])('%s ends with a code and what to do', async (_name, prepare, exit, message) => {
  const done = await ask(
    () => ({ body: {} }),
    () => ['hosts'],
    prepare,
  );
  expect(done.err).toMatch(message);
  expect(done).toMatchObject({ exit, out: '', requests: [] });
});

test('logout works while the issuer is down, keeps other sign-ins, and takes a lock that was left over', async () => {
  const done = await ask(
    () => ({ body: {} }),
    () => ['logout', '-o', 'table'],
    (url) => {
      store({ [url]: login({ refreshToken: 'x' }), 'https://other.example': login() });
      writeFileSync(`${file}.lock`, '');
      utimesSync(`${file}.lock`, 0, 0);
    },
  );
  expect(done).toMatchObject({ exit: 0, out: expect.stringContaining('signed out of') });
  expect(done.err).toContain('the issuer did not end the sign-in');
  const { logins } = JSON.parse(readFileSync(file, 'utf8')) as { logins: object };
  expect(Object.keys(logins)).toEqual(['https://other.example']);
});

/** Answers as an issuer, and to all other requests as a registry that refuses them. */
const asIssuer =
  (tokens: object) =>
  ({ path: at, headers }: ReceivedRequest): Reply => {
    const address = `http://${headers.host}`;
    const endpoints = { token_endpoint: `${address}/token`, revocation_endpoint: `${address}/revoke` };
    if (at === '/.well-known/openid-configuration') return { body: { issuer: address, ...endpoints } };
    return at === '/token' ? { body: tokens } : { status: at === '/revoke' ? 200 : 401, body: {} };
  };

test('a renewal without an ID token fails, and keeps the next refresh token', async () => {
  const done = await ask(
    asIssuer({ access_token: 'a', token_type: 'bearer', refresh_token: 'next' }),
    () => ['hosts'],
    (url) => store({ [url]: login({ issuer: url, expiresAt: 0, refreshToken: 'first' }) }),
  );
  expect(done.err).toMatch(/gave no ID token[^]*klpreg login/);
  expect(done).toMatchObject({ exit: 4, out: '' });
  expect(done.requests.map(({ path: at }) => at)).not.toContain('/graphql');
  const { logins } = JSON.parse(readFileSync(file, 'utf8')) as { logins: object };
  expect(Object.values(logins)).toMatchObject([{ idToken: 'the-id-token', refreshToken: 'next' }]);
});

test('a lock that another program has taken since is left alone', async () => {
  const lock = `${file}.lock`;
  const owners: string[] = [];
  const done = await ask(
    (request) => {
      if (request.path === '/revoke') {
        owners.push(readFileSync(lock, 'utf8'));
        writeFileSync(lock, 'another');
      }
      return asIssuer({})(request);
    },
    () => ['logout'],
    (url) => store({ [url]: login({ issuer: url, refreshToken: 'x' }) }),
  );
  expect(done).toMatchObject({ exit: 0, err: '' });
  expect(owners).toEqual([expect.stringMatching(/^[\da-f-]{36}$/)]);
  expect(readFileSync(lock, 'utf8')).toBe('another');
  rmSync(lock);
  await ask(
    () => ({ body: {} }),
    () => ['logout'],
  );
  expect(existsSync(lock)).toBe(false);
});
