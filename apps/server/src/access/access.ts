import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { bugs } from '../bug-log.js';
import { CONFIG, type Config } from '../config.js';
import { isUnavailable } from '../database/unavailable.js';
import { RequestError } from '../errors.js';
import type { AuditEntry } from '../store/access/audit-chain.js';
import { AuditStore } from '../store/access/audit.store.js';
import type { Bearer } from '../store/access/tokens.store.js';
import { FIELDS, type Right } from './access-table.js';
import { Bearers } from './bearers.js';
import { Rates } from './rates.js';

/** Who asks without a token, where none is needed. */
const ANYONE: Bearer = { name: 'anyone', role: 'none', scope: null, owners: null, expiresAt: null };

/**
 * Returns who sends a request. @throws Error for a request that was not admitted: to see everything is no
 * default
 */
export function bearerOf(request: FastifyRequest): Bearer {
  const { bearer } = request;
  if (bearer === null) throw new Error('the request was not admitted by the access table');
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
    private readonly audit: AuditStore,
    private readonly rates: Rates,
    @Inject(CONFIG) private readonly config: Pick<Config, 'access'>,
  ) {}

  /**
   * Admits a request to a route, and counts it.
   *
   * @throws RequestError UNAUTHENTICATED, FORBIDDEN or RATE_LIMITED
   */
  async enter(request: FastifyRequest, right: Right, name: string): Promise<void> {
    this.rates.count(request, await this.admit(request, right, name));
  }

  /**
   * Returns who sends the request. A promise only if its token is not cached.
   *
   * @param name the row of the access table, for the audit log
   * @throws RequestError UNAUTHENTICATED or FORBIDDEN
   */
  admit(request: FastifyRequest, right: Right, name: string): Bearer | Promise<Bearer> {
    const isOpen = right.openWhenOff && !this.config.access;
    if (right.kinds === null || (isOpen && !request.headers.authorization)) return note(request, ANYONE);
    const bearer = this.bearers.identify(request);
    // a token that is given must be valid, even where none is needed: its sender relies on it
    const admit = (found: Bearer) =>
      isOpen ? note(request, ANYONE) : this.admitBearer(request, right, name, found);
    return bearer instanceof Promise ? bearer.then(admit) : admit(bearer);
  }

  /**
   * Returns the holder of the token that a request was sent with, also where none is needed.
   *
   * @throws RequestError UNAUTHENTICATED
   */
  async holderOf(request: FastifyRequest): Promise<Bearer> {
    return request.headers.authorization ? this.bearers.identify(request) : ANYONE;
  }

  /** Returns the root fields that this sender may use, such as `Query.hosts`. */
  fieldsOf(bearer: Bearer): string[] {
    return Object.entries(FIELDS).flatMap(([name, right]) =>
      (right.openWhenOff && !this.config.access) || refuse(bearer, right) === null ? [name] : [],
    );
  }

  /**
   * Checks the right of a bearer. Records a refusal in the audit log if the field changes data or shows
   * credentials.
   */
  private admitBearer(request: FastifyRequest, right: Right, name: string, bearer: Bearer): Bearer {
    const refusal = refuse(bearer, right);
    if (refusal === null) return note(request, bearer);
    if (!right.openWhenOff) {
      const entry: AuditEntry = {
        who: bearer.name,
        action: 'refused',
        subject: name,
        detail: { role: bearer.role },
      };
      void this.audit.recordRefusal(entry).catch((error: unknown) => {
        if (!isUnavailable(error)) bugs.note(error);
      });
    }
    throw refusal;
  }
}

/** A document may have an open field and one that needs a token: its sender stays known. */
function note(request: FastifyRequest, bearer: Bearer): Bearer {
  if (bearer !== ANYONE) request.bearer = bearer;
  else request.bearer ??= bearer;
  return bearer;
}

/** Returns why this sender may not use a route or field; null if it may. */
function refuse({ name, role, scope }: Bearer, { kinds, wholeFleet }: Right): RequestError | null {
  if (role === 'none')
    return new RequestError(
      'FORBIDDEN',
      `the account ${name} has no role in this registry: its administrator adds a row to ` +
        'KLPREG_OIDC_ROLES_FILE',
    );
  if (kinds?.includes(role) === false)
    return new RequestError(
      'FORBIDDEN',
      `this needs a token of the role ${kinds?.join(' or ')}; this one is of the role ${role}`,
    );
  return wholeFleet === true && scope !== null
    ? new RequestError('FORBIDDEN', 'this is about the whole fleet, and the token has a scope')
    : null;
}
