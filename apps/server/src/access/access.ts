import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../config.js';
import { RequestError } from '../errors.js';
import type { Bearer } from '../store/access/tokens.store.js';
import type { Right } from './access-table.js';
import { Bearers } from './bearers.js';

/** Who sends each request. */
const bearers = new WeakMap<FastifyRequest, Bearer>();

/** Who asks without a token, where none is needed. */
const ANYONE: Bearer = { name: 'anyone', role: 'none', scope: null, owners: null };

/** Returns who sends a request. @throws Error for a request that was not admitted: to see everything is no default */
export function bearerOf(request: FastifyRequest): Bearer {
  const bearer = bearers.get(request);
  if (bearer === undefined) throw new Error('the request was not admitted by the access table');
  return bearer;
}

/** @throws RequestError FORBIDDEN if the sender publishes for other owners only */
export function requireOwner({ owners }: Bearer, owner: string): void {
  if (owners === null || owners.includes(owner)) return;
  throw new RequestError('FORBIDDEN', `this token publishes for ${owners.join(', ')} only, found ${owner}`);
}

/** Admits requests by the rows of the access table. */
@Injectable()
export class Access {
  /** All routes that were registered, as the table names them. */
  readonly routes = new Set<string>();

  constructor(
    private readonly bearers: Bearers,
    @Inject(CONFIG) private readonly config: Pick<Config, 'access'>,
  ) {}

  /**
   * Returns who sends the request. A promise only if its token is not cached.
   *
   * @throws RequestError UNAUTHENTICATED or FORBIDDEN
   */
  admit(request: FastifyRequest, right: Right): Bearer | Promise<Bearer> {
    if (right.kinds === null || (right.openWhenOff && !this.config.access)) return note(request, ANYONE);
    const bearer = this.bearers.admit(request, right.kinds);
    if (bearer instanceof Promise) return bearer.then((found) => note(request, within(found, right)));
    return note(request, within(bearer, right));
  }
}

/** A document may have an open field and one that needs a token: its sender stays known. */
function note(request: FastifyRequest, bearer: Bearer): Bearer {
  if (bearer !== ANYONE || !bearers.has(request)) bearers.set(request, bearer);
  return bearer;
}

function within(bearer: Bearer, { wholeFleet }: Right): Bearer {
  if (wholeFleet === true && bearer.scope !== null)
    throw new RequestError('FORBIDDEN', 'this is about the whole fleet, and the token has a scope');
  return bearer;
}
