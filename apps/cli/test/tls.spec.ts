import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type CertificateFiles, Certificates } from '@klpreg/connection/testing';
import { klpreg } from './environment.js';

const made = new Certificates();
made.ca('ca');
made.ca('other-ca');
const [server, client] = [made.leaf('server', 'ca'), made.leaf('client', 'other-ca')];
const open: Server[] = [];
afterAll(() => {
  for (const each of open) each.closeAllConnections();
  for (const each of open) each.close();
  made.remove();
});

/** Starts a registry without states, and returns its URL. */
async function registry({ certificate, key }: CertificateFiles, options = {}): Promise<string> {
  const files = { cert: readFileSync(certificate), key: readFileSync(key) };
  const started = createServer({ ...files, ...options }, (request, response) => {
    const pageInfo = { hasNextPage: false, endCursor: null };
    request
      .resume()
      .on('end', () =>
        response.end(JSON.stringify({ data: { states: { nodes: [], totalCount: 0, pageInfo } } })),
      );
  });
  open.push(started);
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `https://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

const states = async (url: string, ...words: string[]) => klpreg(['states', '--url', url, ...words]);
const CA = ['--ca-file', made.at('ca.pem')];

test('a registry with a certificate of a private CA answers a program that names the CA', async () => {
  const url = await registry(server);
  expect(await states(url, ...CA)).toMatchObject({ exit: 0, err: '' });
  expect(await klpreg(['states'], { KLPREG_URL: url, KLPREG_CA_FILE: made.at('ca.pem') })).toMatchObject({
    exit: 0,
  });
});

test('a registry that requires a client certificate answers a program that names one', async () => {
  const ca = readFileSync(made.at('other-ca.pem'));
  const url = await registry(server, { ca, requestCert: true });
  const mine = ['--cert-file', client.certificate, '--key-file', client.key];
  expect(await states(url, ...CA, ...mine)).toMatchObject({ exit: 0 });
  const { exit, err } = await states(url, ...CA);
  expect({ exit, err }).toMatchObject({
    exit: 4,
    err: expect.stringMatching(/without a client certificate that its CA signed \(ERR_SSL_TLSV13_ALERT_CERT/),
  });
});

test.each<[what: string, files: () => CertificateFiles, words: string[], message: RegExp]>([
  [
    'a certificate of an unknown CA',
    () => server,
    [],
    /not of a CA that this program trusts \(\w+\)\n.*--ca-file FILE, KLPREG_CA_FILE, or ca_file/,
  ],
  [
    'a certificate of another CA',
    () => made.leaf('foreign', 'other-ca'),
    CA,
    /not of a CA that this program trusts/,
  ],
  [
    'an expired certificate',
    () => made.leaf('expired', 'ca', { days: -1 }),
    CA,
    /has expired \(CERT_HAS_EXPIRED\)\n.*renew the certificate of the registry/,
  ],
  [
    'a certificate of another host',
    () => made.leaf('other-name', 'ca', { subjectAltName: 'DNS:registry.example' }),
    CA,
    /of another host name \(.*127\.0\.0\.1.*\)\n.*write a host name of the certificate in the URL/,
  ],
])('%s: nothing is sent, and the message says what to do', async (_what, files, words, message) => {
  const { exit, out, err } = await states(await registry(files()), ...words);
  expect({ exit, out, err }).toEqual({ exit: 4, out: '', err: expect.stringMatching(message) });
});

test('a server that speaks no TLS', async () => {
  const http = await import('node:http');
  const plain = http.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => plain.once('listening', resolve));
  const { exit, err } = await states(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`);
  plain.close();
  expect({ exit, err }).toMatchObject({ exit: 4, err: expect.stringMatching(/does not speak TLS/) });
});

test('a file that cannot be used is a usage error', async () => {
  expect(await states('https://127.0.0.1:1', '--ca-file', '/none')).toMatchObject({
    exit: 2,
    err: expect.stringMatching(/ca_file: \/none cannot be read/),
  });
});
