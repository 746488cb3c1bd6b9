import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readModule } from '../src/index.js';
import { readCapturedModule } from './captured.js';

const MODULE = readCapturedModule('7.3', 'lab_r_s0_a');
const MARKER = Buffer.from('~Module signature appended~\n');
/** O=Example livepatches, CN=Example livepatch signing key: SEQUENCE of two relative names. */
const ISSUER = [
  '3046',
  '311c301a060355040a0c134578616d706c65206c697665706174636865',
  '73',
  '3126302406035504030c1d4578616d706c65206c6976657061746368207369676e696e67206b6579',
].join('');

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const readPkcs7 = (name: string): Buffer =>
  readFileSync(join(__dirname, '..', 'fixtures', 'signatures', name));

/** As scripts/sign-file appends it. */
function sign(signature: Uint8Array, { kind = 2, length = signature.length, algo = 0 } = {}): Buffer {
  const info = Buffer.alloc(12);
  info.writeUInt8(algo, 0);
  info.writeUInt8(kind, 2);
  info.writeUInt32BE(length, 8);
  return Buffer.concat([MODULE, signature, info, MARKER]);
}

test('an unsigned file has one hash, and no signer', () => {
  const hash = sha256(MODULE);
  expect(readModule(MODULE)).toMatchObject({
    signed: false,
    signer: null,
    signatureProblem: null,
    sha256: hash,
    contentSha256: hash,
  });
});

test.each<[sentence: string, file: string, signer: string]>([
  [
    'issuer and serial number',
    'issuer.p7s',
    `issuer:${ISSUER},serial:67c9dfa87371c4917e3dec3689c682cd35e53ad0`,
  ],
  ['a subject key identifier', 'keyid.p7s', 'key-id:6a5729617360c7b57a7b015b990015ad80504303'],
])('the signer is read: %s', (_, file, signer) => {
  const bytes = sign(readPkcs7(file));
  expect(readModule(bytes)).toMatchObject({
    signed: true,
    signer,
    signatureProblem: null,
    sha256: sha256(bytes),
    contentSha256: sha256(MODULE),
  });
});

test('two signatures over one build have one content hash', () => {
  const [one, other] = ['issuer.p7s', 'keyid.p7s'].map((name) => readModule(sign(readPkcs7(name))));
  expect(one!.sha256).not.toBe(other!.sha256);
  expect(one!.contentSha256).toBe(other!.contentSha256);
});

describe('a malformed signature is said, and the module is read', () => {
  const pkcs7 = readPkcs7('issuer.p7s');
  test.each<[sentence: string, file: Buffer, problem: RegExp, isContentKnown: boolean]>([
    ['the marker alone', Buffer.concat([MODULE, MARKER]), /^its (length|kind|fields)/, false],
    [
      'a length beyond the file',
      sign(pkcs7, { length: 0x7fffffff }),
      /^its length is given as 2147483647 bytes, and \d+ bytes are before it$/,
      false,
    ],
    [
      'a kind that the kernel does not take',
      sign(pkcs7, { kind: 1 }),
      /^its kind is 1; the kernel takes 2/,
      false,
    ],
    ['fields that must be zero', sign(pkcs7, { algo: 1 }), /not all zero$/, false],
    ['no PKCS#7', sign(Buffer.alloc(300, 0x30)), /^it is no PKCS#7 message/, true],
    ['nothing', sign(Buffer.alloc(0)), /^it is no PKCS#7 message/, true],
    [
      'a signature of a megabyte',
      sign(Buffer.alloc(2 ** 20)),
      /^it has 1048576 bytes; at most 65536 are read$/,
      true,
    ],
  ])('%s', (_, file, problem, isContentKnown) => {
    expect(readModule(file)).toMatchObject({
      name: 'lab_r_s0_a',
      states: [],
      signed: true,
      signer: null,
      signatureProblem: expect.stringMatching(problem) as string,
      contentSha256: sha256(isContentKnown ? MODULE : file),
    });
  });

  test('any change of the PKCS#7 message is read or said', () => {
    fc.assert(
      fc.property(fc.nat(pkcs7.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Buffer.from(pkcs7);
        bytes[at] = byte;
        const { signed, signer, signatureProblem } = readModule(sign(bytes));
        expect(signed).toBe(true);
        expect(signer === null).toBe(signatureProblem !== null);
      }),
      { numRuns: 1000, seed: 20261126 },
    );
  });
});
