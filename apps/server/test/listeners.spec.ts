import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fastify, { type FastifyInstance } from 'fastify';
import { type Knocking, LISTENERS, takeManyConnections } from '../src/listeners.js';

let app: FastifyInstance;
let knocking: Knocking;
let port: number;
beforeEach(async () => {
  app = fastify({ forceCloseConnections: 'idle', pluginTimeout: 0 });
  knocking = takeManyConnections(app);
});
afterEach(() => app.close());

const listen = async (): Promise<void> => {
  port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
};

const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 30_000; !(await what());) if (Date.now() > deadline) throw new Error('it did not come to that within 30 s');
};
const soon = (what: () => boolean) => async (): Promise<boolean> => what() || (await sleep(10), what());
const allListen = () => until(soon(() => knocking.listeners === LISTENERS));

/** Keeps the event loop busy. */
const busy = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until;);
};

/** Fewer than the smallest queue of a kernel holds. */
const COUNT = 100;

/** Opens many connections at once, in a thread that has an event loop of its own. */
function crowd(): Worker {
  const code = `const { workerData } = require('node:worker_threads'); const { connect } = require('node:net');
    for (let i = 0; i < workerData.count; i++) connect({ port: workerData.port, host: '127.0.0.1' }).on('error', () => {});`;
  return new Worker(code, { eval: true, workerData: { port, count: COUNT } });
}

test('connections are taken many at once, and it is known for how long there were more', async () => {
  await listen();
  await allListen();
  let turns = 0;
  let longest = 0;
  const taken: unknown[] = [];
  app.server.on('connection', (socket) => void taken.push(socket));
  const worker = crowd();
  await new Promise((resolve) => void worker.once('online', resolve));
  busy(1000);
  await until(async () => {
    busy(2);
    await new Promise(setImmediate);
    if (taken.length > 0) turns += 1;
    longest = Math.max(longest, knocking.waitMs);
    return taken.length === COUNT;
  });
  expect(turns).toBeLessThan(COUNT / 2);
  expect(longest).toBeGreaterThan(0);
  await sleep(20);
  expect(knocking.waitMs).toBe(0);
  await worker.terminate();
}, 60_000);

/** One request, on a connection that is kept. */
const ask = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    socket.once('error', reject).once('close', () => reject(new Error('it was closed without an answer')));
    socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
  });

/** What becomes of someone who knocks now. */
const knock = (): Promise<string | undefined> => {
  const late = connect({ port, host: '127.0.0.1' });
  return new Promise((resolve) => void late.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code)).once('connect', () => resolve('it is taken')));
};

test('what is under way is answered before the server is closed, whoever took it; who is silent, or stops in the middle, is not waited for; then nobody listens', async () => {
  let begun = 0;
  let answer = (): void => {};
  const gate = new Promise<void>((resolve) => (answer = resolve));
  app.get('/', async () => {
    begun += 1;
    await gate;
    return {};
  });
  await listen();
  await allListen();
  const sockets = Array.from({ length: 100 }, () => connect({ port, host: '127.0.0.1' }));
  const [silent, half] = [connect({ port, host: '127.0.0.1' }), connect({ port, host: '127.0.0.1' })];
  half.write('GET / HT');
  const ended = [silent, half].map((socket) => new Promise((resolve) => void socket.once('close', resolve).on('error', () => {})));
  const answers = sockets.map(ask);
  await until(soon(() => begun === sockets.length));
  const closed = app.close();
  await Promise.all(ended);
  answer();
  expect((await Promise.all(answers)).filter((text) => !text.startsWith('HTTP/1.1 200'))).toEqual([]);
  await closed;
  expect(await knock()).toBe('ECONNREFUSED');
}, 60_000);

test.each<[when: string, meanwhile: () => void | Promise<void>]>([
  ['at once', () => {}],
  ['when its other listeners have been made, and not taken yet', () => busy(400)],
  ['a moment later', () => sleep(60)],
])('a server that is closed %s listens no more', async (_, meanwhile) => {
  await listen();
  await meanwhile();
  await app.close();
  await sleep(500);
  expect(await knock()).toBe('ECONNREFUSED');
});

test('one that never listens is closed like any other', async () => {
  await app.ready();
  await app.close();
});
