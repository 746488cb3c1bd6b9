import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

const PATH = '/callback';

/** Receives the browser that returns from the issuer, on the loopback address (RFC 8252). */
export class Loopback {
  private constructor(
    private readonly server: Server,
    /** The redirect address. */
    readonly address: string,
    private readonly host: string,
  ) {}

  static async open(): Promise<Loopback> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return new Loopback(server, `http://${host}${PATH}`, host);
  }

  /**
   * Returns the address that the browser comes back to. Requests with another state are not of this sign-in.
   *
   * @throws the reason of the signal
   */
  async received(state: string, signal: AbortSignal): Promise<URL> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        const path = request.url ?? '/';
        // `//` is a path of HTTP, and no address
        const url = URL.canParse(path, this.address) ? new URL(path, this.address) : null;
        const isOurs =
          url !== null &&
          request.method === 'GET' &&
          request.headers.host === this.host &&
          url.pathname === PATH &&
          url.searchParams.get('state') === state;
        response.writeHead(isOurs ? 200 : 404, {
          'content-type': 'text/plain; charset=utf-8',
          'referrer-policy': 'no-referrer',
          connection: 'close',
        });
        if (!isOurs) return void response.end('This is not the sign-in that klpreg waits for.\n');
        response.end('Go back to the terminal: klpreg shows whether you are signed in.\n', () =>
          resolve(url),
        );
      });
    });
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
