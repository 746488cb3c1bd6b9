import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** So many connections may wait until they are taken. The kernel has a limit of its own, `net.core.somaxconn`, which is most often the same. */
export const BACKLOG = 4096;

/** So many connections are taken in each turn of the event loop. */
export const LISTENERS = 32;

/** Of a request that has begun to come in when the server is closed, the head has so long to be there. */
const GRACE_MS = 2000;

/** Sends back what it gets, as often as it is told. */
const MIRROR = `process.on('message', (times, handle) => { for (let i = 0; i < times; i++) process.send(i, handle); });`;

/** The connections that wait in the kernel until they are taken. */
export interface Knocking {
  /** So long, in milliseconds, there have been some at the end of each turn. */
  readonly waitMs: number;
  /** How many are taken in a turn. */
  readonly listeners: number;
}

/**
 * Lets a server take connections as fast as they come, and tells for how long it could not.
 *
 * libuv takes one connection of a listening socket in each turn of the event loop (since 1.45; before, all that waited), and a turn takes many milliseconds under load. When a fleet
 * comes back, most would wait in the kernel until they give up, and could not even be told to come back later. So the socket gets more listeners: handles of their own, which another
 * process makes by sending them back. What they take is the server's. Where no process can be started, it does without.
 *
 * @param fastify with a `pluginTimeout` of 0: closing waits for what is under way, however long that takes
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
    if (handle === null || closing) return;
    const warn = (error?: unknown): void =>
      fastify.log.warn({ err: error }, `connections are taken ${knocking.listeners} at a time: there are no more listeners`);
    mirror = spawn(process.execPath, ['-e', MIRROR], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: {} });
    mirror.on('error', warn);
    mirror.on('exit', () => {
      if (knocking.listeners < LISTENERS && !closing) warn();
    });
    mirror.on('message', (_, copy) => {
      if (closing) return (copy as unknown as { close?: () => void } | undefined)?.close?.();
      const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
      listener.on('error', (error) => fastify.log.warn({ err: error }, 'a listener has failed'));
      more.push(listener.listen(copy, BACKLOG));
      knocking.listeners = more.length + 1;
      if (knocking.listeners === LISTENERS) mirror?.disconnect();
    });
    mirror.send(LISTENERS - 1, handle as never);
  });

  // what is under way is answered first, whoever took it; who says nothing, or stops in the middle of a request, is not waited for
  fastify.addHook('preClose', async () => {
    closing = true;
    mirror?.kill();
    const { server } = fastify;
    if (!server.listening) return;
    const hasGrace = performance.now() + GRACE_MS;
    const sweep = (): void => {
      server.closeIdleConnections();
      for (const socket of connections) if (socket.bytesRead === 0 || (performance.now() > hasGrace && !isAnswered(socket))) socket.destroy();
    };
    const sweeping = setInterval(sweep, 20);
    server.once('close', () => clearInterval(sweeping));
    await Promise.all(more.map((listener) => new Promise((resolve) => listener.close(resolve))));
  });
  return knocking;
}

/** Is there a request on this connection that has come in, and waits for its answer? */
const isAnswered = (socket: Socket): boolean => (socket as unknown as { readonly _httpMessage?: object | null })._httpMessage != null;

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
