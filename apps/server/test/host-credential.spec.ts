import { createHmac, randomBytes } from 'node:crypto';
import { hmacBy } from '../src/access/hmac.js';
import { readHostCredential, toSigningKey, writeHostCredential } from '../src/access/host-credential.js';

const content = {
  instance: '0190a000-0000-7000-8000-0123456789ab',
  tokenId: 'ffffffff-0000-4000-8000-ba9876543210',
  serial: 4_000_000_000,
  issuedAt: new Date('2026-11-23T10:00:00Z'),
  expiresAt: new Date('2026-11-24T10:00:00Z'),
};
const [first, second] = [toSigningKey(1, randomBytes(32)), toSigningKey(2, randomBytes(32))];
const keys = new Map([first, second].map((key) => [key.id, key]));
const text = writeHostCredential(content, first);

test('a credential says what was written, whichever valid key made it', () => {
  expect(readHostCredential(text, keys)).toEqual(content);
  expect(readHostCredential(writeHostCredential(content, second), keys)).toEqual(content);
});

test('a credential is no longer than a line, and has only characters of a bearer token', () => {
  expect(text).toMatch(/^klpreg_host_[\w-]{104}$/);
});

test('a credential with any byte flipped is none', () => {
  const encoded = text.slice('klpreg_host_'.length);
  const bytes = Buffer.from(encoded, 'base64url');
  for (let at = 0; at < bytes.length; at++)
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << bit;
      expect(readHostCredential(`klpreg_host_${flipped.toString('base64url')}`, keys)).toBeNull();
    }
});

test('a credential has one text: each other character at each place makes it none', () => {
  for (let at = 0; at < text.length; at++)
    for (const other of '_-+/=Aa0 \u00e9')
      if (text[at] !== other)
        expect(readHostCredential(text.slice(0, at) + other + text.slice(at + 1), keys)).toBeNull();
});

test.each([
  ['cut', (whole: string) => whole.slice(0, -1)],
  ['longer', (whole: string) => `${whole}A`],
  ['of another kind', (whole: string) => whole.replace('_host_', '_admin_')],
  ['empty', () => ''],
])('a credential that is %s is none', (_, change) => {
  expect(readHostCredential(change(text), keys)).toBeNull();
});

test('a credential of a key that is no longer valid, or of another registry, is none', () => {
  expect(readHostCredential(text, new Map([[2, second]]))).toBeNull();
  expect(readHostCredential(text, new Map([[1, toSigningKey(1, randomBytes(32))]]))).toBeNull();
});

test('the HMAC is that of Node.js, for any key of at most 64 bytes and any content', () => {
  for (let length = 0; length <= 64; length++) {
    const [secret, content] = [randomBytes(length), randomBytes(length * 3)];
    expect(hmacBy(secret)(content)).toEqual(createHmac('sha256', secret).update(content).digest());
  }
  expect(() => hmacBy(randomBytes(65))).toThrow(RangeError);
});
