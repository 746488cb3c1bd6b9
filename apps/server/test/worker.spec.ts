import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { Worker } from '../src/ingest/worker.js';

const THREAD = path.join(__dirname, 'threads/by-size.mjs');
const [EXITS, TAKES_ALL_MEMORY, NEVER_ENDS, ANSWERS, NAMES_THREAD, NAMES_LIMIT] = [1, 2, 3, 4, 5, 6];
const LIMITS = { jobs: 3, bytes: 100, seconds: 1, memoryMib: 512, idleMs: 60_000 };

let worker: Worker;
beforeEach(() => (worker = new Worker(LIMITS, THREAD)));
afterEach(() => worker.stop());

const run = (size: number): Promise<unknown> =>
  worker.run('message', { kind: 'reports', bytes: new Uint8Array(size) });
const refusal = (size: number): Promise<unknown> =>
  run(size).then(
    (output) => output,
    (error: { code?: string; message: string }) => `${error.code ?? 'a bug'}: ${error.message}`,
  );

test.each<[string, number, string]>([
  [
    'a job that never ends is ended',
    NEVER_ENDS,
    'LIMIT_EXCEEDED: the limit is 1 seconds of processing, found more',
  ],
  ['a thread that exits fails its job', EXITS, 'a bug: the worker thread ended with 3'],
])(
  '%s, and the next one gets a new thread',
  async (_, size, message) => {
    expect(await Promise.all([refusal(size), refusal(ANSWERS)])).toEqual([message, ANSWERS]);
    expect(await run(ANSWERS)).toBe(ANSWERS);
    expect(worker.load).toBe(0);
  },
  60_000,
);

test('a job that takes all memory is ended, and the next one gets a new thread', async () => {
  worker = new Worker({ ...LIMITS, seconds: 300 }, THREAD);
  expect(await refusal(TAKES_ALL_MEMORY)).toBe(
    'LIMIT_EXCEEDED: the limit is 512 MiB of memory for processing, found more',
  );
  expect(await run(ANSWERS)).toBe(ANSWERS);
}, 300_000);

test('a thread has its own limit of memory, whatever the flags of the process allow', async () => {
  setFlagsFromString('--max-old-space-size=2048');
  setFlagsFromString('--max-semi-space-size=32');
  expect(await run(NAMES_LIMIT)).toBe(512 + 48);
});

test('a thread without a job is ended, and the next job gets a new one', async () => {
  expect(await run(NAMES_THREAD)).toBe(await run(NAMES_THREAD));
  await worker.stop();
  worker = new Worker({ ...LIMITS, idleMs: 1 }, THREAD);
  const first = await run(NAMES_THREAD);
  while ((await run(NAMES_THREAD)) === first) await sleep(10);
});

test('a full queue refuses work at once, and does nothing of it', async () => {
  const answers = [ANSWERS, ANSWERS, ANSWERS, ANSWERS, ANSWERS].map(refusal);
  expect(await answers[4]).toMatch(/^BUSY/);
  expect(await Promise.all(answers.slice(0, 4))).toEqual([4, 4, 4, 4]);
});

test('work that is too large for the rest of the queue is refused, but not if the queue is empty', async () => {
  expect(await refusal(200)).toBe(200);
  const answers = [60, 60, 40].map(refusal);
  expect(await Promise.all(answers)).toEqual([60, expect.stringMatching(/^BUSY/), 40]);
});

test('the bytes are transferred, except from memory that is shared with other buffers', async () => {
  const alone = new Uint8Array(50);
  const shared = Buffer.from('abcd');
  const neighbours = shared.buffer.byteLength;
  expect(await worker.run('message', { kind: 'reports', bytes: alone })).toBe(50);
  expect(await worker.run('message', { kind: 'reports', bytes: shared })).toBe(4);
  expect([alone.length, shared.buffer.byteLength]).toEqual([0, neighbours]);
});
