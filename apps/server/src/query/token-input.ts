import { isWithin } from '../access/scope.js';
import { RequestError } from '../errors.js';
import type { Bearer, NewToken, Role, Scope } from '../store/access/tokens.store.js';
import { AGENT_PREFIX } from '../store/content/labels.store.js';
import { labelFault, requireLine, requireName } from './admin-input.js';
import type { CreateTokenInput, ScopeLabelInput, TokenRole } from './generated/schema.js';

const MOST_VALUES = 64;
const DEFAULT_VALIDITY = 90 * 24 * 60 * 60;

/**
 * Decides about a new token. A maker cannot give more than it has.
 *
 * @throws RequestError BAD_USER_INPUT or FORBIDDEN
 */
export function toNewToken(input: CreateTokenInput, maker: Bearer, now: Date): NewToken {
  requireLine('input/name', input.name, 64);
  if (/^oidc:/i.test(input.name))
    throw wrong('name', 'begins with oidc:, as the names of accounts do; the audit log must tell them apart');
  const role = input.role.toLowerCase() as Lowercase<TokenRole> satisfies Role;
  const scope = input.scope == null ? null : toScope(input.scope, 'scope');
  const owners = input.owners == null ? null : [...input.owners];
  if (role === 'publisher' && scope !== null)
    throw wrong('scope', 'a publisher has no scope: the catalog is of all hosts. Give `owners`');
  if (role !== 'publisher' && owners !== null) throw wrong('owners', 'only a publisher has owners');
  if (owners !== null && (owners.length === 0 || owners.length > MOST_VALUES))
    throw wrong('owners', `name 1 to ${MOST_VALUES} owners, or leave it out for all`);
  for (const owner of owners ?? []) requireName('input/owners', owner);
  const seconds = input.expiresIn ?? DEFAULT_VALIDITY;
  if (seconds <= 0) throw wrong('expiresIn', 'a token must be valid for some time');
  if (!isWithin(scope, maker.scope))
    throw new RequestError(
      'FORBIDDEN',
      `your token has a scope, and creates only tokens within it: ${formatScope(maker.scope!)}`,
    );
  const expiresAt = new Date(now.getTime() + seconds * 1000);
  return { name: input.name, role, scope, owners, createdBy: maker.name, expiresAt };
}

/** Reads labels that select hosts. Labels that hosts report themselves never count. */
export function toScope(labels: readonly ScopeLabelInput[], field: string): Scope {
  if (labels.length === 0) throw wrong(field, 'name at least one label');
  const scope: Record<string, readonly string[]> = {};
  for (const { key, values } of labels) {
    if (key.startsWith(AGENT_PREFIX))
      throw wrong(field, `${key} is a label that the host reports: only authoritative labels count here`);
    if (Object.hasOwn(scope, key)) throw wrong(field, `the label ${key} is given twice`);
    if (values.length === 0 || values.length > MOST_VALUES)
      throw wrong(field, `the label ${key} needs 1 to ${MOST_VALUES} values`);
    for (const value of values) {
      const fault = labelFault(key, value);
      if (fault !== null) throw wrong(field, fault);
    }
    scope[key] = [...new Set(values)];
  }
  return scope;
}

/** A scope as a selector of the command line. */
const formatScope = (scope: Scope): string =>
  Object.entries(scope)
    .map(([key, values]) => `${key} in (${values.join(',')})`)
    .join(',');

const wrong = (field: string, detail: string): RequestError =>
  new RequestError('BAD_USER_INPUT', `\`input.${field}\`: ${detail}`, [
    { pointer: `/input/${field}`, detail, found: '' },
  ]);
