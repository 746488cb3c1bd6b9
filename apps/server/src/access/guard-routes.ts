import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { Access } from './access.js';
import { type Right, ROUTES } from './access-table.js';
import type { Bearer } from '../store/access/tokens.store.js';

// properties, because a WeakMap of requests costs a microsecond for each
declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends it; null: it was not admitted. */
    bearer: Bearer | null;
    /** The only host for which it may send; null: those of its bearer. */
    sendingHost: string | null;
    /** Of its bearer token; null: not computed yet. */
    tokenHash: string | null;
  }
}

/**
 * Guards each route by its row of the access table, before its body is received.
 *
 * A server with a route that has no row does not start. Call it before any route is registered.
 */
export function guardRoutes(fastify: FastifyInstance, access: Access): void {
  fastify.decorateRequest('bearer', null);
  fastify.decorateRequest('sendingHost', null);
  fastify.decorateRequest('tokenHash', null);
  fastify.addHook('onRoute', (route) => {
    const names = namesOf(route);
    for (const name of names) access.routes.add(name);
    for (const right of new Set(names.map(rightTo))) {
      if (right.kinds === null || right.checkedByRoute === true) continue;
      const check = async (request: FastifyRequest): Promise<void> => {
        await access.enter(request, right, names.join(', '));
      };
      route.onRequest = [check, ...[route.onRequest ?? []].flat()];
    }
  });
}

/** The names of a route in the access table, one for each method. */
const namesOf = ({ method, url }: RouteOptions): string[] =>
  [method].flat().map((one) => `${one === 'HEAD' ? 'GET' : one} ${url}`);

function rightTo(name: string): Right {
  const right = ROUTES[name];
  if (right === undefined) throw new Error(`the route ${name} has no row in access-table.ts`);
  return right;
}
