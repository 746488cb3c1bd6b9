import { Session } from 'node:inspector';
import type * as Library from '../src/index.js';
import { HEAVY } from './heavy.js';

const session = new Session();
let library: typeof Library;

// V8 counts in code that it compiles afterwards
beforeAll(async () => {
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  library = await import('../src/index.js');
});

afterAll(() => session.disconnect());

/** The number of executions of the library's blocks of code since the last time. */
function takeCounts(): number {
  let blocks = 0;
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    for (const { url, functions } of result) {
      if (!url.includes('libs/module/src/')) continue;
      for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
    }
  });
  return blocks;
}

/**
 * Counts how often the blocks of this library are executed while it reads the file.
 *
 * V8 counts them, so no loop is overlooked, and the figure does not depend on the machine or its load.
 */
function countBlocks(bytes: Uint8Array): number {
  takeCounts();
  try {
    library.readModule(bytes);
  } catch (error) {
    if (!(error instanceof library.ModuleError)) throw error;
  }
  return takeCounts();
}

test.each(HEAVY)('twice as many cost at most 2.5 times the work: %s', (_, make) => {
  const [few, many] = [countBlocks(make(500)), countBlocks(make(1000))];
  expect(many).toBeLessThan(2.5 * few);
});
