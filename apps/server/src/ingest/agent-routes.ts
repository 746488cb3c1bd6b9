import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Agents, Sender } from '../access/agents.js';
import { overloaded, problemDetails } from '../errors.js';
import { BODY_LIMITS } from '../limits.js';
import { toProblem } from '../problem.filter.js';
import type { Admission } from './admission.js';
import type { Endpoint } from './endpoint.js';
import type { Endpoints } from './endpoints.js';
import type { Kind } from './messages.js';

export interface AgentRoutesOptions {
  readonly endpoints: Pick<Endpoints, Kind>;
  readonly admission: Admission;
  readonly agents: Agents;
}

/** The routes of one endpoint: what they share, and what they do with a body. */
interface Route {
  readonly path: string;
  readonly bodyLimit: number;
  readonly endpoint: Endpoint<Kind, { readonly outcome: string }>;
  readonly receive: (body: Uint8Array, sender: Sender) => Promise<unknown>;
}

/**
 * `POST /v1/reports`, `POST /v1/heartbeats`, and their batch requests for relays and sites without a network.
 *
 * A Fastify plugin, because a Nest controller costs half as much processor time again for each message.
 */
export const agentRoutes: FastifyPluginAsync<AgentRoutesOptions> = async (scope, options) => {
  acceptJsonBytesOnly(scope);
  for (const kind of ['reports', 'heartbeats'] as const) {
    const endpoint = options.endpoints[kind] as unknown as Route['endpoint'];
    const { bodyLimit } = endpoint;
    const receive: Route['receive'] = (body, sender) => endpoint.receive(body, sender);
    addRoute(scope, options, { path: kind, bodyLimit, endpoint, receive });
    const receiveBatch: Route['receive'] = (body, sender) => endpoint.receiveBatch(body, sender);
    addRoute(scope, options, {
      path: `${kind}::batch`,
      bodyLimit: BODY_LIMITS.batch,
      endpoint,
      receive: receiveBatch,
    });
  }
};

/** Bodies stay bytes, so that they are measured before they are parsed. */
function acceptJsonBytesOnly(scope: FastifyInstance): void {
  scope.removeContentTypeParser(['text/plain', 'application/json']);
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

function addRoute(scope: FastifyInstance, { admission, agents }: AgentRoutesOptions, route: Route): void {
  const { bodyLimit, endpoint, receive } = route;
  const url = `/v1/${route.path}`;
  const reject = rejection(url.replace('::', ':'));
  scope.post(
    url,
    {
      bodyLimit,
      // the logger of the server: one for each request would cost more
      childLoggerFactory: (logger) => logger,
      onRequest: (request, reply, done) => {
        if (admission.admits(endpoint.load, request, reply, bodyLimit, () => agents.needsLookup(request)))
          return admission.authenticate(() => agents.admit(request), done);
        endpoint.outcomes.count('BUSY');
        reject(request, reply, endpoint.load.retryAfter());
      },
      onError: (_request, _reply, error, done) => {
        endpoint.outcomes.count(toProblem(error).code);
        done();
      },
    },
    (request) =>
      receive((request.body as Uint8Array | undefined) ?? new Uint8Array(), agents.senderOf(request)),
  );
}

/**
 * A longer body may still be on its way when the answer is sent. To close the connection then could lose the
 * answer.
 */
const SHORT_BODY = 2 ** 16;

/**
 * Returns a function that answers 503, from a text that is made once. It closes the connection, which most
 * agents do not need until they retry.
 */
function rejection(
  instance: string,
): (request: FastifyRequest, reply: FastifyReply, seconds: number) => void {
  const body = JSON.stringify({ ...problemDetails(overloaded()), instance });
  return ({ headers }, reply, seconds) => {
    if (Number(headers['content-length']) < SHORT_BODY) void reply.header('connection', 'close');
    void reply
      .code(503)
      .headers({ 'content-type': 'application/problem+json; charset=utf-8', 'retry-after': String(seconds) })
      .send(body);
  };
}
