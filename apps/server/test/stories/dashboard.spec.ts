import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { ROUTES } from '../../src/access/access-table.js';
import { newKey, TinyIssuer } from '../access/tiny-issuer.js';
import { Registry } from '../registry.js';

jest.setTimeout(120_000);

// parts of encoded paths; cspell:ignore dprod fsecret csecret fetc fpasswd

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const CODE = 'assets/index-B1a_2-c3.js';
const FILES: Record<string, string> = {
  'index.html': '<!doctype html><title>the dashboard</title>',
  'graphiql.html': '<!doctype html><title>GraphiQL</title>',
  'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  [CODE]: 'console.log("the dashboard");'.repeat(50),
  'assets/index-D4e5.css': 'body { margin: 0 }',
  'assets/.hidden': 'a secret',
};
/** In the folder above that of the page. */
const SECRET = 'secret.json';

/** The page as its build leaves it: each file also compressed. */
const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-page-'));
const pageFolder = path.join(folder, 'page');
mkdirSync(path.join(pageFolder, 'assets'), { recursive: true });
writeFileSync(path.join(folder, SECRET), '"a secret"');
for (const [name, text] of Object.entries(FILES)) {
  writeFileSync(path.join(pageFolder, name), text);
  writeFileSync(path.join(pageFolder, `${name}.br`), brotliCompressSync(text));
  writeFileSync(path.join(pageFolder, `${name}.gz`), gzipSync(text));
}

let registry: Registry;
beforeAll(async () => (registry = await Registry.start({ KLPREG_ACCESS: 'on' }, { pageFolder })));
afterAll(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true });
});

type Method = 'GET' | 'HEAD' | 'POST';
const ask = (url: string, headers: Record<string, string> = {}, method: Method = 'GET', of = registry) =>
  of.app.inject({ method, url, headers: { host: 'localhost:3000', ...headers } });

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; " +
  "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const PAGE = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  etag: expect.any(String),
};
const ASSET = { 'cache-control': 'public, max-age=31536000, immutable', 'x-content-type-options': 'nosniff' };

/** Every route of the table that is a view: the rows say which there are. */
const VIEWS = Object.keys(ROUTES)
  .slice(Object.keys(ROUTES).indexOf('GET /back'), Object.keys(ROUTES).indexOf('GET /signed-in') + 1)
  .map((row) => row.replace('GET ', '').replace(/:\w+/, 'x~1'));

describe('without a token, also if access is on:', () => {
  test.each<[url: string, file: string, headers: object]>([
    ...['/', ...VIEWS, '/hosts?where=env%3Dprod', '/signed-in?code=x&state=y'].map(
      (view): [string, string, object] => [view, 'index.html', PAGE],
    ),
    [
      '/graphiql?query=x',
      'graphiql.html',
      {
        ...PAGE,
        'content-security-policy': POLICY.replace(" 'wasm-unsafe-eval'", '')
          .replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
          .replace("font-src 'self'", "font-src 'self' data:"),
      },
    ],
    ['/icon.svg', 'icon.svg', { 'content-type': 'image/svg+xml', 'cache-control': 'no-cache' }],
    [`/${CODE}`, CODE, { ...ASSET, 'content-type': 'application/javascript; charset=utf-8' }],
    [
      '/assets/index-D4e5.css',
      'assets/index-D4e5.css',
      { ...ASSET, 'content-type': 'text/css; charset=utf-8' },
    ],
  ])('%s is %s, plain or compressed, and known again by its ETag', async (url, file, headers) => {
    const text = FILES[file]!;
    for (const [accepted, encoding, unpack] of [
      ['identity', undefined, (body: Buffer) => body],
      ['gzip, deflate', 'gzip', gunzipSync],
      ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ] as const) {
      const asking = { ...HTML, 'accept-encoding': accepted };
      const answer = await ask(url, asking);
      expect({ status: answer.statusCode, ...answer.headers }).toMatchObject({ status: 200, ...headers });
      expect(answer.headers['content-encoding']).toBe(encoding);
      expect(answer.headers['vary']).toContain('accept-encoding');
      expect(unpack(answer.rawPayload).toString()).toBe(text);
      const head = await ask(url, asking, 'HEAD');
      expect(head.statusCode).toBe(200);
      expect(head.body).toBe('');
      expect(head.headers['content-length']).toBe(answer.headers['content-length']);
      const again = await ask(url, { ...asking, 'if-none-match': answer.headers['etag'] as string });
      expect(again.statusCode).toBe(304);
      expect(again.body).toBe('');
    }
  });
});

test.each<[accept: string | undefined]>([['application/json'], ['*/*'], [undefined]])(
  'GET / answers a program that accepts %s with JSON',
  async (accept) => {
    const answer = await ask('/', accept === undefined ? {} : { accept });
    expect(answer.headers['vary']).toBe('accept');
    expect(answer.json()).toMatchObject({ version: '0.1.0', dashboard: true, graphiql: true, links: {} });
  },
);

test.each([
  '/assets/../../secret.json',
  '/assets/..%2f..%2fsecret.json',
  '/assets/%2e%2e/%2e%2e/secret.json',
  '/assets/..%5c..%5csecret.json',
  '/assets/%2e%2e%2f%2e%2e%2fsecret.json',
  '/assets/....//secret.json',
  '/assets//etc/passwd',
  '/assets/%2fetc%2fpasswd',
  '/assets/.hidden',
  '/assets/x%00.js',
  '/assets/',
  '/assets',
  '/assets/nothing-here.js',
  '/index.html',
  '/graphiql.html',
  '/secret.json',
  '/hosts/x/y',
  '/nowhere',
])('%s is not found', async (url) => {
  const answer = await ask(url, HTML);
  expect({ status: answer.statusCode, ...answer.headers }).toMatchObject({
    status: 404,
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
  });
  expect(answer.body).not.toContain('a secret');
});

test.each<[why: string, headers: Record<string, string>, status: number]>([
  ['another name of the server', { host: 'evil.example' }, 421],
  ['a page of another origin', { origin: 'https://evil.example' }, 403],
])('%s is refused', async (_why, headers, status) => {
  for (const url of ['/', '/hosts', '/graphiql', `/${CODE}`])
    expect((await ask(url, { ...HTML, ...headers })).statusCode).toBe(status);
});

test('a page cannot be posted to', async () => {
  for (const url of ['/', '/hosts', '/graphiql', `/${CODE}`])
    expect((await ask(url, HTML, 'POST')).statusCode).toBe(404);
});

describe('what is switched off or not built says so, and / is the page of links:', () => {
  const OFF = 'is switched off';
  const UNBUILT = 'npm run build:page';
  test.each<
    [environment: Record<string, string>, folder: string, dashboard: string | null, graphiql: string | null]
  >([
    [{ KLPREG_DASHBOARD: 'off' }, pageFolder, OFF, null],
    [{ KLPREG_GRAPHIQL: 'off' }, pageFolder, null, OFF],
    [{ KLPREG_DASHBOARD: 'off', KLPREG_GRAPHIQL: 'off' }, pageFolder, OFF, OFF],
    [{}, path.join(folder, 'none'), UNBUILT, UNBUILT],
  ])('%j, page in %s', async (environment, from, dashboard, graphiql) => {
    const other = await Registry.start(environment, { pageFolder: from });
    try {
      for (const [url, why] of [
        ['/hosts', dashboard],
        ['/graphiql', graphiql],
      ] as const) {
        const answer = await ask(url, HTML, 'GET', other);
        expect(answer.statusCode).toBe(why === null ? 200 : 404);
        if (why !== null)
          expect(answer.json()).toMatchObject({ code: 'NOT_FOUND', detail: expect.stringContaining(why) });
      }
      const front = await ask('/', HTML, 'GET', other);
      expect(front.statusCode).toBe(200);
      expect(front.body).toContain(dashboard === null ? 'the dashboard' : 'HTTP interface');
      const about = (await ask('/', {}, 'GET', other)).json();
      expect(about).toMatchObject({ dashboard: dashboard === null, graphiql: graphiql === null });
    } finally {
      await other.stop();
    }
  });
});

describe('OpenID Connect', () => {
  test.each<[name: string, discovery: object, endpoints: object, connects: (issuer: string) => string]>([
    [
      'its endpoints are of another origin',
      {
        authorization_endpoint: 'https://login.example/auth',
        token_endpoint: 'https://token.example:8443/t?x=1',
      },
      {
        authorizationEndpoint: 'https://login.example/auth',
        tokenEndpoint: 'https://token.example:8443/t?x=1',
      },
      (issuer) => `'self' ${issuer} https://token.example:8443`,
    ],
    [
      'its endpoints are no web addresses',
      { authorization_endpoint: 'javascript:alert(1)', token_endpoint: "data:x; script-src 'unsafe-inline'" },
      { authorizationEndpoint: null, tokenEndpoint: null },
      (issuer) => `'self' ${issuer}`,
    ],
    [
      'it names none',
      {},
      { authorizationEndpoint: null, tokenEndpoint: null },
      (issuer) => `'self' ${issuer}`,
    ],
  ])('the page may ask the issuer for a token, if %s', async (_name, discovery, endpoints, connects) => {
    const issuer = await TinyIssuer.open(await newKey('es'));
    issuer.answers['/.well-known/openid-configuration'] = {
      body: { issuer: issuer.url, jwks_uri: `${issuer.url}/keys`, ...discovery },
    };
    const other = await Registry.start(issuer.settings, { pageFolder });
    try {
      // a token makes the registry ask the issuer, if it has not yet
      await other.send('POST', '/graphql', {}, { authorization: `Bearer ${await issuer.sign(other.now())}` });
      expect((await ask('/v1/login', {}, 'GET', other)).json()).toEqual({
        openIdConnect: {
          issuer: issuer.url,
          clientId: 'klpreg',
          scopes: 'openid offline_access',
          ...endpoints,
        },
        tokenNeeded: true,
      });
      const { headers } = await ask('/back', HTML, 'GET', other);
      expect(headers['content-security-policy']).toBe(
        POLICY.replace("connect-src 'self'", `connect-src ${connects(issuer.url)}`),
      );
    } finally {
      await other.stop();
      await issuer.close();
    }
  });
});
