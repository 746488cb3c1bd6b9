import type { FastifyRequest } from 'fastify';
import { bearerOf } from '../access/access.js';
import type { Scope } from '../store/access/tokens.store.js';

/** The context of a GraphQL request. */
export interface RequestContext {
  readonly reply: { readonly request: FastifyRequest };
}

/** Returns the name of the token that this request was sent with. */
export const senderOf = (context: RequestContext): string => bearerOf(context.reply.request).name;

/** Returns the scope of the token that this request was sent with. */
export const scopeOf = (context: RequestContext): Scope | null => bearerOf(context.reply.request).scope;
