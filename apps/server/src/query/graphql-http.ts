import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError, parse, print, separateOperations } from 'graphql';
import mercurius, { type MercuriusOptions } from 'mercurius';

const PATH = '/graphql';
const RESPONSE_JSON = 'application/graphql-response+json';

const isGraphql = (request: FastifyRequest): boolean => request.url === PATH || request.url.startsWith(`${PATH}?`);
const wantsResponseJson = (request: FastifyRequest): boolean => (request.headers.accept ?? '').includes(RESPONSE_JSON);

interface Body {
  query?: unknown;
  operationName?: unknown;
  variables?: unknown;
  extensions?: unknown;
}

/** One operation of several: mercurius compiles one query for each text, whatever the `operationName`. */
function reduceToOperation(body: Body): void {
  if (typeof body.query !== 'string' || typeof body.operationName !== 'string') return;
  if ((body.query.match(/\b(?:query|mutation|subscription)\b/g)?.length ?? 0) < 2) return;
  try {
    const one = separateOperations(parse(body.query))[body.operationName];
    if (one !== undefined) body.query = print(one);
  } catch {
    // mercurius reports the syntax error
  }
}

/** Brings mercurius up to the GraphQL-over-HTTP specification. Call it before the GraphQL module starts. */
export function graphqlOverHttp(app: FastifyInstance): void {
  app.addHook('preValidation', (request, _reply, done) => {
    if (isGraphql(request) && request.body !== null && typeof request.body === 'object') {
      const body = request.body as Body;
      for (const key of ['extensions', 'variables', 'operationName'] as const) if (body[key] === null) delete body[key];
      reduceToOperation(body);
    }
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (isGraphql(request) && wantsResponseJson(request)) reply.header('content-type', `${RESPONSE_JSON}; charset=utf-8`);
    done(null, payload);
  });
}

/** Where in an error its code is: ours, or mercurius' for requests that it refuses itself. */
function codeOf(error: GraphQLError): string {
  const own = error.extensions?.['code'];
  if (typeof own === 'string' && !own.startsWith('MER_')) return own;
  const original = (error.originalError ?? error) as { code?: string; statusCode?: number };
  if (original.code?.startsWith('MER_ERR_GQL') || error.path === undefined) return 'GRAPHQL_VALIDATION_FAILED';
  return 'INTERNAL';
}

/** mercurius wraps what it found while validating into one error. */
function unwrap(error: GraphQLError): readonly GraphQLError[] {
  const within = (error.originalError as { errors?: unknown } | undefined)?.errors ?? (error as { errors?: unknown }).errors;
  return Array.isArray(within) && within.length > 0 ? (within as GraphQLError[]) : [error];
}

/** Every error of an answer, with its code; what nobody foresaw says nothing of its inside. */
export const errorFormatter: NonNullable<MercuriusOptions['errorFormatter']> = (execution, context) => {
  const out = mercurius.defaultErrorFormatter(execution, context as never);
  const errors = (execution.errors ?? []).flatMap(unwrap).map((error) => {
    const code = codeOf(error);
    const message = code === 'INTERNAL' ? 'something went wrong here; it is in the log of the server' : error.message;
    return { message, ...(error.locations && { locations: error.locations }), ...(error.path && { path: error.path }), extensions: { ...(code === 'INTERNAL' ? {} : error.extensions), code } };
  });
  const request = (context as { reply?: { request: FastifyRequest } }).reply?.request;
  const refused = execution.data == null && errors.every((error) => error.extensions.code === 'GRAPHQL_VALIDATION_FAILED');
  const statusCode = refused ? 400 : request !== undefined && out.statusCode >= 500 ? 500 : 200;
  return { statusCode, response: { data: execution.data ?? null, errors } as never };
};
