import type { INestApplication } from '@nestjs/common';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { BuildId, EnrolmentRequest, Heartbeat, Manifest, RenewalRequest, Report } from '@klpreg/wire';
import { z } from 'zod';
import { codesOfStatus, ProblemDetails } from './errors.js';
import {
  EnrolmentAnswer,
  HeartbeatAnswer,
  PublishAnswer,
  PublishFields,
  ReportAnswer,
} from './ingest/answers.js';
import { LoginAnswer } from './access/oidc/login.controller.js';
import { BATCH_LIMIT } from './limits.js';
import { VERSION } from './version.js';

const PublishForm = PublishFields.extend({
  module: z
    .unknown()
    .meta({ type: 'string', format: 'binary', description: 'The .ko file, plain or as .xz, .zst or .gz.' }),
});

/** The schemas that the routes use, by their name in the document. */
const SCHEMAS = {
  Report,
  ReportAnswer,
  Heartbeat,
  HeartbeatAnswer,
  EnrolmentRequest,
  RenewalRequest,
  EnrolmentAnswer,
  LoginAnswer,
  Manifest,
  PublishForm,
  PublishAnswer,
  ProblemDetails,
};
type SchemaName = keyof typeof SCHEMAS;

function toOpenApi(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

const ref = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object) => ({ 'application/json': { schema } });
const answer = (schema: object) => ({
  200: { description: 'The outcome. What is stored is durably committed.', content: json(schema) },
});

/** Responses with problem details, for these HTTP statuses. */
const problems = (...statuses: readonly number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: `Nothing was stored. Codes: ${codesOfStatus(status).join(', ')}.`,
        content: { 'application/problem+json': { schema: ref('ProblemDetails') } },
        ...((status === 503 || status === 429) && {
          headers: {
            'Retry-After': {
              required: true,
              description: 'In seconds.',
              schema: { type: 'integer', minimum: 1 },
            },
          },
        }),
      },
    ]),
  );
/** Every route: a page of another origin, or another name of the server. */
const ANY_ROUTE = [403, 421];
/** Every route with a token. */
const WITH_TOKEN = [401, 429, ...ANY_ROUTE];
const WITH_BODY = [400, 408, 413, 415, 422, 503, ...WITH_TOKEN];

const TAGS = {
  Agents: 'Messages of agents, or of relays that send for them.',
  Enrolment: 'Credentials of hosts.',
  Catalog: 'Published livepatches.',
  Questions: 'GraphQL. The schema describes every question.',
  Operations: 'Health and metrics of this server.',
} as const;

/** What an operation is called. */
interface Name {
  readonly operationId: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
}
const named = ({ operationId, tag, summary }: Name) => ({ operationId, tags: [tag], summary });
const TOKEN = [{ token: [] }];
/** Without a token while access is switched off. */
const TOKEN_OR_NONE = [...TOKEN, {}];

const post = (name: Name, body: object, response: object, ...more: readonly number[]) => ({
  post: {
    ...named(name),
    security: TOKEN as object[],
    requestBody: { required: true, content: json(body) },
    responses: { ...answer(response), ...problems(...WITH_BODY, ...more) },
  },
});

/** A request for a credential. 202: an admin must approve the host. */
function enrolment(name: Name, request: SchemaName) {
  const { post: route } = post(name, ref(request), ref('EnrolmentAnswer'), 409);
  const pending = {
    description: 'An admin must approve the host: ask again.',
    headers: { 'Retry-After': { required: true, schema: { type: 'integer', minimum: 1 } } },
    content: json(ref('EnrolmentAnswer')),
  };
  const security = request === 'RenewalRequest' ? [] : route.security;
  return { post: { ...route, security, responses: { ...route.responses, 202: pending } } };
}

/**
 * A batch request: each message has its own answer or its own problem details, in the order of the request.
 */
const batch = (operationId: string, message: SchemaName, answerName: SchemaName) =>
  post(
    { operationId, tag: 'Agents', summary: `Up to ${BATCH_LIMIT} messages in one request` },
    { type: 'array', maxItems: BATCH_LIMIT, items: ref(message) },
    {
      type: 'object',
      required: ['results'],
      properties: { results: { type: 'array', items: { anyOf: [ref(answerName), ref('ProblemDetails')] } } },
    },
  );

const text = (type: string) => ({ [type]: { schema: { type: 'string' } } });
const STATUS = json({ type: 'object' });

const get = (name: Name, security: object[], content: object, ...more: readonly number[]) => ({
  get: {
    ...named(name),
    security,
    responses: {
      200: { description: 'OK', content },
      ...problems(...(security.length > 0 ? WITH_TOKEN : ANY_ROUTE), ...more),
    },
  },
});

const publish = {
  put: {
    ...named({
      operationId: 'publishPatch',
      tag: 'Catalog',
      summary:
        'Publish a livepatch module: its file as a form, or its facts as JSON, which are weaker evidence',
    }),
    security: TOKEN,
    parameters: [
      {
        name: 'buildId',
        in: 'path',
        required: true,
        description: "The build-id of the module, from its section '.note.gnu.build-id'.",
        schema: toOpenApi(BuildId),
      },
    ],
    requestBody: {
      required: true,
      content: { 'multipart/form-data': { schema: ref('PublishForm') }, ...json(ref('Manifest')) },
    },
    responses: { ...answer(ref('PublishAnswer')), ...problems(...WITH_BODY) },
  },
};

/** A question. Its errors have the format of GraphQL. */
const graphql = {
  post: {
    ...named({ operationId: 'ask', tag: 'Questions', summary: 'Ask or change by a GraphQL document' }),
    security: TOKEN_OR_NONE,
    requestBody: {
      required: true,
      content: json({
        type: 'object',
        required: ['query'],
        properties: {
          query: { type: 'string' },
          operationName: { type: ['string', 'null'] },
          variables: { type: ['object', 'null'] },
          extensions: { type: ['object', 'null'] },
        },
      }),
    },
    responses: Object.fromEntries(
      [200, ...new Set([...WITH_BODY, 405])].map((status) => [
        status,
        {
          description: status === 200 ? 'The data, errors, or both.' : 'Errors. Nothing was executed.',
          content: {
            'application/graphql-response+json': { schema: { type: 'object' } },
            ...json({ type: 'object' }),
          },
        },
      ]),
    ),
  },
};

const PATHS = {
  '/': get({ operationId: 'frontPage', tag: 'Operations', summary: 'What this server has, and where' }, [], {
    ...text('text/html'),
    ...STATUS,
  }),
  '/v1/reports': post(
    { operationId: 'sendReport', tag: 'Agents', summary: 'Store what an agent observed' },
    ref('Report'),
    ref('ReportAnswer'),
    409,
  ),
  '/v1/reports:batch': batch('sendReports', 'Report', 'ReportAnswer'),
  '/v1/heartbeats': post(
    { operationId: 'sendHeartbeat', tag: 'Agents', summary: 'Confirm the last report' },
    ref('Heartbeat'),
    ref('HeartbeatAnswer'),
  ),
  '/v1/heartbeats:batch': batch('sendHeartbeats', 'Heartbeat', 'HeartbeatAnswer'),
  '/v1/enrolments': enrolment(
    {
      operationId: 'enrolHost',
      tag: 'Enrolment',
      summary: 'Enrol a host by an enrolment token, and get its first credential',
    },
    'EnrolmentRequest',
  ),
  '/v1/credentials': enrolment(
    {
      operationId: 'renewCredential',
      tag: 'Enrolment',
      summary: 'Renew the credential of a host by its key. No token is needed',
    },
    'RenewalRequest',
  ),
  '/v1/patches/{buildId}': publish,
  '/v1/login': get(
    {
      operationId: 'howToSignIn',
      tag: 'Operations',
      summary: 'How people sign in with OpenID Connect. No token is needed',
    },
    [],
    json(ref('LoginAnswer')),
  ),
  '/graphql': graphql,
  '/graphql/schema': get(
    { operationId: 'readSchema', tag: 'Questions', summary: 'The GraphQL schema as text' },
    TOKEN_OR_NONE,
    text('text/plain'),
  ),
  '/metrics': get(
    { operationId: 'readMetrics', tag: 'Operations', summary: 'Metrics in the text format of Prometheus' },
    TOKEN_OR_NONE,
    text('text/plain'),
  ),
  '/livez': get(
    { operationId: 'isAlive', tag: 'Operations', summary: 'Whether the process runs' },
    [],
    STATUS,
  ),
  '/readyz': get(
    {
      operationId: 'isReady',
      tag: 'Operations',
      summary: 'Whether the database answers and can be written',
    },
    [],
    STATUS,
    503,
  ),
};

/**
 * The HTTP routes as an OpenAPI 3.1 document, generated from the schemas and the codes that the routes use.
 */
const openApi = (): OpenAPIObject =>
  ({
    openapi: '3.1.0',
    info: {
      title: 'Livepatch state registry',
      version: VERSION,
      description: 'Messages of agents, publishing, and questions by GraphQL.',
      license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: PATHS,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token, or the credential of a host.' },
      },
      schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, toOpenApi(schema)])),
    },
  }) as unknown as OpenAPIObject;

/** Serves the document at `/docs/json`, and a page to read it at `/docs`. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, openApi(), {
    jsonDocumentUrl: 'docs/json',
    customSiteTitle: 'Livepatch state registry',
  });
}
