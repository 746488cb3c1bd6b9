import { spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Certificates } from '@klpreg/connection/testing';
import { livepatch, loadedLine, plant, PLAIN } from './tree.js';

const made = new Certificates();
afterAll(() => made.remove());
const at = (name: string): string => made.at(name);

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
  for (const name of ['ca', 'other']) made.ca(name, 'registry');
  made.leaf('leaf', 'ca');
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
    '--ca-file',
    at('ca.pem'),
    '--timeout',
    '20',
  ];
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
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
