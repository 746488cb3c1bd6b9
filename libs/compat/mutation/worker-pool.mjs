// A pool of worker processes. One that hangs, crashes or runs out of memory is replaced.

import { fork } from 'node:child_process';
import path from 'node:path';

const WORKER = path.join(import.meta.dirname, 'worker.mjs');
const FLAGS = ['--max-old-space-size=1024', '--disable-warning=ExperimentalWarning'];

/** Ends with the parent. */
const alive = new Set();
process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

/**
 * Gives every order to the next free process.
 *
 * @param orders an iterable, read when a process is free. After `limitMs` of an order its process is killed
 * @param onAnswer called with each order and its answer, which is null if the process was killed or died
 */
export async function runOrders(root, orders, workers, onAnswer) {
  const waiting = orders[Symbol.iterator]();
  const lane = async () => {
    let child = null;
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      const order = next.value;
      child ??= start(root);
      const answer = await ask(child, order);
      if (answer === null) child = null;
      if (answer?.error !== undefined) throw new Error(answer.error);
      onAnswer(order, answer?.result ?? null);
    }
    child?.kill();
  };
  await Promise.all(Array.from({ length: workers }, lane));
}

function start(root) {
  const child = fork(WORKER, [root], {
    execArgv: FLAGS,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  alive.add(child);
  return child.once('close', () => alive.delete(child));
}

/** Sends an order. @returns the answer, or null after the time limit or the death of the process */
function ask(child, order) {
  return new Promise((resolve) => {
    const end = (answer) => {
      clearTimeout(timer);
      child.off('message', end).off('exit', lost).off('error', lost);
      resolve(answer);
    };
    const lost = () => {
      end(null);
      child.kill('SIGKILL');
    };
    const timer = setTimeout(lost, order.limitMs);
    child.on('message', end).on('exit', lost).on('error', lost);
    child.send(order);
  });
}
