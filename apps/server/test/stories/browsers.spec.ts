import { Registry } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start({
    KLPREG_ALLOWED_ORIGINS: 'https://dashboard.example',
    KLPREG_DASHBOARD: 'off',
  });
});
afterAll(() => registry.stop());

type Method = 'GET' | 'POST' | 'PUT' | 'OPTIONS';
const JSON_TYPE = { 'content-type': 'application/json' };
const ask = (method: Method, url: string, headers: Record<string, string>, payload?: string) =>
  registry.app.inject({
    method,
    url,
    headers: { host: 'localhost:3000', ...headers },
    ...(payload && { payload }),
  });

describe('every answer has the security headers, also a refusal', () => {
  test.each<[method: Method, url: string, status: number]>([
    ['GET', '/livez', 200],
    ['GET', '/nowhere', 404],
    ['GET', '/docs/json', 200],
    ['GET', '/metrics', 200],
    ['POST', '/v1/reports', 401],
    ['POST', '/v1/heartbeats', 401],
    ['POST', '/graphql', 400],
    ['PUT', '/v1/patches/abcd', 401],
  ])('%s %s', async (method, url, status) => {
    const response = await ask(method, url, JSON_TYPE, method === 'GET' ? undefined : '{}');
    expect({ status: response.statusCode, ...response.headers }).toMatchObject({
      status,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'cache-control': 'no-store',
    });
    expect(response.headers['strict-transport-security']).toBeUndefined();
  });

  test('the page of the documentation loads what is its own only', async () => {
    const response = await ask('GET', '/docs', {});
    expect(response.headers['content-security-policy']).toMatch(/default-src 'self'.*script-src 'self'/);
  });
});

test('without the dashboard, the front page has links for a browser, and JSON for a program', async () => {
  const page = await ask('GET', '/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    vary: 'accept',
  });
  const links = [...page.body.matchAll(/href="([^"]*)"/g)].map(([, link]) => link!);
  for (const link of links) expect((await ask('GET', `/${link}`, {})).statusCode).toBe(200);
  for (const headers of [{ accept: 'application/json' }, {}] as Record<string, string>[])
    expect(Object.keys((await ask('GET', '/', headers)).json().links)).toEqual(links);
});

describe('a page of another origin is refused on every route', () => {
  test.each([
    'https://evil.example',
    'null',
    'http://localhost:3001',
    'https://dashboard.example.evil',
    'localhost:3000',
  ])('%s', async (origin) => {
    for (const [method, url] of [
      ['POST', '/graphql'],
      ['POST', '/v1/reports'],
      ['GET', '/metrics'],
      ['OPTIONS', '/graphql'],
    ] as const) {
      const response = await ask(method, url, { ...JSON_TYPE, origin }, '{"query":"{ __typename }"}');
      expect(response.statusCode).toBe(403);
      expect(response.body).toContain('KLPREG_ALLOWED_ORIGINS');
      expect(response.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test.each(['http://localhost:3000', 'https://LOCALHOST:3000'])(
    '%s is the origin of the server',
    async (origin) => {
      const response = await ask('POST', '/graphql', { ...JSON_TYPE, origin }, '{"query":"{ __typename }"}');
      expect(response.statusCode).toBe(200);
    },
  );

  test('an allowed origin may ask, and its preflight says what it may send', async () => {
    const origin = 'https://dashboard.example';
    const preflight = await ask('OPTIONS', '/graphql', { origin, 'access-control-request-method': 'POST' });
    expect({ status: preflight.statusCode, ...preflight.headers }).toMatchObject({
      status: 204,
      'access-control-allow-origin': origin,
      'access-control-allow-headers': expect.stringContaining('authorization'),
    });
    const answer = await ask('POST', '/graphql', { ...JSON_TYPE, origin }, '{"query":"{ __typename }"}');
    expect({ status: answer.statusCode, ...answer.headers }).toMatchObject({
      status: 200,
      'access-control-allow-origin': origin,
      vary: 'origin',
    });
  });
});

describe('a form of a page cannot ask: what needs no preflight is refused', () => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'content-type %j',
    async (type) => {
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
      const response = await ask('POST', '/graphql', headers, '{"query":"{ __typename }"}');
      expect([400, 415]).toContain(response.statusCode);
      expect(response.body).not.toContain('"__typename":"Query"');
    },
  );
});
