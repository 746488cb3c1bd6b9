import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  AuditKey,
  checkEntries,
  checkHead,
  FIRST_LINK,
  hasValidSignature,
  type StoredEntry,
} from '../src/store/access/audit-chain.js';

const key = new AuditKey(Buffer.alloc(32, 1));

type Content = Pick<StoredEntry, 'who' | 'action' | 'subject' | 'detail'>;

/** Returns the log of these changes. */
function logOf(contents: readonly Content[], chainKey = key): StoredEntry[] {
  const log: StoredEntry[] = [];
  for (const content of contents) {
    const entry = { ...content, number: BigInt(log.length + 1), at: new Date(1e12 + log.length) };
    log.push({ ...entry, link: chainKey.link(log.at(-1)?.link ?? FIRST_LINK, entry), keyId: chainKey.id });
  }
  return log;
}

const content: fc.Arbitrary<Content> = fc.record({
  who: fc.string(),
  action: fc.constantFrom('retire-host', 'publish'),
  subject: fc.string(),
  detail: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
});
const contents = fc.array(content, { minLength: 2, maxLength: 12 });
const place = fc.nat();
const kinds = (log: readonly StoredEntry[], chainKey = key) =>
  checkEntries(log, null, chainKey).map(({ kind }) => kind);

test('a log that was only appended to has no problem, in whole or in parts', () => {
  fc.assert(
    fc.property(contents, place, (all, n) => {
      const log = logOf(all);
      const cut = n % log.length;
      expect(kinds(log)).toEqual([]);
      expect(checkEntries(log.slice(cut), log[cut - 1] ?? null, key)).toEqual([]);
    }),
  );
});

test.each<[string, (log: StoredEntry[], at: number) => StoredEntry[]]>([
  ['a changed entry', (log, at) => log.with(at, { ...log[at]!, who: `${log[at]!.who}x` })],
  ['a changed time', (log, at) => log.with(at, { ...log[at]!, at: new Date(0) })],
  ['a changed detail', (log, at) => log.with(at, { ...log[at]!, detail: { ...log[at]!.detail, '': [1] } })],
  ['a removed entry', (log, at) => log.toSpliced(at % (log.length - 1), 1)],
  [
    'a removed entry, and the later ones numbered again',
    (log, at) =>
      log.toSpliced(at % (log.length - 1), 1).map((entry, i) => ({ ...entry, number: BigInt(i + 1) })),
  ],
  [
    'two entries that changed places',
    (log, at) => {
      const [a, b] = [at % (log.length - 1), (at % (log.length - 1)) + 1];
      const swapped = log.with(a, { ...log[b]!, number: log[a]!.number });
      return swapped.with(b, { ...log[a]!, number: log[b]!.number });
    },
  ],
  ['a removed link', (log, at) => log.with(at, { ...log[at]!, link: null, keyId: null })],
  ['removed links of all entries', (log) => log.map((entry) => ({ ...entry, link: null, keyId: null }))],
  [
    'an added entry without the key',
    (log) => [
      ...log,
      { ...log.at(-1)!, number: BigInt(log.length + 1), link: randomBytes(32).toString('hex') },
    ],
  ],
  ['a log that was made again with another key', (log) => logOf(log, new AuditKey(Buffer.alloc(32, 2)))],
])('%s is a problem', (_, change) => {
  fc.assert(
    fc.property(contents, place, (all, n) => {
      const log = logOf(all);
      expect(kinds(change(log, n % log.length))).not.toEqual([]);
    }),
  );
});

test('the end of a log that was cut off is found by a kept head alone', () => {
  const log = logOf(
    Array.from({ length: 5 }, (_, i) => ({ who: 'a', action: 'b', subject: String(i), detail: {} })),
  );
  const last = log.at(-1)!;
  const head = { number: last.number, link: last.link! };
  const cut = log.slice(0, 3);
  expect(kinds(cut)).toEqual([]);
  expect(checkHead(head, null).map(({ kind }) => kind)).toEqual(['TRUNCATED']);
  expect(checkHead(head, { link: cut[2]!.link }).map(({ kind }) => kind)).toEqual(['HEAD_DIFFERS']);
  expect(checkHead(head, last)).toEqual([]);
});

test('a signed head is valid, and not with another number, link, time or key', () => {
  const signed = key.signHead({ number: 7n, link: 'ab' }, new Date(1e12));
  expect(hasValidSignature(signed)).toBe(true);
  for (const wrong of [
    { number: 8n },
    { link: 'ac' },
    { signedAt: new Date(1e12 + 1) },
    { publicKey: new AuditKey(Buffer.alloc(32, 2)).publicKey },
  ])
    expect(hasValidSignature({ ...signed, ...wrong })).toBe(false);
});
