import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { problemDetails } from './errors.js';
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
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    'connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
