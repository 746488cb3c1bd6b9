import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../../access/access.js';
import { ROUTES } from '../../access/access-table.js';
import { networkOf } from '../../access/address-ranges.js';
import { limitExceeded, RequestError } from '../../errors.js';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { BODY_LIMITS } from '../../limits.js';
import type { SubscriptionLimits } from '../../subscription-limits.js';
import type { Questions } from '../graphql-http.js';
import type { OpenSubscriptions } from './open-subscriptions.js';
import { upgrades } from './upgrades.js';

/** A connection that has sent no `connection_init` after this time is closed. */
const INIT_WAIT_MS = 3_000;
/** What a connection is counted and admitted as. */
const ROUTE = 'GET /graphql';
/** The close codes of the protocol for refused connections. */
const REFUSED: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 4401,
  FORBIDDEN: 4403,
  RATE_LIMITED: 4429,
};
/** The close code of RFC 6455 for a server that stops. */
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

/**
 * Serves subscriptions over WebSocket, with the protocol `graphql-transport-ws`. The token is in the header
 * `Authorization`, or in the payload of `connection_init` as `authorization`.
 */
export function serveWebSocket(
  fastify: FastifyInstance,
  access: Access,
  subscriptions: OpenSubscriptions,
  questions: Questions,
  limits: SubscriptionLimits,
): () => void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: BODY_LIMITS.question,
    perMessageDeflate: false,
  });
  const addresses = new Map<string, number>();
  const enter = async (request: FastifyRequest): Promise<void> =>
    access.enter(request, ROUTES[ROUTE]!, ROUTE);
  useServer<{ authorization?: string }, { request: IncomingMessage & { fastify?: FastifyRequest } }>(
    {
      connectionInitWaitTimeout: INIT_WAIT_MS,
      onConnect: async ({ connectionParams, extra }) => {
        try {
          await enter(withToken(extra.request.fastify!, connectionParams?.authorization));
          return true;
        } catch (error) {
          const code = error instanceof RequestError ? error.code : 'UNAVAILABLE';
          extra.socket.close(REFUSED[code] ?? TRY_AGAIN_LATER, code);
          return false;
        }
      },
      onSubscribe: async (context, _id, payload) => {
        try {
          if (Object.keys(context.subscriptions).length > limits.onSocket)
            throw limitExceeded('subscriptions of a connection', limits.onSocket, 'more');
          const { document, subscribes } = questions.check({ ...payload });
          if (!subscribes)
            throw new RequestError('BAD_USER_INPUT', 'only subscriptions are asked over a WebSocket');
          const { authorization } = context.connectionParams ?? {};
          const request = withToken(context.extra.request.fastify!, authorization);
          await enter(request);
          const operationName = payload.operationName ?? null;
          const asked = { document, variables: payload.variables ?? {}, operationName, request };
          const results = await subscriptions.begin(asked);
          return { schema: questions.schema(), document, operationName, contextValue: results };
        } catch (error) {
          return [questions.toError(error as Error)];
        }
      },
      subscribe: (args) => args.contextValue as never,
    },
    sockets,
    limits.keepAliveSeconds * 1000,
  );
  fastify.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    upgrades.set(request, { socket, head });
    fastify.routing(request, response);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const upgrade = upgrades.get(request.raw);
    if (upgrade === undefined || request.url.split('?')[0] !== questions.path) return done();
    const address = networkOf(request.ip);
    const ofAddress = addresses.get(address) ?? 0;
    if (sockets.clients.size >= limits.sockets || ofAddress >= limits.socketsOfAddress) {
      void reply.code(503).header('retry-after', '5').send();
      return;
    }
    reply.hijack();
    reply.raw.detachSocket(upgrade.socket);
    const raw: IncomingMessage & { fastify?: FastifyRequest } = request.raw;
    raw.fastify = request;
    sockets.handleUpgrade(raw, upgrade.socket, upgrade.head, (client) => {
      addresses.set(address, (addresses.get(address) ?? 0) + 1);
      client.once('close', () => {
        const left = addresses.get(address)! - 1;
        if (left === 0) addresses.delete(address);
        else addresses.set(address, left);
      });
      sockets.emit('connection', client, raw);
    });
  });
  return () => {
    for (const client of sockets.clients) client.close(GOING_AWAY, 'the server stops');
    sockets.close();
  };
}

/** The request of the connection, as if it had this token. */
function withToken(request: FastifyRequest, authorization: string | undefined): FastifyRequest {
  const { ip, headers, raw, routeOptions } = request;
  return {
    ip,
    raw,
    routeOptions,
    headers: typeof authorization === 'string' ? { ...headers, authorization } : headers,
    bearer: null,
    sendingHost: null,
    tokenHash: null,
  } as unknown as FastifyRequest;
}
