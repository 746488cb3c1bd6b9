import type { FastifyRequest } from 'fastify';
import { bearerOf } from '../access/access.js';

/** The context of a GraphQL request. */
export interface RequestContext {
  readonly reply: { readonly request: FastifyRequest };
}

/** Returns the name of the token that this request was sent with. */
export const senderOf = (context: RequestContext): string => bearerOf(context.reply.request).name;
