import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fastify, { type FastifyInstance } from 'fastify';
import { AcceptBacklog } from '../src/accept-backlog.js';
import { LISTENERS, Listeners, REUSES_PORT } from '../src/listeners.js';

let app: FastifyInstance;
let backlog: AcceptBacklog;
let listeners: Listeners;
let port: number;
beforeEach(async () => {
  app = fastify({ forceCloseConnections: 'idle', pluginTimeout: 0 });
  backlog = new AcceptBacklog();
  listeners = new Listeners(backlog);
  listeners.attach(app);
});
afterEach(() => app.close());

const listen = async (): Promise<void> => {
  await listeners.listen(app, { port: 0, host: '127.0.0.1' });
  port = (app.server.address() as { port: number }).port;
};

const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 30_000; !(await what());)
    if (Date.now() > deadline) throw new Error('not reached within 30 s');
};
const soon = (what: () => boolean) => async (): Promise<boolean> => what() || (await sleep(10), what());

/** Keeps the event loop busy. */
const busy = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until;);
};

/** Less than the smallest backlog of a kernel. */
const COUNT = 100;

/** Opens many connections at once, in a thread that has an event loop of its own. */
function connectMany(): Worker {
  const code = `const { workerData } = require('node:worker_threads'); const { connect } = require('node:net');
    for (let i = 0; i < workerData.count; i++) connect({ port: workerData.port, host: '127.0.0.1' }).on('error', () => {});`;
  return new Worker(code, { eval: true, workerData: { port, count: COUNT } });
}

test('several connections are accepted in a turn, and the backlog is measured', async () => {
  await listen();
  let turns = 0;
  let longest = 0;
  const accepted: unknown[] = [];
  app.server.on('connection', (socket) => void accepted.push(socket));
  const worker = connectMany();
  await new Promise((resolve) => void worker.once('online', resolve));
  busy(1000);
  await until(async () => {
    busy(2);
    await new Promise(setImmediate);
    if (accepted.length > 0) turns += 1;
    longest = Math.max(longest, backlog.waitMs);
    return accepted.length === COUNT;
  });
  expect(backlog.listeners).toBe(REUSES_PORT ? LISTENERS : 1);
  expect(turns).toBeLessThan(REUSES_PORT ? COUNT / 2 : COUNT + 1);
  expect(longest).toBeGreaterThan(0);
  await sleep(20);
  expect(backlog.waitMs).toBe(0);
  await worker.terminate();
});

/** One request, on a connection that is kept. */
const ask = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    socket.once('error', reject).once('close', () => reject(new Error('closed without an answer')));
    socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
  });

/** The result of a new connection. */
const connectNow = (): Promise<string | undefined> => {
  const late = connect({ port, host: '127.0.0.1' });
  return new Promise(
    (resolve) =>
      void late
        .once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
        .once('connect', () => resolve('accepted')),
  );
};

test('a closing server answers complete requests, ends idle connections and incomplete requests, and stops listening', async () => {
  let received = 0;
  let answer = (): void => {};
  const gate = new Promise<void>((resolve) => (answer = resolve));
  app.get('/', async () => {
    received += 1;
    await gate;
    return {};
  });
  await listen();
  const sockets = Array.from({ length: 100 }, () => connect({ port, host: '127.0.0.1' }));
  const [silent, half] = [connect({ port, host: '127.0.0.1' }), connect({ port, host: '127.0.0.1' })];
  half.write('GET / HT');
  const ended = [silent, half].map(
    (socket) => new Promise((resolve) => void socket.once('close', resolve).on('error', () => {})),
  );
  const answers = sockets.map(ask);
  await until(soon(() => received === sockets.length));
  const closed = app.close();
  await Promise.all(ended);
  answer();
  expect((await Promise.all(answers)).filter((text) => !text.startsWith('HTTP/1.1 200'))).toEqual([]);
  await closed;
  expect(await connectNow()).toBe('ECONNREFUSED');
});

test.each<[when: string, meanwhile: () => void | Promise<void>]>([
  ['at once', () => {}],
  ['before its event loop had a turn', () => busy(400)],
  ['a moment later', () => sleep(60)],
])('a server that is closed %s does not listen any more', async (_, meanwhile) => {
  await listen();
  await meanwhile();
  await app.close();
  await sleep(500);
  expect(await connectNow()).toBe('ECONNREFUSED');
});

test('a server that never listened can be closed', async () => {
  await app.ready();
  await app.close();
});

test('a second server on the same port fails, and takes no connection of the first', async () => {
  await listen();
  const second = fastify();
  const others = new Listeners(new AcceptBacklog());
  others.attach(second);
  await expect(others.listen(second, { port, host: '127.0.0.1' })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await second.close();
});
