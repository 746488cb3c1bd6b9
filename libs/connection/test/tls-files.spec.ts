import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { readTlsFiles, type TlsFiles } from '../src/tls-files.js';
import { Certificates } from '../src/testing/certificates.js';

const made = new Certificates();
afterAll(() => made.remove());
const ca = made.ca('ca');
const [mine, other] = [made.leaf('mine', 'ca'), made.leaf('other', 'ca')];
const expired = made.leaf('expired', 'ca', { days: -1 });
const none: TlsFiles = { caFile: null, certFile: null, keyFile: null };

/** A copy of a file with another mode, or a file with this text. */
function file(name: string, from: { copyOf: string; mode: number } | string): string {
  if (typeof from === 'string') writeFileSync(made.at(name), from, { mode: 0o600 });
  else {
    copyFileSync(from.copyOf, made.at(name));
    chmodSync(made.at(name), from.mode);
  }
  return made.at(name);
}

test('files are read as they are', () => {
  expect(readTlsFiles(none)).toEqual({});
  const text = (path: string) => readFileSync(path, 'utf8');
  expect(readTlsFiles({ caFile: ca.certificate, certFile: mine.certificate, keyFile: mine.key })).toEqual({
    ca: text(ca.certificate),
    cert: text(mine.certificate),
    key: text(mine.key),
  });
});

test('of several CAs, one may have expired', () => {
  const both = readFileSync(expired.certificate, 'utf8') + readFileSync(ca.certificate, 'utf8');
  expect(readTlsFiles({ ...none, caFile: file('both', both) })).toEqual({ ca: both });
});

const pair = { certFile: mine.certificate, keyFile: mine.key };
test.each<[what: string, files: Partial<TlsFiles>, message: RegExp]>([
  ['a file that is missing', { caFile: '/none.pem' }, /^ca_file: \/none\.pem cannot be read: ENOENT/],
  ['a CA file without a certificate', { caFile: ca.key }, /^ca_file: \S+ca\.key: has no certificate in PEM$/],
  [
    'a damaged CA',
    { caFile: file('damaged', readFileSync(ca.certificate, 'utf8').replace(/\n[A-Za-z]/, '\nA')) },
    /certificate 1 is damaged; copy the file again$/,
  ],
  [
    'an expired CA',
    { caFile: expired.certificate },
    /expired on 20\d\d-\d\d-\d\d; put the current certificate of the CA there$/,
  ],
  [
    'a CA that every user can replace',
    { caFile: file('changeable', { copyOf: ca.certificate, mode: 0o646 }) },
    /can be changed by every user \(mode 0646\); make it 0644$/,
  ],
  ['a certificate without its key', { certFile: mine.certificate }, /needs both files, its own and its key$/],
  ['a key without its certificate', { keyFile: mine.key }, /needs both files, its own and its key$/],
  ['the key of another certificate', { ...pair, keyFile: other.key }, /is not the key of \S+mine\.pem/],
  [
    'a key that others can read',
    { ...pair, keyFile: file('exposed', { copyOf: mine.key, mode: 0o644 }) },
    /can be read or changed by other users \(mode 0644\); make it 0600 or 0640$/,
  ],
  [
    'a file that is no key',
    { ...pair, keyFile: file('no-key', 'PRIVATE s3cret') },
    /^key_file: \S+no-key: is not a private key in PEM without a passphrase$/,
  ],
])('%s is refused', (_what, files, message) => {
  expect(() => readTlsFiles({ ...none, ...files })).toThrow(
    expect.objectContaining({ name: 'FileProblem', message: expect.stringMatching(message) }),
  );
});
