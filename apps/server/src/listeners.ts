import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** So many connections may wait until they are taken. The kernel has a limit of its own, `net.core.somaxconn`, which is most often the same. */
export const BACKLOG = 4096;

/** So many connections are taken in each turn of the event loop. */
const LISTENERS = 32;

/** Sends back what it gets, as often as it is told. */
const MIRROR = `process.on('message', (times, handle) => { for (let i = 0; i < times; i++) process.send(i, handle); });`;

/** The connections that wait in the kernel until they are taken. */
export interface Knocking {
  /** So long, in milliseconds, there have always been some: none of them has waited longer. */
  readonly waitMs: number;
}

/**
 * Lets a server take connections as fast as they come, and tells for how long it could not.
 *
 * libuv takes one connection of a listening socket in each turn of the event loop (since 1.45; before, all that waited), and a turn takes many milliseconds under load. When a fleet
 * comes back, most would wait in the kernel until they give up, and could not even be told to come back later. So the socket gets more listeners: handles of their own, which another
 * process makes by sending them back. What they take is the server's. Where no process can be started, it does without.
 */
export function takeManyConnections(fastify: FastifyInstance): Knocking {
  const knocking = new Turnstile();
  const more: Server[] = [];
  let mirror: ChildProcess | null = null;
  let closing = false;
  const connections = new Set<Socket>();
  fastify.server.on('connection', (socket) => {
    knocking.taken();
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  fastify.addHook('onListen', async () => {
    const { server } = fastify;
    const { _handle: handle } = server as unknown as { readonly _handle: object | null };
    if (handle === null) return;
    mirror = spawn(process.execPath, ['-e', MIRROR], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: {} });
    mirror.on('error', (error) => fastify.log.warn({ err: error }, 'a process that makes more listeners has failed: connections are taken more slowly'));
    mirror.on('message', (_, copy) => {
      if (closing) return;
      const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
      more.push(listener.listen(copy, BACKLOG));
      knocking.listeners = more.length + 1;
      if (knocking.listeners === LISTENERS) mirror?.disconnect();
    });
    mirror.send(LISTENERS - 1, handle as never);
  });

  // what was taken is answered first; who is silent is not waited for, also where nothing has been asked yet
  fastify.addHook('preClose', async () => {
    closing = true;
    mirror?.kill();
    const sweep = (): void => {
      fastify.server.closeIdleConnections();
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    };
    const sweeping = setInterval(sweep, 20);
    await Promise.all(more.map((listener) => new Promise((resolve) => listener.close(resolve))));
    clearInterval(sweeping);
    sweep();
  });
  return knocking;
}

/** Counts the connections of each turn of the event loop: where every listener took one, there may be more. */
class Turnstile implements Knocking {
  listeners = 1;
  private thisTurn = 0;
  private since: number | null = null;
  private watching = false;

  get waitMs(): number {
    return this.since === null ? 0 : performance.now() - this.since;
  }

  taken(): void {
    this.thisTurn += 1;
    if (!this.watching) this.watch();
  }

  private watch(): void {
    this.watching = true;
    setImmediate(() => {
      this.since = this.thisTurn < this.listeners ? null : (this.since ?? performance.now());
      this.thisTurn = 0;
      this.watching = false;
      if (this.since !== null) this.watch();
    });
  }
}
