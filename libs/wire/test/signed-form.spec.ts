import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { AuthorStatement, canonicalJson, type SignedFile, signedForm } from '../src/index.js';

const vectors = (name: string): any =>
  JSON.parse(readFileSync(path.join(__dirname, 'vectors', `${name}.json`), 'utf8'));
const hex = (text: string | Uint8Array): string => Buffer.from(text).toString('hex');

/*
 * The vectors are the examples of RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785): sections 3.2.2 to 3.2.4, and
 * appendix B. They were compared, byte by byte, with the README of the reference implementation
 * (https://github.com/cyberphone/json-canonicalization) and with transcriptions of appendix B by others. Its six
 * test documents gave its results here.
 */
describe('canonical JSON is that of RFC 8785', () => {
  const { documents, numbers, refused } = vectors('rfc8785');
  const double = (ieee: string): number => Buffer.from(ieee, 'hex').readDoubleBE();

  test('its example of escapes, numbers and literals gives its bytes', () => {
    expect(hex(canonicalJson(JSON.parse(documents[0].json)))).toBe(documents[0].canonicalHex);
  });

  test('keys are ordered by their UTF-16 code units, as in its example', () => {
    const text = canonicalJson(JSON.parse(documents[1].json));
    expect(Object.values(documents[1].values)).toEqual(
      [...text.matchAll(/:"([^"]*)"/g)].map(([, value]) => value),
    );
  });

  test.each<{ ieee: string; text: string }>(numbers)('the number $ieee is $text', ({ ieee, text }) =>
    expect(canonicalJson(double(ieee))).toBe(text),
  );

  test.each<string>(refused)('%s is no number in JSON, and is refused', (ieee) =>
    expect(() => canonicalJson([double(ieee)])).toThrow(TypeError),
  );
});

interface Vector {
  readonly name: string;
  readonly file: SignedFile;
  readonly author: unknown;
  readonly canonical: string;
  readonly canonicalHex: string;
  readonly signature: string;
}
const { key, vectors: signed } = vectors('signed-statement-v1') as {
  key: { privateKey: string; publicKey: string; fingerprint: string };
  vectors: Vector[];
};
const [privateKey, publicKey] = [createPrivateKey(key.privateKey), createPublicKey(key.publicKey)];
const isValid = (form: Uint8Array, signature: string, of = publicKey): boolean =>
  verify(null, form, of, Buffer.from(signature, 'base64'));

test('the fingerprint of the key is the SHA-256 of its SPKI form', () => {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  expect(createHash('sha256').update(der).digest('hex')).toBe(key.fingerprint);
});

describe.each(signed)('test vector: $name', ({ file, author, canonical, canonicalHex, signature }) => {
  const form = signedForm(file, AuthorStatement.parse(author));

  test('the signed form has these bytes', () => {
    expect(hex(form)).toBe(canonicalHex);
    expect(hex(canonical)).toBe(canonicalHex);
  });

  test('the key makes this signature, and it is valid', () => {
    expect(sign(null, form, privateKey).toString('base64')).toBe(signature);
    expect(isValid(form, signature)).toBe(true);
  });

  test('no signature is valid for a form in which one byte differs', () => {
    for (let i = 0; i < form.length; i++) {
      const other = Uint8Array.from(form);
      other[i]! ^= 1;
      expect(isValid(other, signature)).toBe(false);
    }
  });
});

describe('a signature holds for one file, statement, build, release and owner', () => {
  const [, { file, author, signature }] = signed as [Vector, Vector];
  const statement = AuthorStatement.parse(author);
  const changed = (text: string, at: number, to: string): string =>
    text.slice(0, at % text.length) + to + text.slice((at % text.length) + 1);

  test.each<keyof SignedFile>(['buildId', 'sha256', 'release', 'owner'])('any other %s voids it', (field) => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('0', '7', 'a', 'f', 'Z', '"', '\\', 'ü'), (at, to) => {
        const other = changed(file[field], at, to);
        fc.pre(other !== file[field]);
        expect(isValid(signedForm({ ...file, [field]: other }, statement), signature)).toBe(false);
      }),
    );
  });

  test.each<[string, (copy: any) => void]>([
    ['the id of a state', (copy) => (copy.states[1].id = '2')],
    ['a version', (copy) => (copy.states[0].version -= 1)],
    ['what a state is', (copy) => (copy.states[0].what += ' ')],
    ['a promise', (copy) => (copy.states[1].restore = 'callbacks')],
    ['the order of the states', (copy) => copy.states.reverse()],
    ['a state more', (copy) => copy.states.push({ id: '2', version: 1, what: 'x' })],
    ['an independent patch', (copy) => (copy.independentOf = ['other_patcH'])],
    ['a CVE', (copy) => (copy.cves = [])],
    ['an operation that is not supported', (copy) => (copy.unsupported = [])],
    ['the notes', (copy) => (copy.notes = 'Free text')],
  ])('%s that differs voids it', (_, change) => {
    const copy = structuredClone(author);
    change(copy);
    expect(isValid(signedForm(file, AuthorStatement.parse(copy)), signature)).toBe(false);
  });

  test.each<[string, object]>([
    ['a fraction', { states: [{ id: '1', version: 1.5, what: 'x' }] }],
    ['a number that is not exact', { states: [{ id: 2 ** 60, version: 1, what: 'x' }] }],
    ['half of a surrogate pair', { notes: '\ud83d' }],
    ['a field that is not known', { note: 'x' }],
  ])('%s is in no statement, so nothing is to be decided about its form', (_, fields) =>
    expect(AuthorStatement.safeParse({ schema: 'klp/v1', ...fields }).success).toBe(false),
  );
});
