import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { sha256 } from '@klpreg/wire';
import { BODY_LIMITS, FORM_LIMIT } from '../../src/limits.js';
import { Database } from '../../src/database/database.js';
import { idle, Registry } from '../registry.js';

const TOKEN = 'the-token-of-hostile-requests';
let registry: Registry;
let port: number;
beforeAll(async () => {
  registry = await Registry.start({
    KLPREG_REQUEST_TIMEOUT: '1',
    KLPREG_ALLOWED_HOSTS: 'registry.example, 10.9.8.7',
  });
  const token = {
    id: '0190e000-0000-7000-8000-000000000002',
    hash: sha256(TOKEN),
    role: 'admin' as const,
    name: 'hostile',
    createdAt: registry.now(),
  };
  await registry.app.get(Database).token.create({ data: token });
  await registry.app.listen(0, '127.0.0.1');
  port = Number(new URL(await registry.app.getUrl()).port);
});
afterAll(() => registry.stop());

interface Raw {
  readonly status: number;
  readonly head: string;
  readonly body: { readonly code?: string; readonly detail?: string };
}

/** Sends these bytes, and reads one answer. The request may be incomplete: nothing more is sent. */
const send = (head: string, body: string | Buffer = ''): Promise<Raw> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const done = (): void => {
      const at = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
      if (at < 0 || Buffer.byteLength(text.slice(at + 4)) < length) return;
      socket.destroy();
      resolve({
        status: Number(text.slice(9, 12)),
        head: text.slice(0, at),
        body: text[at + 4] === '{' ? (JSON.parse(text.slice(at + 4)) as Raw['body']) : {},
      });
    };
    socket.on('data', (chunk) => ((text += chunk.toString()), done()));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(text.slice(0, 200))}`)));
    socket.write(head.replaceAll('\n', '\r\n'));
    if (body.length > 0) socket.write(body);
  });

const AUTHORIZED = `authorization: Bearer ${TOKEN}\n`;
const request = (method: string, url: string, headers: string): string =>
  `${method} ${url} HTTP/1.1\nhost: localhost\n${headers}\n`;
const JSON_TYPE = 'content-type: application/json\n';
const FORM_TYPE = 'content-type: multipart/form-data; boundary=x\n';
const BUILD = `/v1/patches/${'ab'.repeat(20)}`;

describe('who sends a request is asked before its body is received', () => {
  test.each<[method: string, url: string, headers: string]>([
    ['POST', '/v1/reports', JSON_TYPE],
    ['POST', '/v1/reports:batch', JSON_TYPE],
    ['POST', '/v1/heartbeats', JSON_TYPE],
    ['POST', '/v1/heartbeats:batch', JSON_TYPE],
    ['POST', '/v1/reports:batch', `${JSON_TYPE}content-encoding: gzip\n`],
    ['POST', '/v1/reports', 'content-type: text/plain\n'],
    ['PUT', BUILD, JSON_TYPE],
    ['PUT', BUILD, FORM_TYPE],
  ])('%s %s with %j', async (method, url, headers) => {
    for (const authorization of ['', 'authorization: Bearer unknown\n', 'authorization: Basic x\n']) {
      const { status, body } = await send(
        request(method, url, `${headers}${authorization}content-length: 4000\n`),
      );
      expect({ status, code: body.code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    }
  });
});

describe('the body of each route has a limit of its own', () => {
  test.each<[method: string, url: string, headers: string, bytes: number]>([
    ['POST', '/v1/reports', JSON_TYPE, BODY_LIMITS.report],
    ['POST', '/v1/reports:batch', JSON_TYPE, BODY_LIMITS.batch],
    ['POST', '/v1/heartbeats', JSON_TYPE, BODY_LIMITS.heartbeat],
    ['POST', '/v1/heartbeats:batch', JSON_TYPE, BODY_LIMITS.batch],
    ['POST', '/v1/credentials', JSON_TYPE, BODY_LIMITS.enrolment],
    ['PUT', BUILD, JSON_TYPE, BODY_LIMITS.manifest],
    ['PUT', BUILD, FORM_TYPE, FORM_LIMIT],
    ['POST', '/graphql', JSON_TYPE, BODY_LIMITS.question],
    ['POST', '/nowhere', JSON_TYPE, BODY_LIMITS.other],
  ])('%s %s, before it is received', async (method, url, headers, bytes) => {
    const { status, body } = await send(
      request(method, url, `${headers}${AUTHORIZED}content-length: ${bytes + 1}\n`),
    );
    expect(status).toBe(413);
    if (url !== '/graphql')
      expect({ code: body.code, detail: body.detail }).toEqual({
        code: 'TOO_LARGE',
        detail: expect.stringContaining(`${bytes} bytes`),
      });
  });

  test.each<[url: string, bytes: number]>([
    ['/v1/heartbeats', BODY_LIMITS.heartbeat],
    ['/v1/reports', BODY_LIMITS.report],
    ['/v1/reports:batch', BODY_LIMITS.batch],
    ['/graphql', BODY_LIMITS.question],
  ])('%s, counted while it is unpacked', async (url, bytes) => {
    const packed = gzipSync(Buffer.alloc(bytes + 1, 0x20));
    expect(packed.length).toBeLessThan(bytes / 50);
    const { status } = await send(
      request(
        'POST',
        url,
        `${JSON_TYPE}${AUTHORIZED}content-encoding: gzip\ncontent-length: ${packed.length}\n`,
      ),
      packed,
    );
    expect(status).toBe(413);
  });
});

describe('a request that does not come in time is answered, and its connection closed', () => {
  test.each<[what: string, head: string]>([
    ['a head that never ends', 'POST /v1/reports HTTP/1.1\nhost: localhost\n'],
    [
      'a body that never ends',
      request('POST', '/v1/reports', `${JSON_TYPE}${AUTHORIZED}content-length: 1000\n`),
    ],
    [
      'a body in parts that never ends',
      request('POST', '/graphql', `${JSON_TYPE}transfer-encoding: chunked\n`),
    ],
    ['a form that never ends', request('PUT', BUILD, `${FORM_TYPE}${AUTHORIZED}content-length: 1000\n`)],
  ])('%s', async (_, head) => {
    const { status, head: answer, body } = await send(head);
    expect({ status, code: body.code }).toEqual({ status: 408, code: 'REQUEST_TIMEOUT' });
    expect(answer).toMatch(/connection: close/);
  });
});

test.each<[what: string, head: string, status: number, code: string]>([
  ['no HTTP', 'HELO x\n\n', 400, 'BAD_USER_INPUT'],
  ['a head of 20 KB', request('GET', '/livez', `x: ${'x'.repeat(20_000)}\n`), 431, 'HEAD_TOO_LARGE'],
])('%s is answered as a problem', async (_, head, status, code) => {
  const answer = await send(head);
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
});

describe('a request says which server it is for', () => {
  const ask = (host: string, url: string) =>
    registry.app.inject({
      method: 'POST',
      url,
      headers: { host, 'content-type': 'application/json' },
      payload: '{"query":"{ __typename }"}',
    });
  test.each([
    'localhost',
    'LOCALHOST:3000',
    '127.0.0.1:3000',
    '[::1]:3000',
    '[::1]',
    'registry.example',
    'Registry.Example:443',
    '10.9.8.7:3000',
  ])('%s is this one', async (host) => expect((await ask(host, '/graphql')).statusCode).toBe(200));
  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:3000',
    '10.9.8.6',
    '[::2]:3000',
    'registry.example.',
  ])('%s is another', async (host) => {
    const response = await ask(host, '/graphql');
    expect(response.statusCode).toBe(421);
    expect(response.body).toContain('KLPREG_ALLOWED_HOSTS');
    for (const url of ['/v1/reports', '/metrics', '/docs/json'])
      expect((await ask(host, url)).statusCode).toBe(421);
  });
  test('the address of the connection is a valid host name, and health endpoints accept any name', async () => {
    expect((await send(`GET /nowhere HTTP/1.1\nhost: 127.0.0.1:${port}\n\n`)).status).toBe(404);
    for (const url of ['/livez', '/readyz'])
      expect(
        (await registry.app.inject({ method: 'GET', url, headers: { host: 'evil.example' } })).statusCode,
      ).toBe(200);
  });
});

test('one upload at a time: the next of the same publisher is received after the first has ended', async () => {
  const half = `--x\ncontent-disposition: form-data; name="release"\n\nr`;
  const first = send(
    request('PUT', BUILD, `${FORM_TYPE}${AUTHORIZED}content-length: 1000\n`),
    half.replaceAll('\n', '\r\n'),
  );
  const second = await registry.put('ab'.repeat(20), Buffer.from('no module'), { release: 'r', owner: 'o' });
  expect((await first).status).toBe(408);
  expect(second).toMatchObject({ status: 422, body: { code: 'MODULE_UNREADABLE' } });
});

test('a report above 64 KiB is read in the worker thread, and stored as any other', async () => {
  const functions = Array.from({ length: 4000 }, (_, i) => ({ name: `function_${i}`, sympos: 0 }));
  const patch = {
    name: 'large',
    buildId: 'ab'.repeat(20),
    srcversion: null,
    enabled: true,
    transition: false,
    replace: true,
    stackOrder: 1,
    refcount: 1,
    reading: null,
  };
  const report = idle('large-1', {
    livepatches: [{ ...patch, objects: [{ name: 'vmlinux', patched: true, functions }] }],
  });
  expect(JSON.stringify(report).length).toBeGreaterThan(100_000);
  expect(await registry.report(report)).toMatchObject({ status: 200, body: { outcome: 'STORED' } });
  expect(
    await registry.send('POST', '/v1/reports:batch', [report, { ...report, digest: 'f'.repeat(64) }]),
  ).toMatchObject({
    status: 200,
    body: {
      results: [{ outcome: 'REPEATED' }, { code: 'BAD_USER_INPUT', errors: [{ pointer: '/digest' }] }],
    },
  });
});
