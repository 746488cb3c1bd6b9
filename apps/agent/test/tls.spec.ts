import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type CertificateFiles, Certificates } from '@klpreg/connection/testing';
import { agent } from './agent.js';
import { livepatch, loadedLine, plant, PLAIN } from './tree.js';

const made = new Certificates();
made.ca('ca');
made.ca('host-ca');
const [leaf, host] = [made.leaf('leaf', 'ca'), made.leaf('host', 'host-ca')];
let server: Server;
let url: string;
/** The names of the client certificates that came. */
const clients: (string | undefined)[] = [];
beforeAll(async () => {
  const [cert, key] = [leaf.certificate, leaf.key].map((name) => readFileSync(name));
  const options = { cert, key, ca: readFileSync(made.at('host-ca.pem')), requestCert: true };
  server = createServer({ ...options, rejectUnauthorized: false }, (request, response) => {
    clients.push((request.socket as TLSSocket).getPeerX509Certificate()?.subject);
    const answer = { outcome: 'STORED', reason: null, intervalSeconds: 60 };
    request.resume().on('end', () => response.end(JSON.stringify(answer)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  made.remove();
});

const tree = plant(mkdtempSync(made.at('tree-')), PLAIN, livepatch('lp_1'), {
  'proc/modules': loadedLine('lp_1'),
});
const report = (...words: string[]) => {
  const state = mkdtempSync(made.at('state-'));
  return agent('report', '--root', tree, '--state', state, '--url', url, '--timeout', '5', ...words);
};
const pair = ({ certificate, key }: CertificateFiles) => ['--cert-file', certificate, '--key-file', key];

test('the agent trusts the CA that ca_file names, and shows its client certificate', async () => {
  const config = made.at('agent.toml');
  writeFileSync(config, `ca_file = "${made.at('ca.pem')}"\ntoken = "t"\n`, { mode: 0o600 });
  expect(await report('--config', config)).toMatchObject({ exit: 0 });
  expect(await report('--config', config, ...pair(host))).toMatchObject({ exit: 0 });
  expect(clients).toEqual([undefined, 'CN=host']);
});

test('a registry of an unknown CA gets nothing, and the message says what to do', async () => {
  clients.length = 0;
  const { exit, err } = await report('--token', 't');
  expect({ exit, err, clients }).toEqual({
    exit: 4,
    err: expect.stringMatching(
      /not of a CA that this program trusts \(\w+\); .*--ca-file FILE, KLPREG_CA_FILE/,
    ),
    clients: [],
  });
});

test('a file that cannot be used is a configuration error', async () => {
  expect(await report('--ca-file', '/none')).toMatchObject({
    exit: 2,
    err: expect.stringMatching(/ca_file: \/none cannot be read/),
  });
  expect(await report(...pair({ ...host, key: leaf.key }))).toMatchObject({
    exit: 2,
    err: expect.stringMatching(/is not the key of/),
  });
});
