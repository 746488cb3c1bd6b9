import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import type { Results } from '../src/query/subscriptions/open-subscriptions.js';
import { TooSlow } from '../src/query/subscriptions/event-queue.js';
import { sendEvents } from '../src/query/subscriptions/event-stream.js';

/** Endless results of one MiB, and how their reader ended them. */
function endless(): { results: Results; ended: Promise<Error | 'left'> } {
  let end: (how: Error | 'left') => void;
  const ended = new Promise<Error | 'left'>((resolve) => (end = resolve));
  let isOver = false;
  const over = (how: Error | 'left') => {
    isOver = true;
    end(how);
    return { value: undefined, done: true as const };
  };
  const results: Results = {
    next: async () =>
      isOver
        ? { value: undefined, done: true }
        : { value: { data: { text: 'x'.repeat(2 ** 20) } }, done: false },
    return: async () => over('left'),
    throw: async (error: Error) => over(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { results, ended };
}

test.each<[string, 'reads nothing' | 'leaves', unknown]>([
  ['a reader that reads nothing is dropped after its time', 'reads nothing', expect.any(TooSlow)],
  ['a reader that leaves is not counted as slow', 'leaves', 'left'],
])('%s', async (_what, how, expected) => {
  const fastify = Fastify();
  const { results, ended } = endless();
  const limits = { keepAliveSeconds: 1, patienceSeconds: how === 'leaves' ? 600 : 1 };
  fastify.get('/', async (_request, reply) => sendEvents(reply, results, limits));
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  const { port } = fastify.server.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  socket.pause();
  if (how === 'leaves') socket.destroy();
  expect(await ended).toEqual(expected);
  socket.destroy();
  await fastify.close();
});
