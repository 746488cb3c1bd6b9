import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type DocumentNode,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  OperationTypeNode,
  parse,
  print,
  separateOperations,
  validate,
  type VariableDefinitionNode,
} from 'graphql';
import { limitExceeded, RateLimited, RequestError } from '../errors.js';
import { BODY_LIMITS } from '../limits.js';
import { toProblem } from '../problem.filter.js';
import { isUnavailable } from '../database/unavailable.js';
import { bugs } from '../bug-log.js';
import { LRUCache } from 'lru-cache';
import mercurius, { type MercuriusOptions } from 'mercurius';
import { nameArgument } from './name-argument.js';
import type { PersistedDocuments } from './persisted-documents.js';
import { QUESTION_LIMITS, refuseTooMuch } from './question-limits.js';
import { isUpgrade } from './subscriptions/upgrades.js';

/**
 * The number of documents that are cached, here and by mercurius. Each has at most
 * `QUESTION_LIMITS.characters`.
 */
export const DOCUMENTS_KEPT = 100;

const PATH = '/graphql';
const RESPONSE_JSON = 'application/graphql-response+json';

const isGraphql = (request: FastifyRequest): boolean =>
  request.url === PATH || request.url.startsWith(`${PATH}?`);
const wantsResponseJson = (request: FastifyRequest): boolean =>
  (request.headers.accept ?? '').includes(RESPONSE_JSON);
/**
 * Whether it asks for the older media type by name. The specification wants 200 for a wrong document then,
 * and leaves it open for other Accept headers, or none.
 */
const acceptsOnlyJson = (request: FastifyRequest): boolean =>
  (request.headers.accept ?? '').includes('application/json') && !wantsResponseJson(request);

interface Body {
  query?: unknown;
  operationName?: unknown;
  variables?: unknown;
  extensions?: unknown;
}

/** A NUL or half of a surrogate pair, as JSON or GraphQL escapes it. PostgreSQL cannot store them. */
const NOT_TEXT =
  /\u0000|\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}/i;
const hasInvalidText = (body: Body): boolean =>
  NOT_TEXT.test(JSON.stringify(body.variables ?? null)) ||
  (typeof body.query === 'string' && (NOT_TEXT.test(body.query) || !body.query.isWellFormed()));

/**
 * Keeps only the named operation, because mercurius caches a compiled query by its text without
 * `operationName`.
 */
function reduceToOperation(document: DocumentNode, { query, operationName }: Body): string {
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const one =
    operations.length > 1 && typeof operationName === 'string'
      ? separateOperations(document)[operationName]
      : undefined;
  return one === undefined ? (query as string) : print(one);
}

/** A document that is not valid GraphQL, with the errors as mercurius reports them. */
class InvalidDocument extends Error {
  constructor(readonly errors: readonly GraphQLError[]) {
    super('the document is not valid');
  }
}

/** A document that is executed, and its cost. */
export interface Accepted {
  readonly document: DocumentNode;
  readonly text: string;
  readonly cost: number;
  /** The operation is a subscription, whose answer is no single one. */
  readonly subscribes: boolean;
  /** It has a mutation, which needs POST. */
  readonly changes: boolean;
  readonly variables: readonly VariableDefinitionNode[];
}

const hasMutation = ({ definitions }: DocumentNode): boolean =>
  definitions.some(
    (one) => one.kind === Kind.OPERATION_DEFINITION && one.operation === OperationTypeNode.MUTATION,
  );

/** Caches documents that are valid and within the limits, because most are sent repeatedly. */
class AcceptedDocuments {
  private readonly texts = new LRUCache<string, Accepted>({ max: DOCUMENTS_KEPT });

  constructor(
    private readonly app: FastifyInstance,
    private readonly persisted: PersistedDocuments,
  ) {}

  /**
   * Checks a document before mercurius gets it, so that it neither caches nor executes an invalid or too
   * large one.
   *
   * @returns the text of the operation to run, and its cost
   * @throws RequestError or InvalidDocument
   */
  accept(body: Body & { readonly query: string }): Accepted {
    const { query } = body;
    if (query.length > QUESTION_LIMITS.characters)
      throw limitExceeded('characters in a question', QUESTION_LIMITS.characters, query.length, '/query');
    const key = `${typeof body.operationName === 'string' ? body.operationName : ''}\0${query}`;
    const known = this.texts.get(key);
    if (known !== undefined) return known;
    const document = parseWithin(query);
    this.persisted.require(document);
    const cost = refuseTooMuch(document);
    const errors = validate(this.app.graphql.schema, document, undefined, { maxErrors: 10 });
    if (errors.length > 0) throw new InvalidDocument(errors.map((error) => nameArgument(error, document)));
    const accepted = {
      document,
      subscribes:
        getOperationAST(document, body.operationName as string)?.operation === OperationTypeNode.SUBSCRIPTION,
      text: reduceToOperation(document, body),
      cost,
      changes: hasMutation(document),
      variables: getOperationAST(document, body.operationName as string)?.variableDefinitions ?? [],
    };
    this.texts.set(key, accepted);
    return accepted;
  }

  /**
   * Checks the values of the variables. mercurius does so too, but not in the request in which it compiles
   * the document: there an error does not tell what is allowed.
   *
   * @throws InvalidDocument
   */
  checkVariables({ variables: definitions }: Accepted, { variables }: Body): void {
    const values = (typeof variables === 'object' ? variables : null) ?? {};
    const { errors } = getVariableValues(
      this.app.graphql.schema,
      definitions,
      { ...values },
      { maxErrors: 10 },
    );
    if (errors !== undefined) throw new InvalidDocument(errors);
  }
}

function parseWithin(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: QUESTION_LIMITS.tokens });
  } catch (error) {
    if (/more that \d+ tokens/.test((error as Error).message))
      throw limitExceeded('tokens in a question', QUESTION_LIMITS.tokens, 'more', '/query');
    throw new InvalidDocument([error as GraphQLError]);
  }
}

/**
 * Makes mercurius follow the GraphQL-over-HTTP specification. Call it before the GraphQL module starts.
 *
 * Only a persisted document can be asked for by GET.
 */
export function graphqlOverHttp(app: FastifyInstance, persisted: PersistedDocuments): Questions {
  const accepted = new AcceptedDocuments(app, persisted);
  const costs = new WeakMap<FastifyRequest, number>();
  const subscriptions = new WeakMap<FastifyRequest, Subscribed>();
  app.addHook('onRequest', (request, reply, done) => {
    if (!isGraphql(request) || request.method === 'POST' || isUpgrade(request)) return done();
    if (request.method === 'GET' && !persisted.isEmpty && isPersisted(request.query)) return done();
    void reply.header('allow', persisted.isEmpty ? 'POST' : 'GET, POST');
    done(
      new RequestError(
        'METHOD_NOT_ALLOWED',
        'a question is asked by POST, with a JSON body that has the field "query"; ' +
          `GET is for persisted documents only; found ${request.method}`,
      ),
    );
  });
  app.addHook('preValidation', (request, _reply, done) => {
    if (!isGraphql(request)) return done();
    const sent = request.method === 'GET' ? request.query : request.body;
    if (sent === null || typeof sent !== 'object') return done();
    try {
      const body = sent as Body;
      const document = request.method === 'GET' ? readParameters(body) : body;
      const found = resolve(document, persisted, accepted);
      if (request.method === 'GET' && found?.changes === true)
        throw new RequestError('METHOD_NOT_ALLOWED', 'a mutation needs POST, found GET');
      if (found !== null) {
        body.query = found.text;
        costs.set(request, found.cost);
        if (found.subscribes) subscriptions.set(request, { ...document, document: found.document });
      }
    } catch (error) {
      return done(error as Error);
    }
    done();
  });
  app.addHook('onReady', async () => {
    app.graphql.addHook('onResolution', async (execution, context) => {
      const { request } = (context as unknown as { reply: { request: FastifyRequest } }).reply;
      const requested = costs.get(request);
      if (requested === undefined) return;
      execution.extensions = { ...execution.extensions, cost: { requested, limit: QUESTION_LIMITS.cost } };
    });
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (isGraphql(request) && wantsResponseJson(request))
      reply.header('content-type', `${RESPONSE_JSON}; charset=utf-8`);
    done(null, payload);
  });
  return {
    path: PATH,
    schema: () => app.graphql.schema,
    check: (body) => {
      const found = resolve({ ...body }, persisted, accepted);
      if (found === null) throw new RequestError('BAD_USER_INPUT', 'the message has no document');
      return found;
    },
    subscriptionOf: (request) => subscriptions.get(request) ?? null,
    toError: toGraphqlError,
  };
}

/** A request with a valid subscription. */
export type Subscribed = Body & Pick<Accepted, 'document'>;

/** What the transports of subscriptions share with questions. */
export interface Questions {
  readonly path: string;
  readonly schema: () => GraphQLSchema;
  /** Checks what a question of the same body would be checked for. @throws RequestError or InvalidDocument */
  readonly check: (body: object) => Accepted;
  /** Null: the request is no subscription. */
  readonly subscriptionOf: (request: FastifyRequest) => Subscribed | null;
  /** Gives an error the form and the code that it has in an answer. */
  readonly toError: (error: Error) => GraphQLError;
}

/** Returns an error as an answer has it. Of an invalid document it is the first one. */
function toGraphqlError(error: Error): GraphQLError {
  const first = error instanceof InvalidDocument ? error.errors[0]! : error;
  const { message, extensions, path } = toResponseError(
    first instanceof GraphQLError ? first : new GraphQLError(first.message, { originalError: first }),
  ) as { message: string; extensions: Record<string, unknown>; path?: readonly (string | number)[] };
  return new GraphQLError(message, { extensions, path: path ?? null });
}

const isPersisted = (query: unknown): boolean => {
  const { query: text, extensions } = query as { query?: unknown; extensions?: unknown };
  return text === undefined && typeof extensions === 'string';
};

/** Parses the parameters of a GET request, whose values are JSON. */
function readParameters(parameters: Body): Body {
  const parsed: Body = { ...parameters };
  for (const name of ['variables', 'extensions'] as const)
    if (typeof parameters[name] === 'string')
      try {
        parsed[name] = JSON.parse(parameters[name]) as unknown;
      } catch {
        throw new RequestError('BAD_USER_INPUT', `the parameter ${name} must be JSON`);
      }
  return parsed;
}

/** Returns the document of a request, after all checks. Null if there is none: mercurius says so. */
function resolve(body: Body, persisted: PersistedDocuments, accepted: AcceptedDocuments): Accepted | null {
  for (const key of ['extensions', 'variables', 'operationName'] as const)
    if (body[key] === null) delete body[key];
  if (hasInvalidText(body))
    throw new RequestError(
      'BAD_USER_INPUT',
      'the question has a NUL character or half of a surrogate pair, which no name or label can have',
    );
  const query = persisted.textOf(body);
  if (query === undefined) return null;
  const found = accepted.accept({ ...body, query });
  accepted.checkVariables(found, body);
  return found;
}

/** Whether Fastify refused the body by its size or its type. */
const isRefusedEarlier = (
  error: (Error & { statusCode?: number }) | undefined,
): error is Error & { statusCode: number } => error?.statusCode === 413 || error?.statusCode === 415;

/**
 * Maps an error to the response: request errors and those of mercurius with their code, bugs without details.
 */
function toResponseError(error: GraphQLError) {
  const at = {
    ...(error.locations && { locations: error.locations }),
    ...(error.path && { path: error.path }),
  };
  const { originalError: original, extensions } = error as GraphQLError & {
    originalError?: Error & { code?: string };
  };
  if (original instanceof RequestError)
    return {
      message: original.message,
      ...at,
      extensions: { code: original.code, ...(original.problems.length > 0 && { errors: original.problems }) },
    };
  if (isRefusedEarlier(original)) {
    const { code, detail } = toProblem(original, BODY_LIMITS.question);
    return { message: detail, ...at, extensions: { code } };
  }
  if (typeof extensions?.['code'] === 'string' && !extensions['code'].startsWith('MER_'))
    return { message: error.message, ...at, extensions: { ...extensions, code: extensions['code'] } };
  if (original?.code?.startsWith('MER_ERR_GQL') || error.path === undefined)
    return { message: error.message, ...at, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } };
  if (isUnavailable(original))
    return {
      message: 'the database does not answer; try again in a few seconds',
      ...at,
      extensions: { code: 'UNAVAILABLE' },
    };
  bugs.note(original ?? error);
  return {
    message: 'internal error; details are in the log of the server',
    ...at,
    extensions: { code: 'INTERNAL' },
  };
}

/** Unwraps the error into which mercurius puts all errors of a validation. */
function unwrap(error: GraphQLError): readonly GraphQLError[] {
  const within =
    (error.originalError as { errors?: unknown } | undefined)?.errors ??
    (error as { errors?: unknown }).errors;
  return Array.isArray(within) && within.length > 0 ? (within as GraphQLError[]) : [error];
}

/** Gives each error of a response its code and the response its status. */
export const errorFormatter: NonNullable<MercuriusOptions['errorFormatter']> = (execution, context) => {
  const out = mercurius.defaultErrorFormatter(execution, context as never);
  const errors = (execution.errors ?? []).flatMap(unwrap).map(toResponseError);
  const { reply } = context as { reply?: FastifyReply };
  const failed =
    execution.data == null ? execution.errors?.find(({ path }) => path === undefined) : undefined;
  const requestError = failed?.originalError;
  if (requestError instanceof RateLimited) void reply?.header('retry-after', requestError.retryAfterSeconds);
  const early =
    requestError instanceof RequestError
      ? requestError.status
      : isRefusedEarlier(requestError)
        ? requestError.statusCode
        : null;
  if (early === 503) void reply?.header('retry-after', '5');
  // nothing was executed: then the specification wants no `data`
  if (failed !== undefined) {
    const legacy =
      requestError instanceof InvalidDocument && reply !== undefined && acceptsOnlyJson(reply.request);
    return { statusCode: early ?? (legacy ? 200 : 400), response: { errors } as never };
  }
  const statusCode = reply !== undefined && out.statusCode >= 500 ? 500 : 200;
  return { statusCode, response: { data: execution.data ?? null, errors } as never };
};
