// A thread whose job depends on the number of bytes: it ends itself, takes all memory, never ends, or names
// itself; otherwise it answers.
import { readlinkSync } from 'node:fs';
import { parentPort, threadId } from 'node:worker_threads';

const kept = [];
parentPort.on('message', ({ input: { bytes } }) => {
  parentPort.postMessage({ began: readlinkSync('/proc/thread-self') });
  if (bytes.length === 1) process.exit(3);
  if (bytes.length === 2) for (;;) kept.push({ more: kept.length });
  if (bytes.length === 3) for (;;);
  parentPort.postMessage({ output: bytes.length === 5 ? threadId : bytes.length });
});
