// A thread whose job depends on the number of bytes: it ends itself, takes all memory, never ends, names itself
// or its limit of memory; otherwise it answers.
import { readlinkSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { parentPort, threadId } from 'node:worker_threads';

const kept = [];
parentPort.on('message', ({ input: { bytes } }) => {
  parentPort.postMessage({ began: readlinkSync('/proc/thread-self') });
  if (bytes.length === 1) process.exit(3);
  if (bytes.length === 2) for (;;) kept.push({ more: kept.length });
  if (bytes.length === 3) for (;;);
  if (bytes.length === 5) parentPort.postMessage({ output: threadId });
  else if (bytes.length === 6)
    parentPort.postMessage({ output: getHeapStatistics().heap_size_limit / 2 ** 20 });
  else parentPort.postMessage({ output: bytes.length });
});
