import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bearerOf } from '../../access/access.js';
import { RequestError } from '../../errors.js';
import { BODY_LIMITS, FORM_LIMIT } from '../../limits.js';
import type { Uploads } from './uploads.js';

const ROUTE = '/v1/patches/:buildId';

/**
 * Checks a submission before its body is received: its declared size, and that this publisher uploads nothing
 * else at the time. This function must be called after `guardRoutes`, and before Nest adds its routes.
 */
export function guardPublishing(fastify: FastifyInstance, uploads: Uploads): void {
  const guard = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (request.headers['content-type']?.startsWith('multipart/') !== true) return;
    const length = Number(request.headers['content-length'] ?? 0);
    if (length > FORM_LIMIT)
      throw new RequestError('TOO_LARGE', `the limit of a form is ${FORM_LIMIT} bytes, found ${length}`);
    const end = await uploads.begin(bearerOf(request).name);
    if (reply.raw.closed) end();
    else reply.raw.once('close', end);
  };
  fastify.addHook('onRoute', (route) => {
    if (route.url !== ROUTE) return;
    route.bodyLimit = BODY_LIMITS.manifest;
    route.onRequest = [...[route.onRequest ?? []].flat(), guard];
  });
}
