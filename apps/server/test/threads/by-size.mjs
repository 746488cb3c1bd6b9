// A thread whose job depends on the number of bytes: it ends itself, takes all memory, or never ends;
// otherwise it answers.
import { readlinkSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

const kept = [];
parentPort.on('message', ({ input: { bytes } }) => {
  parentPort.postMessage({ began: readlinkSync('/proc/thread-self') });
  if (bytes.length === 1) process.exit(3);
  if (bytes.length === 2) for (;;) kept.push({ more: kept.length });
  if (bytes.length === 3) for (;;);
  parentPort.postMessage({ output: bytes.length });
});
