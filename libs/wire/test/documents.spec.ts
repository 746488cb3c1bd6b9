import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import {
  AuthorStatement,
  canonicalJson,
  contentDigest,
  Heartbeat,
  Manifest,
  problems,
  Report,
  signedForm,
} from '../src/index.js';

const golden = (name: string): any =>
  JSON.parse(readFileSync(path.join(__dirname, 'goldens', `${name}.json`), 'utf8'));
const goldens = { 'report-v1': Report, 'heartbeat-v1': Heartbeat, 'manifest-v1': Manifest } as const;

test.each(Object.keys(goldens) as (keyof typeof goldens)[])(
  'a released %s always parses, to the same content',
  (name) => {
    expect(goldens[name].parse(golden(name))).toEqual(golden(name));
  },
);

test('the digest of the released report is the one that it carries', () => {
  const report = golden('report-v1');
  expect(contentDigest(report)).toBe(report.digest);
});

describe('the content digest', () => {
  const report = golden('report-v1');
  const digestWith = (change: (copy: any) => void) => {
    const copy = structuredClone(report);
    change(copy);
    return contentDigest(copy);
  };

  test.each<[string, (copy: any) => void]>([
    ['the clocks', (copy) => (copy.clock = { wall: '2030-01-01T00:00:00Z', observedMs: 9, sentMs: 10 })],
    ['the sequence', (copy) => (copy.sequence = 99)],
    ['the agent’s version', (copy) => (copy.agent.version = '9.9.9')],
    ['a reference count above 0', (copy) => (copy.livepatches[0].refcount = 7)],
    ['the tasks that hold a transition up', (copy) => (copy.transition.tasks = [])],
    ['the order of keys', (copy) => (copy.host = Object.fromEntries(Object.entries(copy.host).toReversed()))],
  ])('does not see %s', (_, change) => expect(digestWith(change)).toBe(report.digest));

  test.each<[string, (copy: any) => void]>([
    ['a patch that is disabled', (copy) => (copy.livepatches[0].enabled = false)],
    ['a reference count that falls to 0', (copy) => (copy.livepatches[0].refcount = 0)],
    ['another boot', (copy) => (copy.host.bootId = '00000000-0000-4000-8000-000000000000')],
    ['a transition that closes', (copy) => (copy.transition = null)],
    ['another order of the list', (copy) => copy.livepatches.reverse()],
    [
      'a state whose id differs in the last bit',
      (copy) => (copy.livepatches[1].reading.states[0].id = '9007199254740992'),
    ],
  ])('sees %s', (_, change) => expect(digestWith(change)).not.toBe(report.digest));
});

test('canonical JSON: equal values give equal bytes, and it is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

test.each<[string, (report: any) => void, string]>([
  [
    'two patches of one name',
    (report) => (report.livepatches[1].name = report.livepatches[0].name),
    '/livepatches',
  ],
  [
    'two transitions at once',
    (report) => report.livepatches.forEach((patch: any) => (patch.transition = true)),
    '/livepatches',
  ],
  [
    'a document sent before it was observed',
    (report) => (report.clock.sentMs = report.clock.observedMs - 1),
    '/clock/sentMs',
  ],
  [
    'a version above 2^32 - 1',
    (report) => (report.livepatches[1].reading.states[0].version = 4294967296),
    '/livepatches/1/reading/states/0/version',
  ],
  [
    'an id with a leading zero',
    (report) => (report.livepatches[1].reading.states[0].id = '01'),
    '/livepatches/1/reading/states/0/id',
  ],
  [
    'a build-id in capitals',
    (report) => (report.livepatches[0].buildId = 'ABCD'.repeat(10)),
    '/livepatches/0/buildId',
  ],
])('%s is wrong, and the field is named', (_, spoil, pointer) => {
  const report = golden('report-v1');
  spoil(report);
  const parsed = Report.safeParse(report);
  expect(parsed.success).toBe(false);
  expect(problems(parsed.error!, report).map((problem) => problem.pointer)).toContain(pointer);
});

describe('a field that is called __proto__', () => {
  /**
   * A released report with such a field there, as JSON.parse
   * makes it: a field of that name, and not another prototype.
   */
  const owning = (where: readonly (string | number)[], value: unknown) => {
    const report = golden('report-v1');
    const place = where.reduce((at, key) => at[key], report);
    Object.defineProperty(place, '__proto__', {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return JSON.parse(JSON.stringify(report));
  };
  const PLACES: [pointer: string, where: (string | number)[]][] = [
    ['/__proto__', []],
    ['/host/__proto__', ['host']],
    ['/host/labels/__proto__', ['host', 'labels']],
    ['/capabilities/sysfs/__proto__', ['capabilities', 'sysfs']],
    ['/livepatches/1/reading/states/0/__proto__', ['livepatches', 1, 'reading', 'states', 0]],
  ];
  const VALUES = [{ admin: true }, golden('report-v1'), 'web', null, []];

  test.each(PLACES)('is refused at %s', (pointer, where) => {
    for (const value of VALUES) {
      const report = owning(where, value);
      const parsed = Report.safeParse(report);
      expect(parsed.success ? [] : problems(parsed.error, report).map((problem) => problem.pointer)).toEqual([
        pointer,
      ]);
    }
  });

  test('is content like any other: the digest sees it wherever it stands, and what is in it', () => {
    const digests = PLACES.flatMap(([, where]) => VALUES.map((value) => contentDigest(owning(where, value))));
    expect(new Set([contentDigest(golden('report-v1')), ...digests]).size).toBe(digests.length + 1);
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}');
  });

  test('changes no other object', () => expect(({} as Record<string, unknown>)['admin']).toBeUndefined());
});

describe('the author’s word', () => {
  const word = (states: unknown) => AuthorStatement.safeParse({ schema: 'klp/v1', states });

  test('takes YAML integers and decimal strings for ids, and keeps them exact', () => {
    expect(
      word([
        { id: 9007199254740993n, version: 1n, what: 'x' },
        { id: '18446744073709551615', version: 4294967295, what: 'y' },
      ]).data?.states,
    ).toEqual([
      { id: '9007199254740993', version: 1, what: 'x', restore: 'unknown' },
      { id: '18446744073709551615', version: 4294967295, what: 'y', restore: 'unknown' },
    ]);
  });

  test.each<[string, object]>([
    ['an id that JSON has rounded', { id: 9007199254740992, version: 1, what: 'x' }],
    ['an id of 2^64', { id: 18446744073709551616n, version: 1, what: 'x' }],
    ['a negative id', { id: -1n, version: 1, what: 'x' }],
    ['id 0, which ends the kernel’s array', { id: 0n, version: 1, what: 'x' }],
    ['a version of 2^32', { id: 1n, version: 4294967296n, what: 'x' }],
    ['no word on what it is', { id: 1n, version: 1, what: '' }],
  ])('refuses %s', (_, state) => expect(word([state]).success).toBe(false));
});

test('what is signed follows from the meaning of a word, not from how it is written', () => {
  const written = (word: object) =>
    signedForm(
      { buildId: 'ab'.repeat(20), sha256: 'cd'.repeat(32), release: 'r', owner: 'o' },
      AuthorStatement.parse(word),
    );
  const plain = written({ schema: 'klp/v1', states: [{ id: 1n, version: 2, what: 'x' }] });
  expect(
    written({
      notes: '',
      states: [{ what: 'x', version: 2n, id: '1', restore: 'unknown' }],
      schema: 'klp/v1',
    }),
  ).toEqual(plain);
  expect(
    written({ schema: 'klp/v1', states: [{ id: 1n, version: 2, what: 'x', restore: 'callbacks' }] }),
  ).not.toEqual(plain);
  expect(new TextDecoder().decode(plain)).toContain(`"buildId":"${'ab'.repeat(20)}"`);
  expect(new TextDecoder().decode(plain)).toContain(`"sha256":"${'cd'.repeat(32)}"`);
});

test('whatever arrives, a document is parsed or refused with problems, and never throws', () => {
  const report = golden('report-v1');
  const paths: PropertyKey[][] = [];
  const walk = (value: any, at: PropertyKey[]) => {
    paths.push(at);
    if (value !== null && typeof value === 'object')
      for (const key of Object.keys(value)) walk(value[key], [...at, key]);
  };
  walk(report, []);
  fc.assert(
    fc.property(
      fc.constantFrom(...paths.slice(1)),
      fc.oneof(fc.jsonValue(), fc.bigInt(), fc.constant(undefined)),
      (at, value) => {
        const copy = structuredClone(report);
        const parent = at.slice(0, -1).reduce((inner: any, key) => inner[key], copy);
        parent[at.at(-1)!] = value;
        const parsed = Report.safeParse(copy);
        if (!parsed.success)
          expect(
            problems(parsed.error, copy).every(
              (problem) => typeof problem.pointer === 'string' && problem.detail.length > 0,
            ),
          ).toBe(true);
        else expect(contentDigest(copy)).toMatch(/^[0-9a-f]{64}$/);
      },
    ),
    { numRuns: 500 },
  );
});
