import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { FastifyRequest } from 'fastify';
import type { Bearer, Role } from '../store/access/tokens.store.js';
import { Bearers } from './bearers.js';
import { ROLES } from './roles.js';

/** The holder of the token of each request to a guarded route. */
const bearers = new WeakMap<FastifyRequest, Bearer>();

/** Returns the holder of the token, for the audit log. Only on routes that `Roles` guards. */
export const bearerOf = (request: FastifyRequest): Bearer =>
  bearers.get(request) ?? { name: 'unknown', role: 'none', scope: null, owners: null };

/** The request behind an HTTP or a GraphQL call. */
function requestOf(context: ExecutionContext): FastifyRequest {
  if (context.getType<string>() !== 'graphql') return context.switchToHttp().getRequest<FastifyRequest>();
  return GqlExecutionContext.create(context).getContext<{ reply: { request: FastifyRequest } }>().reply
    .request;
}

/** Requires a token of one of the roles that `Roles` names. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly bearers: Bearers,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const roles = this.reflector.getAllAndOverride<Role[] | undefined>(ROLES, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (roles === undefined) return true;
    const request = requestOf(context);
    bearers.set(request, await this.bearers.admit(request, roles));
    return true;
  }
}
