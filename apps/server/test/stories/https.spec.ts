import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type CertificateFiles, Certificates } from '@klpreg/connection/testing';
import { ConfigError } from '../../src/config.js';
import { readContext } from '../../src/tls/certificate.js';
import { idle } from '../registry.js';
import { copyDatabase, type Database } from '../database.js';

jest.setTimeout(120_000);

const MAIN = path.join(__dirname, '../../dist/main.js');
const made = new Certificates();
let database: Database;
let server: CertificateFiles;
let client: CertificateFiles;
beforeAll(async () => {
  database = await copyDatabase();
  for (const ca of ['registry-ca', 'client-ca', 'other-ca']) made.ca(ca);
  [server, client] = [made.leaf('server', 'registry-ca'), made.leaf('client', 'client-ca')];
});
afterAll(async () => {
  await database.drop();
  made.remove();
});

interface Program {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

/** Starts the real program. */
function launch(environment: Record<string, string>): Program {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: database.url,
      KLPREG_DATA: made.at('data'),
      KLPREG_PORT: '0',
      KLPREG_LOG_LEVEL: 'info',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { child, output: () => text, ended: new Promise((resolve) => child.once('close', resolve)) };
}

async function kill({ child, ended }: Program): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

/** Waits for a text in the output, and returns what the expression found. */
async function said({ child, output }: Program, wanted: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = wanted.exec(output());
    if (found !== null) return found;
    if (child.exitCode !== null) throw new Error(output());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const listening = async (program: Program): Promise<string> =>
  (await said(program, /listening on (https:\S+)/))[1]!;

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  /** The subject of the server's certificate. */
  readonly name: string;
}

/** One request on a connection of its own, to a server whose certificate is of the registry's CA. */
const get = (url: string, options: https.RequestOptions = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    https
      .get(url, { ca: readFileSync(made.at('registry-ca.pem')), agent: false, ...options }, (response) => {
        const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN as string;
        response
          .resume()
          .on('end', () => resolve({ status: response.statusCode, headers: response.headers, name }));
      })
      .on('error', reject);
  });

const asClient = ({ certificate, key }: CertificateFiles) => ({
  cert: readFileSync(certificate),
  key: readFileSync(key),
});
const settings = ({ certificate, key }: CertificateFiles) => ({
  KLPREG_TLS_CERT: certificate,
  KLPREG_TLS_KEY: key,
});

describe('a server with a certificate', () => {
  const used = { certificate: made.at('used.pem'), key: made.at('used.key') };
  const install = (from: CertificateFiles) => {
    copyFileSync(from.certificate, used.certificate);
    copyFileSync(from.key, used.key);
  };
  let program: Program;
  let url: string;
  beforeAll(async () => {
    install(server);
    program = launch(settings(used));
    url = await listening(program);
  });
  afterAll(() => kill(program));

  test('speaks TLS 1.2 and newer only, and asks browsers to stay with it', async () => {
    const { status, headers, name } = await get(`${url}/livez`);
    expect({ status, name, sts: headers['strict-transport-security'] }).toEqual({
      status: 200,
      name: 'server',
      sts: 'max-age=63072000',
    });
    await expect(get(`${url}/livez`, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow(/\S/);
    await expect(fetch(url.replace('https:', 'http:'))).rejects.toThrow(/\S/);
  });

  test('uses a new certificate from SIGHUP on; one that cannot be used leaves the old one, and the log says so', async () => {
    const renewed = made.leaf('renewed', 'registry-ca');
    expect((await get(`${url}/livez`)).name).toBe('server');

    copyFileSync(renewed.certificate, used.certificate);
    program.child.kill('SIGHUP');
    await said(
      program,
      /the certificate stays the one that was loaded before: .* are not a certificate and its key/,
    );
    expect((await get(`${url}/livez`)).name).toBe('server');

    writeFileSync(used.certificate, 'no certificate');
    program.child.kill('SIGHUP');
    await said(program, /(stays the one that was loaded before[^]*){2}/);
    expect((await get(`${url}/livez`)).name).toBe('server');

    install(renewed);
    chmodSync(used.key, 0o644);
    program.child.kill('SIGHUP');
    await said(
      program,
      /stays the one that was loaded before: KLPREG_TLS_KEY: \S+: can be read or changed by other users/,
    );
    chmodSync(used.key, 0o600);
    program.child.kill('SIGHUP');
    await said(program, /certificate and key were loaded again/);
    expect((await get(`${url}/livez`)).name).toBe('renewed');
  });

  test('answers the request that is in progress when it is stopped, and only then closes', async () => {
    const token = readFileSync(made.at('data/admin-token'), 'utf8').trim();
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      expect: '100-continue',
    };
    const ca = readFileSync(made.at('registry-ca.pem'));
    const request = https.request(`${url}/v1/reports`, { method: 'POST', agent: false, ca, headers });
    const answer = new Promise<string>((resolve, reject) => {
      request.on('error', reject).on('response', (response) => {
        let text = String(response.statusCode);
        response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
      });
    });
    const body = Buffer.from(JSON.stringify(idle('web-1')));
    await new Promise((resolve) => {
      request.on('continue', resolve);
      request.flushHeaders();
    });
    request.write(body.subarray(0, 100));
    program.child.kill('SIGTERM');
    await said(program, /stopping/);
    request.end(body.subarray(100));
    expect(await answer).toMatch(/^200.*"STORED"/);
    expect(await program.ended).toBe(0);
  });
});

describe.each([
  ['optional', 200],
  ['required', null],
])('a server whose client certificates are %s', (mode, status) => {
  let program: Program;
  let url: string;
  beforeAll(async () => {
    const certificates = { KLPREG_TLS_CLIENT_CA: made.at('client-ca.pem'), KLPREG_TLS_CLIENT_CERT: mode };
    program = launch({ ...settings(server), ...certificates });
    url = await listening(program);
  });
  afterAll(() => kill(program));

  test('takes those of its CA, and no others', async () => {
    const foreign = made.leaf('foreign', 'other-ca');
    expect((await get(`${url}/livez`, asClient(client))).status).toBe(200);
    await expect(get(`${url}/livez`, asClient(foreign))).rejects.toThrow(/\S/);
    const without = get(`${url}/livez`);
    if (status === null) await expect(without).rejects.toThrow(/\S/);
    else expect((await without).status).toBe(status);
  });

  test('has a health check of its container that works', async () => {
    const dockerfile = readFileSync(path.join(__dirname, '../../Dockerfile'), 'utf8');
    const [node, ...words] = JSON.parse(/^HEALTHCHECK [^]*?CMD (\[.*\])$/m.exec(dockerfile)![1]!) as string[];
    const { port } = new URL(url);
    const check = () =>
      new Promise((resolve) =>
        spawn(node!, words, {
          env: { PATH: process.env['PATH'], KLPREG_PORT: port, KLPREG_TLS_CERT: server.certificate },
        }).on('close', resolve),
      );
    expect(await check()).toBe(0);
    program.child.kill('SIGTERM');
    await program.ended;
    expect(await check()).toBe(1);
  });
});

describe('files that cannot be used are refused before the server starts, with what to do', () => {
  test.each<[string, () => CertificateFiles, RegExp]>([
    [
      'a key that others can read',
      () => {
        const exposed = { certificate: server.certificate, key: made.at('exposed.key') };
        copyFileSync(server.key, exposed.key);
        chmodSync(exposed.key, 0o644);
        return exposed;
      },
      /KLPREG_TLS_KEY: \S+exposed\.key: can be read or changed by other users \(mode 0644\); make it 0600/,
    ],
    [
      'the key of another certificate',
      () => ({ certificate: server.certificate, key: client.key }),
      /are not a certificate and its key/,
    ],
    [
      'a file that is missing',
      () => ({ certificate: made.at('none.pem'), key: server.key }),
      /KLPREG_TLS_CERT: \S+none\.pem cannot be read/,
    ],
  ])('%s', (_, files, message) => {
    const use = () => readContext({ ...files(), clientCa: null, needsClientCertificate: false });
    expect(use).toThrow(ConfigError);
    expect(use).toThrow(message);
    expect(use).not.toThrow(/PRIVATE KEY/);
  });

  test('the program then ends with 2 and this message', async () => {
    const program = launch(settings({ certificate: server.certificate, key: client.key }));
    expect(await program.ended).toBe(2);
    expect(program.output()).toMatch(/are not a certificate and its key/);
    expect(program.output()).not.toMatch(/PRIVATE KEY|at .*\.js:/);
  });
});
