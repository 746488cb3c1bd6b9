import { execFileSync, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { livepatch, loadedLine, plant, PLAIN } from './tree.js';
import { temporaryFolder } from './trees.js';

// cspell:ignore extfile
const OPENSSL = 'openssl';
const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const openssl = (...words: string[]) => execFileSync(OPENSSL, words, { cwd: folder, stdio: 'ignore' });

/** A CA of this name. */
function makeCa(name: string): void {
  const subject = ['-subj', '/CN=the CA', '-days', '2', '-addext', 'basicConstraints=critical,CA:TRUE'];
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ed25519',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    ...subject,
  );
}

/** A certificate of 127.0.0.1 by this CA. */
function makeLeaf(name: string, ca: string): void {
  openssl(
    'req',
    '-newkey',
    'ed25519',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    '/CN=r',
  );
  writeFileSync(at('san'), 'subjectAltName=IP:127.0.0.1\n');
  const signing = [
    '-CA',
    `${ca}.pem`,
    '-CAkey',
    `${ca}.key`,
    '-set_serial',
    '1',
    '-days',
    '2',
    '-extfile',
    'san',
  ];
  openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing);
}

const pinOf = (name: string): string =>
  createHash('sha256')
    .update(
      new X509Certificate(readFileSync(at(`${name}.pem`))).publicKey.export({ type: 'spki', format: 'der' }),
    )
    .digest('hex');

let server: Server;
let url: string;
let received: number;
beforeAll(async () => {
  for (const name of ['ca', 'other']) makeCa(name);
  makeLeaf('leaf', 'ca');
  // the other CA has the same name, and the server sends its certificate as if it had signed the leaf
  const cert = ['leaf', 'other', 'ca'].map((name) => readFileSync(at(`${name}.pem`), 'utf8')).join('');
  server = createServer({ key: readFileSync(at('leaf.key')), cert }, (_request, response) => {
    received += 1;
    const [issuedAt, expiresAt] = ['2026-11-26T10:00:00.000Z', '2026-11-27T10:00:00.000Z'];
    const credential = { credential: 'klpreg_host_x', serial: 1, issuedAt, expiresAt };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ credential }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

/** Enrols by the built program, which trusts the CA. */
async function enrol(pin: string) {
  received = 0;
  const state = mkdtempSync(at('state-'));
  const tree = plant(mkdtempSync(at('tree-')), PLAIN, livepatch('lp_1'), {
    'proc/modules': loadedLine('lp_1'),
  });
  const token = join(state, 'token');
  writeFileSync(token, `klpreg_enrol_secret#sha256:${pin}`, { mode: 0o600 });
  const program = join(__dirname, '../bin/klpreg-agent.js');
  const words = [
    'enrol',
    '--root',
    tree,
    '--state',
    state,
    '--url',
    url,
    '--token-file',
    token,
    '--timeout',
    '20',
  ];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: at('ca.pem') };
  const child = spawn(process.execPath, [program, ...words], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  const exit = await new Promise((resolve) => child.on('close', resolve));
  return { exit, err, received };
}

test.each(['leaf', 'ca'])('a token with the key of the %s enrols', async (name) => {
  expect(await enrol(pinOf(name))).toMatchObject({ exit: 0, received: 1 });
});

test('a token with another key sends nothing', async () => {
  expect(await enrol('ab'.repeat(32))).toMatchObject({
    exit: 4,
    received: 0,
    err: expect.stringContaining('ERR_PIN_MISMATCH'),
  });
});

test('a certificate that the server sends, and that did not sign its own, proves nothing', async () => {
  expect(await enrol(pinOf('other'))).toMatchObject({ exit: 4, received: 0 });
});
