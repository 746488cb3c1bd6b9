import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { RequestError, problemDetails } from './errors.js';
import { HEAD_TIMEOUT_MS } from './limits.js';

/** Time limits of a connection, for Fastify and Node.js. A request that is not received in time gets 408. */
export const connectionLimits = (requestTimeoutMs: number) => ({
  requestTimeout: requestTimeoutMs,
  http: {
    headersTimeout: Math.min(HEAD_TIMEOUT_MS, requestTimeoutMs),
    connectionsCheckingInterval: Math.min(5000, requestTimeoutMs),
  },
  clientErrorHandler: answerBadRequest,
});

const CLIENT_ERRORS: Record<string, { status: number; words: string; code: string; message: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    words: 'Request Timeout',
    code: 'REQUEST_TIMEOUT',
    message: 'the request was not received in time',
  },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    words: 'Request Header Fields Too Large',
    code: 'HEAD_TOO_LARGE',
    message: 'the head of the request is larger than 16 KiB',
  },
};
const NOT_HTTP = {
  status: 400,
  words: 'Bad Request',
  code: 'BAD_USER_INPUT',
  message: 'the request is not valid HTTP/1.1',
};

/** Answers what Node.js refuses before there is a request, as problem details, and closes the connection. */
function answerBadRequest(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, words, ...problem } = CLIENT_ERRORS[error.code ?? ''] ?? NOT_HTTP;
  const body = JSON.stringify(problemDetails({ ...problem, status, problems: [] }));
  const head = [
    `HTTP/1.1 ${status} ${words}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

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
 * A page in a browser can make its own name point to this server (DNS rebinding), and would read answers that need no token. Such a request carries the page's name.
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
