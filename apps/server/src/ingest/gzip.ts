import { createGunzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** Bodies may be compressed with gzip; the limit holds for what comes out, so that a small body cannot become a huge one. */
export function acceptGzip(app: FastifyInstance, limit: number): void {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') return done(null, payload);
    if (encoding !== 'gzip')
      return done(Object.assign(new Error(`the content-encoding must be gzip or left out, found ${JSON.stringify(encoding)}`), { statusCode: 415 }));
    const gunzip = createGunzip();
    let size = 0;
    gunzip.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) gunzip.destroy(Object.assign(new Error(`the body has more than ${limit} bytes once it is unpacked`), { statusCode: 413 }));
    });
    gunzip.on('error', (error: Error & { statusCode?: number }) => {
      if (error.statusCode !== undefined) return;
      error.statusCode = 400;
      error.message = `the body is not valid gzip: ${error.message}`;
    });
    payload.on('error', (error) => gunzip.destroy(error));
    // it is the length of what was packed; Fastify would hold it against what comes out
    delete request.headers['content-length'];
    done(null, payload.pipe(gunzip));
  });
}
