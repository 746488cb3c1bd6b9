import type { FastifyInstance } from 'fastify';
import 'mercurius';
import type { Access } from '../../access/access.js';
import { RequestError } from '../../errors.js';
import type { SubscriptionLimits } from '../../subscription-limits.js';
import type { Questions } from '../graphql-http.js';
import { admitFields } from '../guard-fields.js';
import { sendEvents } from './event-stream.js';
import { OpenSubscriptions } from './open-subscriptions.js';
import { serveWebSocket } from './web-socket.js';

/**
 * Serves subscriptions: as server-sent events in the answer to a request that accepts them, and over
 * WebSocket. Call it before the listeners are attached, because closing ends the subscriptions first.
 */
export function serveSubscriptions(
  fastify: FastifyInstance,
  access: Access,
  questions: Questions,
  limits: SubscriptionLimits,
): OpenSubscriptions {
  const subscriptions = new OpenSubscriptions(access, questions, limits);
  const closeSockets = serveWebSocket(fastify, access, subscriptions, questions, limits);
  fastify.addHook('preHandler', async (request, reply) => {
    const asked = questions.subscriptionOf(request);
    if (asked === null) return;
    const { document, variables, operationName } = asked;
    await admitFields(access, request, document);
    if (!(request.headers.accept ?? '').includes('text/event-stream'))
      throw new RequestError(
        'BAD_USER_INPUT',
        'a subscription needs the header "Accept: text/event-stream", or a WebSocket with the protocol ' +
          'graphql-transport-ws',
      );
    const results = await subscriptions.begin({
      document,
      variables: (variables ?? {}) as Record<string, unknown>,
      operationName: typeof operationName === 'string' ? operationName : null,
      request,
    });
    if (!('next' in results)) return reply.send(results);
    await sendEvents(reply, results, limits);
    return reply;
  });
  fastify.addHook('preClose', async () => {
    subscriptions.close();
    closeSockets();
  });
  return subscriptions;
}
