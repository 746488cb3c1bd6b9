import type { INestApplication } from '@nestjs/common';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { Heartbeat, Manifest, Report } from '@klpreg/wire';
import { z } from 'zod';
import { VERSION } from './version.js';

const problem = {
  description: 'RFC 9457 problem details: which field, what was wrong, what was found. Nothing was stored.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
const schemaOf = (schema: z.ZodType): object => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' });
  return rest;
};
const json = (schema: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } });
const answer = (description: string, properties: object) => ({ description, content: { 'application/json': { schema: { type: 'object', properties } } } });
const later = {
  ...problem,
  description: 'Not now: too many documents wait, or the database does not answer. Nothing was done; send it again after so many seconds, or somewhat later.',
  headers: { 'Retry-After': { required: true, description: 'In seconds.', schema: { type: 'integer', minimum: 1 } } },
};
const refusals = { 400: problem, 401: problem, 403: problem, 408: problem, 413: problem, 415: problem, 421: problem, 422: problem };
const outcome = (...values: string[]) => ({ type: 'string', enum: values });
const batch = (of: string) => ({
  summary: 'As many at once, at most 1000: each has its own outcome',
  security: [{ token: [] }],
  requestBody: {
    required: true,
    content: { 'application/json': { schema: { type: 'array', maxItems: 1000, items: { $ref: `#/components/schemas/${of}` } } } },
  },
  responses: {
    200: answer('In the order of the documents: the answer, or the problem', { results: { type: 'array', items: { type: 'object' } } }),
    ...refusals,
    503: later,
  },
});
const interval = { intervalSeconds: { type: 'integer', description: 'How many seconds to wait before the next document.' } };

/** The HTTP doors as an OpenAPI 3.1 document, made from the schemas that check them. */
function openApi(): OpenAPIObject {
  return {
    openapi: '3.1.0',
    info: { title: 'Livepatch state registry', version: VERSION, description: 'Documents in. Questions are asked at /graphql; schema.graphql describes them.' },
    paths: {
      '/v1/reports': {
        post: {
          summary: 'What an agent saw at one instant',
          description:
            'A 2xx answer means durably committed. A repeated document changes nothing; an older one never overwrites a newer one; the same sequence with other content is 409.',
          security: [{ token: [] }],
          requestBody: { required: true, content: json('Report') },
          responses: {
            200: answer('Stored', { outcome: outcome('STORED', 'UNCHANGED', 'REPEATED', 'SUPERSEDED'), host: { type: 'string', format: 'uuid' }, ...interval }),
            ...refusals,
            409: problem,
            503: later,
          },
        },
      },
      '/v1/reports:batch': { post: batch('Report') },
      '/v1/heartbeats:batch': { post: batch('Heartbeat') },
      '/v1/heartbeats': {
        post: {
          summary: 'Nothing changed since the report with this digest',
          security: [{ token: [] }],
          requestBody: { required: true, content: json('Heartbeat') },
          responses: {
            200: answer('Whether that is enough', {
              outcome: outcome('CONFIRMED', 'REPORT_WANTED', 'SUPERSEDED'),
              reason: { type: ['string', 'null'], enum: ['UNKNOWN_HOST', 'OTHER_BOOT', 'OTHER_CONTENT', 'OVERTAKEN', 'REFERENCED_LEFTOVER', null] },
              ...interval,
            }),
            ...refusals,
            503: later,
          },
        },
      },
      '/v1/patches/{buildId}': {
        put: {
          summary: 'What a livepatch is',
          description: 'With the module file (a form), which is parsed here; or its facts alone (JSON), which are weaker evidence.',
          security: [{ token: [] }],
          parameters: [{ name: 'buildId', in: 'path', required: true, schema: { type: 'string', pattern: '^(?:[0-9a-f]{2}){8,64}$' } }],
          requestBody: {
            required: true,
            content: {
              'multipart/form-data': {
                schema: {
                  type: 'object',
                  required: ['module', 'release', 'owner'],
                  properties: {
                    module: { type: 'string', format: 'binary', description: 'The .ko file, plain or as .xz, .zst, .gz.' },
                    author: { type: 'string', description: "FILE.klp.yaml: the author's word." },
                    signature: { type: 'string', description: "Ed25519 over the canonical form of the author's word, in base64: MANIFEST evidence." },
                    release: { type: 'string' },
                    owner: { type: 'string' },
                  },
                },
              },
              ...json('Manifest'),
            },
          },
          responses: {
            200: answer('What became of it', {
              outcome: outcome('PUBLISHED', 'UNCHANGED', 'UPDATED', 'CONFLICT'),
              buildId: { type: 'string' },
              name: { type: 'string' },
              release: { type: 'string' },
              owner: { type: 'string' },
              evidence: outcome('MODULE', 'UNSIGNED'),
              conflicts: { type: 'array', items: { type: 'string' } },
            }),
            ...refusals,
            503: later,
          },
        },
      },
      '/livez': { get: { summary: 'The process lives', responses: { 200: { description: 'It does.' } } } },
      '/metrics': {
        get: {
          summary: 'Metrics for Prometheus',
          responses: { 200: { description: 'In its text format.', content: { 'text/plain': { schema: { type: 'string' } } } } },
        },
      },
      '/readyz': { get: { summary: 'The database answers', responses: { 200: { description: 'It does.' }, 503: problem } } },
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Report: schemaOf(Report),
        Heartbeat: schemaOf(Heartbeat),
        Manifest: schemaOf(Manifest),
        Problem: {
          type: 'object',
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
            code: { type: 'string', description: 'Stable; scripts match on it.' },
            errors: {
              type: 'array',
              items: { type: 'object', properties: { pointer: { type: 'string' }, detail: { type: 'string' }, found: { type: 'string' } } },
            },
          },
        },
      },
    },
  } as unknown as OpenAPIObject;
}

/** Serves the document and a page to read it: `/docs`, `/docs/json`. */
export function serveDocs(app: INestApplication): void {
  SwaggerModule.setup('docs', app, openApi(), { jsonDocumentUrl: 'docs/json', customSiteTitle: 'Livepatch state registry' });
}
