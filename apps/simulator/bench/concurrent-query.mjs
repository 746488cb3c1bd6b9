// Asks a GraphQL query repeatedly in a worker thread, so that the load of this process does not delay the
// measurement.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { drive } from './drive.mjs';

if (!isMainThread) {
  const { url, body } = workerData;
  let running = true;
  parentPort.once('message', () => (running = false));
  const next = () => (running ? body : null);
  const check = (answer) => !answer.includes('"errors"');
  parentPort.postMessage(await drive({ url, path: '/graphql', connections: 1, next, check }));
}

/** Asks the query while `work` runs. @returns the milliseconds of each query, and the result of `work` */
export async function queryDuring(url, body, work) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, body } });
  const measured = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const early = measured.then(() =>
    Promise.reject(new Error('the queries stopped before the work was done')),
  );
  const result = await Promise.race([work(), early]).finally(() => worker.postMessage('stop'));
  const { times, wrong, firstWrong } = await measured;
  if (wrong > 0) throw new Error(`a query failed: ${firstWrong}`);
  return { times, result };
}
