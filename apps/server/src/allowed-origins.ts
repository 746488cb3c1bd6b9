import type { FastifyInstance, FastifyReply } from 'fastify';
import { RequestError } from './errors.js';

/** What a page of an allowed origin may send. */
const CORS = {
  'access-control-allow-headers': 'authorization, content-type, mercurius-require-preflight',
  'access-control-allow-methods': 'GET, POST, PUT',
  'access-control-max-age': '600',
};

/**
 * Refuses requests of web pages of other origins, before anything is done for them.
 *
 * Browsers name the origin of the page with every request that changes something or whose answer the page may
 * read. Agents and the command line send no such header.
 *
 * @param allowed origins in addition to the server's own, such as https://dashboard.example
 */
export function refuseOtherOrigins(fastify: FastifyInstance, allowed: readonly string[]): void {
  const others = new Set(allowed);
  fastify.addHook('onRequest', (request, reply, done) => {
    const { origin, host } = request.headers;
    if (origin === undefined || isOf(origin, host)) return done();
    if (!others.has(origin))
      return done(
        new RequestError(
          'FORBIDDEN',
          `pages of the origin ${JSON.stringify(origin.slice(0, 100))} may not use this server: ` +
            'add it to KLPREG_ALLOWED_ORIGINS if they should',
        ),
      );
    allow(reply, origin);
    if (request.method !== 'OPTIONS') return done();
    void reply.code(204).headers(CORS).send();
  });
}

function allow(reply: FastifyReply, origin: string): void {
  void reply
    .header('access-control-allow-origin', origin)
    .header('cross-origin-resource-policy', 'cross-origin')
    .header('vary', 'origin');
}

/**
 * Whether a page of this origin came from the server that the request is for. Its `Host` was checked before.
 */
const isOf = (origin: string, host: string | undefined): boolean =>
  /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '').toLowerCase() === host?.toLowerCase();
