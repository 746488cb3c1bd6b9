import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { HEAVY } from './heavy.js';

const thread = new Worker(path.join(__dirname, 'count-blocks.mjs'));
afterAll(() => thread.terminate());

/**
 * Counts how often the blocks of this library are executed while it reads the file.
 *
 * V8 counts them, so no loop is overlooked, and the figure does not depend on the machine or its load.
 */
async function countBlocks(bytes: Uint8Array): Promise<number> {
  const counted = once(thread, 'message');
  thread.postMessage(bytes);
  const [blocks] = (await counted) as [number];
  return blocks;
}

test.each(HEAVY)('twice as many cost at most 2.5 times the work: %s', async (_, make) => {
  const few = await countBlocks(make(500));
  expect(await countBlocks(make(1000))).toBeLessThan(2.5 * few);
});
