// A thread that counts how often the blocks of this library are executed while it reads a file. V8 reports the
// counts of all scripts of a thread, and this one has few.
import { Session } from 'node:inspector';
import { parentPort } from 'node:worker_threads';

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
// V8 counts in code that it compiles afterwards
const { readModule, ModuleError } = await import('../dist/index.js');

/** The number of executions since the last time. */
function takeCounts() {
  let blocks = 0;
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    for (const { url, functions } of result) {
      if (!url.includes('libs/module/dist/')) continue;
      for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
    }
  });
  return blocks;
}

parentPort.on('message', (bytes) => {
  takeCounts();
  try {
    readModule(bytes);
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
  }
  parentPort.postMessage(takeCounts());
});
