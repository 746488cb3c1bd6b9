import net from 'node:net';

/** A proxy of a database that can drop all data. Connections stay open and bytes are acknowledged. */
export class SilentProxy {
  private readonly pairs = new Set<{ silent: boolean }>();
  private readonly sockets = new Set<net.Socket>();
  private silent = false;

  private constructor(
    private readonly server: net.Server,
    readonly url: string,
  ) {}

  static async before(databaseUrl: string): Promise<SilentProxy> {
    const target = new URL(databaseUrl);
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(databaseUrl);
    url.port = String((server.address() as net.AddressInfo).port);
    const proxy = new SilentProxy(server, url.toString());
    server.on('connection', (socket) =>
      proxy.pass(socket, net.connect(Number(target.port), target.hostname)),
    );
    return proxy;
  }

  private pass(one: net.Socket, other: net.Socket): void {
    const pair = { silent: this.silent };
    this.pairs.add(pair);
    const ways = [
      [one, other],
      [other, one],
    ] as const;
    for (const [from, to] of ways) {
      this.sockets.add(from);
      from.on('data', (bytes) => pair.silent || to.write(bytes));
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.pairs.delete(pair);
        this.sockets.delete(from);
      });
    }
  }

  /** Drops all data of the open connections. @param newOnes whether also that of new connections */
  drop(newOnes: boolean): void {
    for (const pair of this.pairs) pair.silent = true;
    this.silent = newOnes;
  }

  /** New connections work again. */
  restore(): void {
    this.silent = false;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
