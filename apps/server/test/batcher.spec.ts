import fc from 'fast-check';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Batcher } from '../src/ingest/batcher.js';

const OPTIONS = {
  batchSize: 3,
  batchWaitMs: 1,
  parallelBatches: 2,
  parallelFrom: 1,
  timeSliceMs: 2,
  answersPerTurn: 2,
  queue: 10,
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('items that arrive together are stored together, and each gets its own result', async () => {
  const batches: number[][] = [];
  const batcher = new Batcher<number, number>(
    async (items) => (batches.push([...items]), items.map((n) => n * 10)),
    String,
    OPTIONS,
  );
  expect(await Promise.all([1, 2, 3, 4].map((n) => batcher.add(() => n)))).toEqual([10, 20, 30, 40]);
  expect(batches).toEqual([[1, 2, 3], [4]]);
});

test('two items with one key are never in one batch, and keep their order', async () => {
  const batches: string[][] = [];
  const batcher = new Batcher<string, string>(
    async (items) => (batches.push([...items]), await pause(2), [...items]),
    (item) => item[0]!,
    OPTIONS,
  );
  await Promise.all(['a1', 'a2', 'b1', 'a3'].map((item) => batcher.add(() => item)));
  expect(batches.map((batch) => new Set(batch.map((item) => item[0])).size)).toEqual(
    batches.map((batch) => batch.length),
  );
  expect(batches.flat().filter((item) => item.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
});

test.each<[what: string, parallelFrom: number, batches: string[]]>([
  ['while a batch is stored, the next one starts at once', 1, ['a', 'bc', 'd']],
  ['a batch starts next to another one if the minimum waits', 3, ['a', 'bcd']],
  ['fewer items are stored together when the other batch is done', 4, ['a', 'bcd']],
])('%s', async (_, parallelFrom, expected) => {
  const batches: string[] = [];
  const under: (() => void)[] = [];
  const work = async (items: readonly string[]) => {
    batches.push(items.join(''));
    await new Promise<void>((resolve) => under.push(resolve));
    return items;
  };
  const batcher = new Batcher<string, string>(work, String, { ...OPTIONS, parallelFrom });
  const all: Promise<string>[] = [];
  for (const together of [['a'], ['b', 'c'], ['d']]) {
    all.push(...together.map((item) => batcher.add(() => item)));
    await pause(20);
  }
  for (; batches.length < expected.length || under.length > 0; await pause(1)) under.shift()?.();
  await Promise.all(all);
  expect(batches).toEqual(expected);
});

test('an error of one item is its own; an error of the batch is that of each item', async () => {
  const batcher = new Batcher<number, number>(
    async (items) => items.map((n) => (n === 2 ? new Error('two') : n)),
    String,
    OPTIONS,
  );
  const [one, two] = await Promise.allSettled([batcher.add(() => 1), batcher.add(() => 2)]);
  expect([one, two]).toMatchObject([
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason: { message: 'two' } },
  ]);
  const broken = new Batcher<number, number>(async () => Promise.reject(new Error('all')), String, OPTIONS);
  expect(
    (await Promise.allSettled([broken.add(() => 1), broken.add(() => 2)])).map((settled) => settled.status),
  ).toEqual(['rejected', 'rejected']);
});

const BREAKS = 13;
/** Fails for a batch with one certain item. */
const fragile =
  (asked: number[][], error: unknown = new Error('broken')) =>
  async (items: readonly number[]) => {
    asked.push([...items]);
    if (items.includes(BREAKS)) throw error;
    return items;
  };

test('if one item makes a batch fail, the others are stored without it', async () => {
  const asked: number[][] = [];
  const batcher = new Batcher<number, number>(fragile(asked), String, {
    ...OPTIONS,
    batchSize: 100,
    queue: 100,
  });
  const settled = await Promise.allSettled(Array.from({ length: 100 }, (_, n) => batcher.add(() => n)));
  expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  expect(settled[BREAKS]).toMatchObject({ status: 'rejected', reason: { message: 'broken' } });
  expect(settled[BREAKS + 1]).toEqual({ status: 'fulfilled', value: BREAKS + 1 });
  expect(asked.length).toBeLessThanOrEqual(15);
});

test('if every part fails, the number of attempts is bounded', async () => {
  const asked: number[][] = [];
  const broken = async (items: readonly number[]): Promise<number[]> => {
    asked.push([...items]);
    throw new Error('all');
  };
  const batcher = new Batcher<number, number>(broken, String, { ...OPTIONS, batchSize: 500, queue: 500 });
  const settled = await Promise.allSettled(Array.from({ length: 500 }, (_, n) => batcher.add(() => n)));
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  expect(asked.length).toBeLessThanOrEqual(60);
});

test('if the database is unavailable, nothing is tried again', async () => {
  const asked: number[][] = [];
  const batcher = new Batcher<number, number>(
    fragile(asked, Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })),
    String,
    {
      ...OPTIONS,
      batchSize: 20,
      queue: 20,
    },
  );
  const settled = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => batcher.add(() => n)));
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  expect(asked).toHaveLength(1);
});

test('a full queue refuses items at once, and accepts them again when it is drained', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const batcher = new Batcher<number, number>(async (items) => (await gate, [...items]), String, OPTIONS);
  const under = Array.from({ length: 6 }, (_, n) => batcher.add(() => n));
  await nextTurn();
  under.push(...Array.from({ length: 10 }, (_, n) => batcher.add(() => n + 6)));
  await expect(batcher.add(() => 99)).rejects.toMatchObject({ code: 'BUSY', status: 503 });
  open();
  await Promise.all(under);
  expect(await batcher.add(() => 100)).toBe(100);
});

test('each item is stored once, and never more batches run than allowed', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ key: fc.nat(4), delay: fc.nat(2) }), { maxLength: 40 }),
      async (items) => {
        let running = 0;
        let most = 0;
        const done: number[] = [];
        const batcher = new Batcher<{ key: number; n: number; delay: number }, number>(
          async (batch) => {
            most = Math.max(most, ++running);
            await pause(Math.max(...batch.map((one) => one.delay)));
            done.push(...batch.map((one) => one.n));
            running -= 1;
            return batch.map((one) => one.n);
          },
          (one) => String(one.key),
          { ...OPTIONS, queue: 100 },
        );
        expect(await Promise.all(items.map((item, n) => batcher.add(() => ({ ...item, n }))))).toEqual(
          items.map((_, n) => n),
        );
        expect(done.toSorted((a, b) => a - b)).toEqual(items.map((_, n) => n));
        expect(most).toBeLessThanOrEqual(OPTIONS.parallelBatches);
      },
    ),
    { numRuns: 60 },
  ));

test('an item that cannot be read is refused with its own error, and the others are stored', async () => {
  const stored: number[] = [];
  const batcher = new Batcher<number, number>(
    async (items) => (stored.push(...items), items),
    String,
    OPTIONS,
  );
  const unreadable = (): number => JSON.parse('{') as number;
  const settled = await Promise.allSettled([
    batcher.add(() => 1),
    batcher.add(unreadable),
    batcher.add(() => 3),
  ]);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(stored).toEqual([1, 3]);
});

test('if no item of a batch can be read, the batch is not stored, and the next one is', async () => {
  const batches: string[][] = [];
  const batcher = new Batcher<string, string>(
    async (items) => (batches.push([...items]), items),
    String,
    OPTIONS,
  );
  const unreadable = (): string => {
    throw new Error('unreadable');
  };
  const refused = await Promise.allSettled([1, 2, 3].map(() => batcher.add(unreadable)));
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await batcher.add(() => 'a')).toBe('a');
  expect(batches).toEqual([['a']]);
});

test('slow reading lets other work of the process run, and keeps the order of each key', async () => {
  const order: string[] = [];
  const batcher = new Batcher<string, string>(
    async (items) => {
      await pause(1);
      order.push(...items);
      return items;
    },
    (item) => item[0]!,
    { ...OPTIONS, batchSize: 10, queue: 100 },
  );
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 1);
  const slowly = (item: string) => () => {
    for (const end = performance.now() + 3; performance.now() < end;);
    return item;
  };
  const items = Array.from({ length: 30 }, (_, i) => `${'ab'[i % 2]}${String(i).padStart(2, '0')}`);
  await Promise.all(items.map((item) => batcher.add(slowly(item))));
  clearInterval(counting);
  expect(turns).toBeGreaterThan(3);
  for (const key of ['a', 'b']) {
    const own = order.filter((item) => item.startsWith(key));
    expect(own).toEqual(own.toSorted());
  }
  expect(order).toHaveLength(items.length);
});

test('an item is read once, also if its key is in progress', async () => {
  let reads = 0;
  const store = async (items: readonly string[]) => (await pause(2), items);
  const batcher = new Batcher<string, string>(store, () => 'host', OPTIONS);
  const read = () => `message ${(reads += 1)}`;
  expect(await Promise.all([1, 2, 3].map(() => batcher.add(read)))).toEqual([
    'message 1',
    'message 2',
    'message 3',
  ]);
});
