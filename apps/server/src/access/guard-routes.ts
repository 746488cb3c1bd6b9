import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { Access } from './access.js';
import { type Right, ROUTES } from './access-table.js';

/**
 * Guards each route by its row of the access table, before its body is received.
 *
 * A server with a route that has no row does not start. Call it before any route is registered.
 */
export function guardRoutes(fastify: FastifyInstance, access: Access): void {
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
