import { readlinkSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { RequestError } from '../errors.js';
import { type JobName, type Jobs, JOBS, toRefusal } from './jobs.js';

/** The thread of `Worker`: does one job at a time. */
const port = parentPort!;

/** Where Linux says how much processor time this thread has taken; null elsewhere. */
const thread = ((): string | null => {
  try {
    return readlinkSync('/proc/thread-self');
  } catch {
    return null;
  }
})();

async function work<Name extends JobName>({
  name,
  input,
}: {
  readonly name: Name;
  readonly input: Jobs[Name]['input'];
}): Promise<void> {
  try {
    port.postMessage({ began: thread });
    const output: unknown = await JOBS[name](input);
    // a long list in parts, so that the event loop takes up a little at a time
    if (name === 'batch')
      for (let at = 0; at < (output as unknown[]).length; at += 50)
        port.postMessage({ part: (output as unknown[]).slice(at, at + 50) });
    port.postMessage(name === 'batch' ? { output: null } : { output });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    port.postMessage(error instanceof RequestError ? { refusal: toRefusal(error) } : { bug: text });
  }
}

port.on('message', (job: { readonly name: JobName; readonly input: never }) => void work(job));
