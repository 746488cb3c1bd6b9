import { keptOf, STATES_KEPT, UNLISTED_KEPT } from '../src/ingest/boot-history.js';
import { BodyMemory } from '../src/ingest/body-memory.js';
import { BODY_LIMITS, MODULE_LIMIT } from '../src/limits.js';
import { readAuthor } from '../src/ingest/publishing/author-yaml.js';
import type { Database } from '../src/database/database.js';
import { ContentCache } from '../src/store/content/content-table.js';

const unlisted = (n: number, states: number) =>
  Array.from({ length: n }, (_, i) => ({
    name: `p${i}`,
    reading: { states: Array.from({ length: states }, () => ({ id: 1n, version: 1 })) } as never,
  }));

test.each<[string, number, number, number, boolean]>([
  ['as many as are kept', UNLISTED_KEPT, 1, UNLISTED_KEPT, false],
  ['one more: the oldest goes', UNLISTED_KEPT + 1, 1, UNLISTED_KEPT, true],
  ['few with all states that are kept', 10, STATES_KEPT / 10, 10, false],
  ['few with more states than are kept: the oldest goes', 11, STATES_KEPT / 10, 10, true],
])('unlisted patches of a boot: %s', (_, n, states, kept, tooLong) => {
  const all = unlisted(n, states);
  expect(keptOf(all)).toEqual({ kept: all.slice(-kept), tooLong });
});

test('the cache of contents is limited by their size as well as by their number', async () => {
  let reads = 0;
  const cache = new ContentCache<{ size: number }>(100, 1000, ({ size }) => size);
  const load = (id: string, size: number) =>
    cache.load([id], [{} as Database], async (missing) => {
      reads += missing.length;
      return missing.map((one) => [one, { size }] as const);
    });
  for (const id of ['a', 'b', 'a', 'b']) await load(id, 400);
  expect(reads).toBe(2);
  await load('c', 400);
  await load('a', 400);
  expect(reads).toBe(4);
});

test('bodies take memory until their response is closed, and small ones take none', () => {
  const memory = new BodyMemory(100_000);
  const response = () => {
    const closed: (() => void)[] = [];
    return {
      once: (_: string, act: () => void) => void closed.push(act),
      close: () => closed.forEach((act) => act()),
    };
  };
  const [one, other, small] = [response(), response(), response()];
  const take = (of: object, bytes: number) => memory.reserve(of as never, bytes);
  expect([take(one, 60_000), take(other, 60_000), take(small, 16_000), memory.bytes]).toEqual([
    true,
    false,
    true,
    60_000,
  ]);
  expect([take(one, 90_000), take(one, 80_000), memory.bytes]).toEqual([true, true, 90_000]);
  one.close();
  expect([memory.bytes, take(other, 60_000)]).toEqual([0, true]);
});

describe("an author's YAML that is deep is refused before it is parsed, as the end of the stack would end the process", () => {
  test.each<[string, string]>([
    ['brackets', '['.repeat(20_000)],
    ['braces', '{a: '.repeat(20_000)],
    ['brackets with quoted ends', '["]]]]",'.repeat(20_000)],
    ['dashes', '- '.repeat(50_000)],
    ['question marks', '? '.repeat(50_000)],
    ['indented keys', Array.from({ length: 700 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('%s', (_, text) =>
    expect(() => readAuthor(text)).toThrow("the limit is 32 levels in the author's YAML"),
  );

  test('brackets and dashes in texts are none', () => {
    const text =
      `schema: klp/v1\nstates:\n  - id: 18446744073709551615\n    version: 2\n    what: 'the [limit] - of ` +
      `{open: files'\nnotes: |\n  [\n  - - - ${'['.repeat(100)}\n`;
    expect(readAuthor(text).states).toHaveLength(1);
  });
});

test('the bodies of requests have the documented limits', () => {
  const [KIB, MIB] = [1024, 1024 * 1024];
  expect({ ...BODY_LIMITS, module: MODULE_LIMIT }).toEqual({
    heartbeat: 4 * KIB,
    report: MIB,
    batch: 8 * MIB,
    manifest: MIB,
    enrolment: 4 * KIB,
    question: 256 * KIB,
    other: 4 * KIB,
    module: 64 * MIB,
  });
});
