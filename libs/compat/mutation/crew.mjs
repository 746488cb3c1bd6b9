// Who does the work? Processes that may hang, run out of memory or crash: each is replaced by a new one, and its order is lost.

import { fork } from 'node:child_process';
import path from 'node:path';

const CHILD = path.join(import.meta.dirname, 'child.mjs');
const FLAGS = ['--max-old-space-size=1024', '--disable-warning=ExperimentalWarning'];

/** Nobody hangs on when the parent ends. */
const alive = new Set();
process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

/**
 * Gives every order to the next process that is free, and tells each answer as it comes.
 *
 * @param orders any iterable, asked for the next order only when a process is free; with `limitMs`: after so long the process is killed
 * @param hear called with the order and its answer; null where the process was killed or died
 */
export async function work(root, orders, workers, hear) {
  const waiting = orders[Symbol.iterator]();
  const lane = async () => {
    let child = null;
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      const order = next.value;
      child ??= hire(root);
      const answer = await ask(child, order);
      if (answer === null) child = null;
      if (answer?.error !== undefined) throw new Error(answer.error);
      hear(order, answer?.result ?? null);
    }
    child?.kill();
  };
  await Promise.all(Array.from({ length: workers }, lane));
}

function hire(root) {
  const child = fork(CHILD, [root], {
    execArgv: FLAGS,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  alive.add(child);
  return child.once('close', () => alive.delete(child));
}

/** What does the child answer? null where it takes too long, or dies; then it is gone. */
function ask(child, order) {
  return new Promise((resolve) => {
    const end = (answer) => {
      clearTimeout(alarm);
      child.off('message', end).off('exit', lost).off('error', lost);
      resolve(answer);
    };
    const lost = () => {
      end(null);
      child.kill('SIGKILL');
    };
    const alarm = setTimeout(lost, order.limitMs);
    child.on('message', end).on('exit', lost).on('error', lost);
    child.send(order);
  });
}
