import fc from 'fast-check';
import { Gather } from '../src/ingest/gather.js';

const LIMITS = { size: 3, waitMs: 1, parallel: 2, beside: 1, answered: 2, queue: 10 };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('what comes together goes as one, and each gets its own answer', async () => {
  const batches: number[][] = [];
  const gather = new Gather<number, number>(async (items) => (batches.push([...items]), items.map((n) => n * 10)), String, LIMITS);
  expect(await Promise.all([1, 2, 3, 4].map((n) => gather.add(n)))).toEqual([10, 20, 30, 40]);
  expect(batches).toEqual([[1, 2, 3], [4]]);
});

test('two of one key never share a batch, and keep their order', async () => {
  const batches: string[][] = [];
  const gather = new Gather<string, string>(
    async (items) => (batches.push([...items]), await pause(2), [...items]),
    (item) => item[0]!,
    LIMITS,
  );
  await Promise.all(['a1', 'a2', 'b1', 'a3'].map((item) => gather.add(item)));
  expect(batches.map((batch) => new Set(batch.map((item) => item[0])).size)).toEqual(batches.map((batch) => batch.length));
  expect(batches.flat().filter((item) => item.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
});

test.each<[what: string, beside: number, batches: string[]]>([
  ['beside a batch the next one begins at once', 1, ['a', 'bc', 'd']],
  ['where more have to wait for that, so many do', 3, ['a', 'bcd']],
  ['fewer go together when the batch is done', 4, ['a', 'bcd']],
])('%s', async (_, beside, expected) => {
  const batches: string[] = [];
  const under: (() => void)[] = [];
  const work = async (items: readonly string[]) => {
    batches.push(items.join(''));
    await new Promise<void>((resolve) => under.push(resolve));
    return items;
  };
  const gather = new Gather<string, string>(work, String, { ...LIMITS, beside });
  const all: Promise<string>[] = [];
  for (const together of [['a'], ['b', 'c'], ['d']]) {
    all.push(...together.map((item) => gather.add(item)));
    await pause(20);
  }
  for (; batches.length < expected.length || under.length > 0; await pause(1)) under.shift()?.();
  await Promise.all(all);
  expect(batches).toEqual(expected);
});

test('an error of one item is its own; an error that all of them meet is everyone’s', async () => {
  const gather = new Gather<number, number>(async (items) => items.map((n) => (n === 2 ? new Error('two') : n)), String, LIMITS);
  const [one, two] = await Promise.allSettled([gather.add(1), gather.add(2)]);
  expect([one, two]).toMatchObject([
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason: { message: 'two' } },
  ]);
  const broken = new Gather<number, number>(async () => Promise.reject(new Error('all')), String, LIMITS);
  expect((await Promise.allSettled([broken.add(1), broken.add(2)])).map((settled) => settled.status)).toEqual(['rejected', 'rejected']);
});

const BREAKS = 13;
/** Work that breaks on one item, and what it was asked to do. */
const fragile =
  (asked: number[][], error: unknown = new Error('broken')) =>
  async (items: readonly number[]) => {
    asked.push([...items]);
    if (items.includes(BREAKS)) throw error;
    return items;
  };

test('what one item of a batch breaks is done again without it: the error is its own', async () => {
  const asked: number[][] = [];
  const gather = new Gather<number, number>(fragile(asked), String, { ...LIMITS, size: 100, queue: 100 });
  const settled = await Promise.allSettled(Array.from({ length: 100 }, (_, n) => gather.add(n)));
  expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  expect(settled[BREAKS]).toMatchObject({ status: 'rejected', reason: { message: 'broken' } });
  expect(settled[BREAKS + 1]).toEqual({ status: 'fulfilled', value: BREAKS + 1 });
  expect(asked.length).toBeLessThanOrEqual(15);
});

test('where everything breaks, it is not tried again for each', async () => {
  const asked: number[][] = [];
  const broken = async (items: readonly number[]): Promise<number[]> => {
    asked.push([...items]);
    throw new Error('all');
  };
  const gather = new Gather<number, number>(broken, String, { ...LIMITS, size: 500, queue: 500 });
  const settled = await Promise.allSettled(Array.from({ length: 500 }, (_, n) => gather.add(n)));
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  expect(asked.length).toBeLessThanOrEqual(60);
});

test('where the database is away, nothing is tried again', async () => {
  const asked: number[][] = [];
  const gather = new Gather<number, number>(fragile(asked, Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })), String, {
    ...LIMITS,
    size: 20,
    queue: 20,
  });
  const settled = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => gather.add(n)));
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  expect(asked).toHaveLength(1);
});

test('a full queue says so at once, and takes again when it has drained', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const gather = new Gather<number, number>(async (items) => (await gate, [...items]), String, LIMITS);
  const under = Array.from({ length: 6 + 10 }, (_, n) => gather.add(n));
  await expect(gather.add(99)).rejects.toMatchObject({ code: 'BUSY', status: 503 });
  open();
  await Promise.all(under);
  expect(await gather.add(100)).toBe(100);
});

test('nothing is lost, nothing is done twice, and never more at once than allowed', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.record({ key: fc.nat(4), delay: fc.nat(2) }), { maxLength: 40 }), async (items) => {
      let running = 0;
      let most = 0;
      const done: number[] = [];
      const gather = new Gather<{ key: number; n: number; delay: number }, number>(
        async (batch) => {
          most = Math.max(most, ++running);
          await pause(Math.max(...batch.map((one) => one.delay)));
          done.push(...batch.map((one) => one.n));
          running -= 1;
          return batch.map((one) => one.n);
        },
        (one) => String(one.key),
        { ...LIMITS, queue: 100 },
      );
      expect(await Promise.all(items.map((item, n) => gather.add({ ...item, n })))).toEqual(items.map((_, n) => n));
      expect(done.toSorted((a, b) => a - b)).toEqual(items.map((_, n) => n));
      expect(most).toBeLessThanOrEqual(LIMITS.parallel);
    }),
    { numRuns: 60 },
  ));
