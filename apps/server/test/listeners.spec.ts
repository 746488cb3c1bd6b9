import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fastify, { type FastifyInstance } from 'fastify';
import { type Knocking, takeManyConnections } from '../src/listeners.js';

let app: FastifyInstance;
let knocking: Knocking;
let port: number;
beforeEach(async () => {
  app = fastify({ forceCloseConnections: 'idle' });
  knocking = takeManyConnections(app);
});
afterEach(() => app.close());

const listen = async (): Promise<void> => {
  port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
};

/** Keeps the event loop busy. */
const busy = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until;);
};

/** Turns that take so long, until this is so. @returns how many there were */
async function turnsUntil(done: () => boolean, ms: number): Promise<number> {
  for (let turns = 1; ; turns++) {
    busy(ms);
    await new Promise(setImmediate);
    if (done()) return turns;
    if (turns > 5000) throw new Error('it did not come to that within 5000 turns');
  }
}

const COUNT = 600;

/** Opens many connections at once, in a thread that has an event loop of its own. */
function crowd(): Worker {
  const code = `const { workerData } = require('node:worker_threads'); const { connect } = require('node:net');
    for (let i = 0; i < workerData.count; i++) connect({ port: workerData.port, host: '127.0.0.1' }).on('error', () => {});`;
  return new Worker(code, { eval: true, workerData: { port, count: COUNT } });
}

/** How many turns of 2 ms it takes until all of a crowd are taken, and how long they knocked. */
async function takeCrowd(): Promise<{ readonly turns: number; readonly longest: number }> {
  let taken = 0;
  let longest = 0;
  const count = () => void (taken += 1);
  app.server.on('connection', count);
  const worker = crowd();
  busy(700);
  const turns = await turnsUntil(() => {
    longest = Math.max(longest, knocking.waitMs);
    return taken === COUNT;
  }, 2);
  app.server.off('connection', count);
  await worker.terminate();
  return { turns, longest };
}

test('connections are taken many at once, and it is known for how long there were more', async () => {
  await listen();
  // by then the others listen, too
  await sleep(1500);
  const { turns, longest } = await takeCrowd();
  expect(turns).toBeLessThan(COUNT / 8);
  expect(longest).toBeGreaterThan(10);
  await sleep(20);
  expect(knocking.waitMs).toBe(0);
}, 30_000);

/** One request, on a connection that is kept. */
const ask = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    socket.once('error', reject).once('close', () => reject(new Error('it was closed without an answer')));
    socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
  });

test('what is under way is answered before the server is closed, whoever took it; who says nothing is not waited for; then nobody listens', async () => {
  let answered = 0;
  app.get('/', async () => {
    await sleep(300);
    return { answered: (answered += 1) };
  });
  await listen();
  await sleep(1000);
  const sockets = Array.from({ length: 100 }, () => connect({ port, host: '127.0.0.1' }));
  const idle = connect({ port, host: '127.0.0.1' });
  await Promise.all([...sockets, idle].map((socket) => new Promise((resolve) => void socket.once('connect', resolve))));
  const answers = sockets.map(ask);
  await sleep(100);
  const begun = Date.now();
  const closed = app.close();
  expect((await Promise.all(answers)).filter((text) => !text.startsWith('HTTP/1.1 200'))).toEqual([]);
  await closed;
  expect(answered).toBe(100);
  expect(Date.now() - begun).toBeLessThan(3000);
  const late = connect({ port, host: '127.0.0.1' });
  expect(await new Promise((resolve) => late.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code)))).toBe('ECONNREFUSED');
});

test('a server that is closed at once listens no more, though its other listeners were on their way', async () => {
  await listen();
  await app.close();
  await sleep(300);
  const late = connect({ port, host: '127.0.0.1' });
  expect(await new Promise((resolve) => late.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code)))).toBe('ECONNREFUSED');
});

test('one that never listens is closed like any other', async () => {
  await app.ready();
  await app.close();
});
