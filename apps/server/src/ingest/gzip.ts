import { createGunzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { FORM_LIMIT } from '../limits.js';
import { overloaded } from '../errors.js';
import type { BodyMemory } from './body-memory.js';

/**
 * Accepts bodies that are compressed with gzip. The limit of the route applies to the unpacked size, which is
 * counted while a body is unpacked.
 */
export function acceptGzip(app: FastifyInstance, bodies: BodyMemory): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') return done(null, payload);
    if (encoding !== 'gzip')
      return done(
        Object.assign(
          new Error(`the content-encoding must be gzip or left out, found ${JSON.stringify(encoding)}`),
          { statusCode: 415 },
        ),
      );
    const isForm = request.headers['content-type']?.startsWith('multipart/') === true;
    const limit = isForm ? FORM_LIMIT : request.routeOptions.bodyLimit!;
    const gunzip = createGunzip();
    let size = 0;
    gunzip.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit)
        gunzip.destroy(
          Object.assign(new Error(`the body has more than ${limit} bytes once it is unpacked`), {
            statusCode: 413,
          }),
        );
      else if (!bodies.reserve(reply.raw, size)) gunzip.destroy(overloaded());
    });
    gunzip.on('error', (error: Error & { statusCode?: number; code?: string }) => {
      if (error.statusCode !== undefined || error.code === 'BUSY') return;
      error.statusCode = 400;
      error.message = `the body is not valid gzip: ${error.message}`;
    });
    payload.on('error', (error) => gunzip.destroy(error));
    // it is the length of what was packed; Fastify would hold it against what comes out
    delete request.headers['content-length'];
    done(null, payload.pipe(gunzip));
  });
}
