import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DocumentNode } from 'graphql';
import 'mercurius';
import type { Access } from '../access/access.js';
import { FIELDS } from '../access/access-table.js';
import { rootFieldsOf } from './root-fields.js';

/**
 * Admits the sender of a document to all its root fields.
 *
 * @throws RequestError UNAUTHENTICATED or FORBIDDEN
 */
export async function admitFields(
  access: Access,
  request: FastifyRequest,
  document: DocumentNode,
): Promise<void> {
  for (const { type, name } of rootFieldsOf(document)) {
    if (name === '__typename') continue;
    const field = `${type}.${name}`;
    const right = FIELDS[field];
    if (right === undefined) throw new Error(`the field ${field} has no row in access-table.ts`);
    await access.admit(request, right, field);
  }
}

/**
 * Guards each root field, and introspection, by its row of the access table. A document is admitted as a
 * whole.
 */
export function guardFields(fastify: FastifyInstance, access: Access): void {
  fastify.addHook('onReady', async () => {
    fastify.graphql.addHook('preExecution', async (_schema, document, context) => {
      const { request } = (context as unknown as { reply: { request: FastifyRequest } }).reply;
      await admitFields(access, request, document);
    });
  });
}
