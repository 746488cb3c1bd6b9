import { spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CertificateFiles, Certificates } from '@klpreg/connection/testing';
import { withProof } from '@klpreg/wire';
import { ServerProcess } from '../crash/processes.js';
import { copyDatabase, type Database } from '../database.js';
import { idle } from '../registry.js';

jest.setTimeout(180_000);

const AGENT = path.join(__dirname, '../../../agent/bin/klpreg-agent.js');
const made = new Certificates();
for (const ca of ['ca', 'client-ca', 'other-ca']) made.ca(ca);

/** The certificate of a host. @param instances the hosts that it names */
const certificateOf = (name: string, instances: readonly string[], ca = 'client-ca'): CertificateFiles =>
  made.leaf(name, ca, {
    subjectAltName: instances.map((instance) => `URI:urn:klpreg:host:${instance}`).join(',') || 'DNS:relay',
  });

let database: Database;
let servers: ServerProcess[];
let admin: string;
beforeAll(async () => {
  database = await copyDatabase();
  const { certificate, key } = made.leaf('server', 'ca');
  const settings = {
    DATABASE_URL: database.url,
    KLPREG_DATABASE_CONNECTIONS: '5',
    KLPREG_TLS_CERT: certificate,
    KLPREG_TLS_KEY: key,
    KLPREG_TLS_CLIENT_CA: made.at('client-ca.pem'),
  };
  const first = await ServerProcess.start(made.folder, settings);
  servers = [first, await ServerProcess.start(made.folder, settings)];
  admin = readFileSync(made.at('admin-token'), 'utf8').trim();
});
afterAll(async () => {
  await Promise.all(servers.map(async (server) => server.kill()));
  await database.drop();
  made.remove();
});

interface Answer {
  readonly status: number;
  readonly body: { readonly code?: string; readonly detail?: string; readonly data?: unknown };
}

/** Sends a document on a connection of its own. */
const post = async (
  route: string,
  document: unknown,
  certificate: CertificateFiles | null,
  { token = null as string | null, server = 0 } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent: false as const,
      ca: readFileSync(made.at('ca.pem')),
      ...(certificate !== null && {
        cert: readFileSync(certificate.certificate),
        key: readFileSync(certificate.key),
      }),
      headers: {
        'content-type': 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
    };
    https
      .request(servers[server]!.url + route, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode!, body: JSON.parse(text) }));
      })
      .on('error', reject)
      .end(JSON.stringify(document));
  });

const [web, db] = [idle('web-1'), idle('db-1')];
const [webId, dbId] = [web.host.instance, db.host.instance];
const webCertificate = certificateOf('web', [webId]);

test('a host with a certificate sends its reports, and no others', async () => {
  expect(await post('/v1/reports', web, webCertificate)).toMatchObject({ status: 200 });
  expect(await post('/v1/reports', db, webCertificate)).toMatchObject({
    status: 403,
    body: { code: 'FORBIDDEN' },
  });
});

test('whatever token it has: the certificate limits the connection', async () => {
  expect(await post('/v1/reports', db, webCertificate, { token: admin })).toMatchObject({ status: 403 });
  expect(await post('/v1/reports', db, null, { token: admin })).toMatchObject({ status: 200 });
});

test('a certificate is no right to read or change anything', async () => {
  const document = { query: '{ hosts(first: 1) { totalCount } }' };
  const { body } = await post('/graphql', document, webCertificate);
  // reading is open on the loopback address
  expect(body.data).toBeTruthy();
  const change = { query: `mutation { retireHost(id: "${dbId}", reason: "x") { id } }` };
  expect(await post('/graphql', change, webCertificate)).toMatchObject({ status: 401 });
});

test.each<[what: string, certificate: () => CertificateFiles | null]>([
  ['no certificate', () => null],
  ['one that names no host', () => certificateOf('relay', [])],
  ['one that names two hosts', () => certificateOf('both', [webId, dbId])],
])('%s is no credential', async (_what, certificate) => {
  expect(await post('/v1/reports', web, certificate())).toMatchObject({
    status: 401,
    body: { code: 'UNAUTHENTICATED' },
  });
});

test.each([
  ['of another CA', () => certificateOf('forged', [webId], 'other-ca')],
  ['that has expired', () => made.leaf('old', 'client-ca', { days: -1 })],
])('a certificate %s gets no answer', async (_what, certificate) => {
  await expect(post('/v1/reports', web, certificate())).rejects.toThrow(/\S/);
});

test('the agent sends by its certificate', async () => {
  const instance = '0b6b8e1a-2f0e-4c0c-9a3e-1f2d3c4b5a69';
  const { certificate, key } = certificateOf('agent', [instance]);
  const tree = {
    'sys/kernel/livepatch/.empty': '',
    'sys/module/.empty': '',
    'proc/modules': '',
    'proc/sys/kernel/tainted': '0\n',
    'proc/sys/kernel/osrelease': '6.12.9-amd64\n',
    'proc/sys/kernel/version': '#1 SMP Debian 6.12.9-1\n',
    'proc/sys/kernel/hostname': 'agent\n',
    'proc/sys/kernel/random/boot_id': '1b6b8e1a-2f0e-4c0c-9a3e-1f2d3c4b5a69\n',
  };
  for (const [name, content] of Object.entries(tree)) {
    mkdirSync(path.dirname(made.at(`tree/${name}`)), { recursive: true });
    writeFileSync(made.at(`tree/${name}`), content);
  }
  const report = (id: string) =>
    new Promise<{ exit: number | null; said: string }>((resolve) => {
      const files = ['--ca-file', made.at('ca.pem'), '--cert-file', certificate, '--key-file', key];
      const words = ['report', '--root', made.at('tree'), '--state', made.at('state'), '--instance', id];
      const child = spawn(process.execPath, [AGENT, ...words, ...files, '--url', servers[0]!.url]);
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text: Buffer) => (said += text.toString()));
      child.on('close', (exit) => resolve({ exit, said }));
    });
  expect(await report(instance)).toMatchObject({ exit: 0, said: expect.stringContaining('STORED') });
  expect(await report(dbId)).toMatchObject({ exit: 5, said: expect.stringContaining('FORBIDDEN') });
});

test('every server refuses the certificate of a host that was retired as compromised, within 5 s', async () => {
  const heartbeat = async () => {
    const next = { ...web, sequence: web.sequence + 1 };
    return (await post('/v1/reports', next, webCertificate, { server: 1 })).status;
  };
  expect(await heartbeat()).toBe(200);
  const query = `mutation { retireHost(id: "${webId}", reason: "stolen", compromised: true) { id } }`;
  expect(await post('/graphql', { query }, null, { token: admin })).toMatchObject({ status: 200 });
  const refusal = await post('/v1/reports', web, webCertificate);
  expect(refusal).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  expect(refusal.body.detail).toMatch(/an admin ended the credentials of this host/);
  for (let tries = 0; tries < 50 && (await heartbeat()) !== 401; tries++) await sleep(100);
  expect(await heartbeat()).toBe(401);
  expect(await post('/v1/reports', web, webCertificate, { token: admin })).toMatchObject({ status: 401 });
});

describe('an enrolled host that also has a certificate', () => {
  const ask = async (query: string) =>
    (await post('/graphql', { query }, null, { token: admin })).body.data as Record<string, any>;
  const makeToken = async (approval: boolean): Promise<{ token: string; id: string }> => {
    const input = `{ name: "web servers", approval: ${approval} }`;
    const { createEnrolmentToken: made } = await ask(
      `mutation { createEnrolmentToken(input: ${input}) { token enrolmentToken { id } } }`,
    );
    return { token: made.token, id: made.enrolmentToken.id };
  };
  const enrol = async ({ host }: typeof web, keys: KeyPairKeyObjectResult, token: string) => {
    const { instance, machine, hostname } = host;
    const publicKey = keys.publicKey.export({ format: 'jwk' }).x!;
    const at = new Date().toISOString();
    const document = { schema: 'enrolment/v1' as const, instance, machine, hostname, publicKey, at };
    return (await post('/v1/enrolments', withProof(document, keys.privateKey), null, { token })).status;
  };
  /** Sends by the certificate until each server answers so; all servers know a change within 5 s. */
  const answer = async (report: typeof web, certificate: CertificateFiles, status: number) => {
    for (const server of [0, 1]) {
      const send = async () => (await post('/v1/reports', report, certificate, { server })).status;
      for (let tries = 0; tries < 50 && (await send()) !== status; tries++) await sleep(100);
      expect(await send()).toBe(status);
    }
  };

  test('is refused after its enrolment token was revoked with its hosts, until it has another token', async () => {
    const [host, keys] = [idle('app-1'), generateKeyPairSync('ed25519')];
    const certificate = certificateOf('app-1', [host.host.instance]);
    const { token, id } = await makeToken(false);
    expect(await enrol(host, keys, token)).toBe(200);
    await answer(host, certificate, 200);
    await ask(`mutation { revokeEnrolmentToken(id: "${id}", withHosts: true) { id } }`);
    await answer(host, certificate, 401);
    expect(await enrol(host, keys, (await makeToken(false)).token)).toBe(200);
    await answer(host, certificate, 200);
  });

  test('is refused while its enrolment waits for an approval', async () => {
    const [host, keys] = [idle('app-2'), generateKeyPairSync('ed25519')];
    const certificate = certificateOf('app-2', [host.host.instance]);
    await answer(host, certificate, 200);
    expect(await enrol(host, keys, (await makeToken(true)).token)).toBe(202);
    await answer(host, certificate, 401);
    await ask(`mutation { approveEnrolment(host: "${host.host.instance}") { state } }`);
    await answer(host, certificate, 200);
  });
});
