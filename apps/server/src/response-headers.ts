import type { FastifyInstance } from 'fastify';

/** For every answer: it is not cached, shown in a frame, or taken for another type of content. */
const EVERY_ANSWER = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The page of the documentation has scripts and styles of its own, some of them within the page. */
const DOCUMENTATION = {
  'content-security-policy': [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "script-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
};

/**
 * Two years, as browsers require for their list of such names. A proxy that adds TLS sets this header itself.
 */
const TLS = { 'strict-transport-security': 'max-age=63072000' };

/**
 * Sets security headers on every answer, also on those to agents and on refusals. Call it before all other
 * hooks.
 */
export function setSecurityHeaders(fastify: FastifyInstance, { tls }: { readonly tls: boolean }): void {
  const plain = { ...EVERY_ANSWER, ...(tls && TLS) };
  const documentation = { ...plain, ...DOCUMENTATION };
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(request.url.startsWith('/docs') ? documentation : plain);
    done();
  });
}
