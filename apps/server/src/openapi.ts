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
const REFUSALS = [400, 401, 403, 408, 413, 415, 421, 422, 429, 503];

const post = (summary: string, body: object, response: object, ...more: readonly number[]) => ({
  post: {
    summary,
    security: [{ token: [] }],
    requestBody: { required: true, content: json(body) },
    responses: { ...answer(response), ...problems(...REFUSALS, ...more) },
  },
});

/** A request for a credential. 202: an admin must approve the host. */
function enrolment(summary: string, request: SchemaName) {
  const { post: route } = post(summary, ref(request), ref('EnrolmentAnswer'), 409);
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
const batch = (message: SchemaName, answerName: SchemaName) =>
  post(
    `Up to ${BATCH_LIMIT} messages in one request`,
    { type: 'array', maxItems: BATCH_LIMIT, items: ref(message) },
    {
      type: 'object',
      required: ['results'],
      properties: { results: { type: 'array', items: { anyOf: [ref(answerName), ref('ProblemDetails')] } } },
    },
  );

const get = (summary: string, ...more: readonly number[]) => ({
  get: { summary, responses: { 200: { description: 'OK' }, ...problems(...more) } },
});

const publish = {
  put: {
    summary:
      'Publish a livepatch module: its file as a form, or its facts as JSON, which are weaker evidence',
    security: [{ token: [] }],
    parameters: [{ name: 'buildId', in: 'path', required: true, schema: toOpenApi(BuildId) }],
    requestBody: {
      required: true,
      content: { 'multipart/form-data': { schema: ref('PublishForm') }, ...json(ref('Manifest')) },
    },
    responses: { ...answer(ref('PublishAnswer')), ...problems(...REFUSALS) },
  },
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
      description:
        'Messages of agents, and publishing. Questions are answered at /graphql, described by ' +
        'schema.graphql.',
    },
    paths: {
      '/v1/reports': post('Store what an agent observed', ref('Report'), ref('ReportAnswer'), 409),
      '/v1/reports:batch': batch('Report', 'ReportAnswer'),
      '/v1/heartbeats': post('Confirm the last report', ref('Heartbeat'), ref('HeartbeatAnswer')),
      '/v1/heartbeats:batch': batch('Heartbeat', 'HeartbeatAnswer'),
      '/v1/enrolments': enrolment(
        'Enrol a host by an enrolment token, and get its first credential',
        'EnrolmentRequest',
      ),
      '/v1/credentials': enrolment(
        'Renew the credential of a host by its key. No token is needed',
        'RenewalRequest',
      ),
      '/v1/patches/{buildId}': publish,
      '/v1/login': {
        get: {
          summary: 'How people sign in with OpenID Connect. No token is needed',
          responses: { 200: { description: 'OK', content: json(ref('LoginAnswer')) }, ...problems(421) },
        },
      },
      '/metrics': {
        get: {
          ...get('Metrics in the text format of Prometheus', 401, 403).get,
          security: [{ token: [] }, {}],
        },
      },
      '/livez': get('Whether the process runs'),
      '/readyz': get('Whether the database answers and can be written', 503),
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
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
