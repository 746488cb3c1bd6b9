import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { RequestError } from './errors.js';

/** Health probes may use any name, because their answers contain no data. */
const HEALTH = new Set(['/livez', '/readyz']);
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The host in a Host header, without its port. */
const nameOf = (header: string): string => header.toLowerCase().replace(/:\d{1,5}$/, '');

const addressOf = (address: string | undefined): string => {
  const plain = (address ?? '').replace(/^::ffff:/, '');
  return isIP(plain) === 6 ? `[${plain}]` : plain;
};

/**
 * Refuses requests whose Host header does not name this server.
 *
 * A page in a browser can make its own name point to this server (DNS rebinding), and would read answers that
 * need no token. Such a request carries the page's name.
 *
 * @param allowed names beyond the loopback names and the address that the connection came to
 */
export function refuseOtherHosts(fastify: FastifyInstance, allowed: readonly string[]): void {
  const names = new Set([...LOOPBACK, ...allowed.map((name) => name.toLowerCase())]);
  const isOurs = (name: string, request: IncomingMessage): boolean =>
    names.has(name) || name === addressOf(request.socket.localAddress);
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { host = '' } = request.headers;
    if (isOurs(nameOf(host), request.raw) || HEALTH.has(request.url)) return done();
    const found = JSON.stringify(host.slice(0, 100));
    done(
      new RequestError(
        'MISDIRECTED_REQUEST',
        `${found} is not a name of this server: add it to KLPREG_ALLOWED_HOSTS if it should be`,
      ),
    );
  });
}
