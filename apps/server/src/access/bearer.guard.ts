import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../clock.js';
import { Mistake } from '../errors.js';
import { type Bearer, TokensStore } from '../store/tokens.store.js';
import { type Role, ROLES } from './roles.js';

/** Who sent each request that needed a token. */
const bearers = new WeakMap<FastifyRequest, Bearer>();

/** Who is asking, for the audit log. Only behind a door that `Roles` guards. */
export const bearerOf = (request: FastifyRequest): Bearer => bearers.get(request) ?? { name: 'nobody', role: 'none' };

/** The request behind an HTTP or a GraphQL call. */
function requestOf(context: ExecutionContext): FastifyRequest {
  if (context.getType<string>() !== 'graphql') return context.switchToHttp().getRequest<FastifyRequest>();
  return GqlExecutionContext.create(context).getContext<{ reply: { request: FastifyRequest } }>().reply.request;
}

/** Lets through who bears a token of a role that the door asks for. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokensStore,
    private readonly clock: Clock,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const roles = this.reflector.getAllAndOverride<Role[] | undefined>(ROLES, [context.getHandler(), context.getClass()]);
    if (roles === undefined) return true;
    const request = requestOf(context);
    const token = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new Mistake('UNAUTHENTICATED', 'this needs a token: send the header "Authorization: Bearer TOKEN"');
    const bearer = await this.tokens.find(token, this.clock.now());
    if (bearer === null) throw new Mistake('UNAUTHENTICATED', 'this token is not known, has expired or was revoked');
    if (!roles.includes(bearer.role as Role))
      throw new Mistake('FORBIDDEN', `this needs a token of the role ${roles.join(' or ')}; this one is of the role ${bearer.role}`);
    bearers.set(request, bearer);
    return true;
  }
}
