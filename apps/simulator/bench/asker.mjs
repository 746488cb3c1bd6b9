// Somebody who asks one question after the other, in a thread of its own: what is measured does not wait for the load that this process makes.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { drive } from './drive.mjs';

if (!isMainThread) {
  const { url, body } = workerData;
  let asking = true;
  parentPort.once('message', () => (asking = false));
  const next = () => (asking ? body : null);
  parentPort.postMessage(await drive({ url, path: '/graphql', connections: 1, next, check: (answer) => !answer.includes('"errors"') }));
}

/** Asks while this lasts. @returns the milliseconds of each question, and what the work gave */
export async function asking(url, body, work) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, body } });
  const asked = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const result = await Promise.race([work(), asked.then(() => Promise.reject(new Error('the questions ended before the work')))]).finally(() =>
    worker.postMessage('enough'),
  );
  const { times, wrong, firstWrong } = await asked;
  if (wrong > 0) throw new Error(`a question failed: ${firstWrong}`);
  return { times, result };
}
