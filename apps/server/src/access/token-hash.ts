import { sha256 } from '@klpreg/wire';
import type { FastifyRequest } from 'fastify';

/** Returns the bearer token of a request; undefined: it has none. */
export const tokenIn = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer ([\w.~+/=-]{1,16384})$/i.exec(headers.authorization ?? '')?.[1];

/**
 * Returns the hash of the bearer token of a request, by which caches and rates know it: no secret is kept. It
 * is computed once for each request, because it costs as much as parsing a heartbeat.
 */
export const tokenHashOf = (request: FastifyRequest): string =>
  (request.tokenHash ??= sha256(tokenIn(request) ?? ''));
