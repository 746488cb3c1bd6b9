import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { AcceptBacklog } from './accept-backlog.js';

/**
 * Maximum number of connections that wait for each listening socket. The kernel also applies
 * `net.core.somaxconn`.
 */
const BACKLOG = 4096;

/**
 * Listening sockets of a server, which is the number of connections that it accepts in a turn of the event
 * loop.
 */
export const LISTENERS = 32;

/** When the server closes, a request that was received in part must be complete after this time. */
const GRACE_MS = 2000;

const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
const hasReusePort = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);

/** Whether several sockets of this process can listen on one port: on Linux, with Node.js 22.12 or newer. */
export const REUSES_PORT = process.platform === 'linux' && hasReusePort;

export interface Address {
  readonly port: number;
  readonly host: string;
}

/** Nest's application or Fastify's instance. */
interface ListeningApp {
  listen(options: Address & { readonly backlog: number; readonly reusePort: boolean }): Promise<unknown>;
}

/**
 * Listens with as many sockets as the platform allows, and closes them in order.
 *
 * libuv accepts one connection of a listening socket in each turn of the event loop, and a turn takes many
 * milliseconds under load. When a fleet reconnects, one socket would leave most connections in the kernel
 * until the agents give up. Without `reusePort` there is one socket, and admission control alone limits the
 * load.
 */
@Injectable()
export class Listeners {
  /** All but the first one, which is Fastify's. */
  private readonly more: Server[] = [];
  private readonly connections = new Set<Socket>();
  /** The TLS sessions on the connections, if the server uses TLS. They have the requests. */
  private readonly secured = new Set<Socket>();
  private server: FastifyInstance['server'] | null = null;
  /** The socket of the connection that is handed to Fastify's server now; null: its own. */
  private acceptedBy: Server | null = null;
  private closing = false;

  constructor(private readonly backlog: AcceptBacklog) {}

  /** @param fastify with a `pluginTimeout` of 0, because closing waits for all answers */
  attach(fastify: FastifyInstance): void {
    this.server = fastify.server;
    fastify.server.on('connection', (socket) => {
      this.backlog.accepted(this.acceptedBy ?? fastify.server);
      this.connections.add(socket);
      socket.once('close', () => this.connections.delete(socket));
    });
    if (fastify.server instanceof TlsServer)
      fastify.server.on('secureConnection', (socket) => {
        this.secured.add(socket);
        socket.once('close', () => this.secured.delete(socket));
      });
    fastify.addHook('preClose', async () => this.close(fastify));
  }

  /** @throws EADDRINUSE if another process listens there, also with `reusePort` */
  async listen(app: ListeningApp, address: Address): Promise<void> {
    const options = { ...address, backlog: BACKLOG, reusePort: REUSES_PORT };
    if (REUSES_PORT) await checkPortIsFree(address);
    await app.listen(options);
    const { server } = this;
    if (!REUSES_PORT || this.closing || server === null) return;
    const { port } = server.address() as { readonly port: number };
    for (let i = 1; i < LISTENERS; i++) {
      const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        this.acceptedBy = listener;
        server.emit('connection', socket);
        this.acceptedBy = null;
      });
      this.more.push(listener.listen({ ...options, port }));
    }
    await Promise.all(this.more.map((listener) => once(listener, 'listening')));
    this.backlog.listeners = LISTENERS;
  }

  /**
   * Requests that were received are answered. Idle connections, and requests that stay incomplete, are not
   * waited for.
   */
  private async close({ server }: FastifyInstance): Promise<void> {
    this.closing = true;
    if (!server.listening) return;
    const graceEnd = performance.now() + GRACE_MS;
    const sweep = (): void => {
      server.closeIdleConnections();
      for (const socket of this.connections) if (socket.bytesRead === 0) socket.destroy();
      if (performance.now() <= graceEnd) return;
      // a handshake that stays incomplete is ended by its own time limit
      for (const socket of server instanceof TlsServer ? this.secured : this.connections)
        if (!awaitsAnswer(socket)) socket.destroy();
    };
    const sweeping = setInterval(sweep, 20);
    server.once('close', () => clearInterval(sweeping));
    await Promise.all(this.more.map((listener) => new Promise((resolve) => listener.close(resolve))));
  }
}

/** Whether a request was received on this connection, and its answer is not sent yet. */
const awaitsAnswer = (socket: Socket): boolean =>
  (socket as unknown as { readonly _httpMessage?: object | null })._httpMessage != null;

/**
 * A socket with `reusePort` could listen next to those of another registry, and would take its connections.
 */
async function checkPortIsFree(address: Address): Promise<void> {
  const probe = createServer().listen(address);
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}
