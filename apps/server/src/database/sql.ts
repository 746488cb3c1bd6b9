import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Prisma } from './generated/client.js';

export const { sql, join, raw, empty } = Prisma;
export type Sql = Prisma.Sql;

interface Statement {
  /** The name under which it is prepared; empty: it is not prepared. */
  readonly name: string;
  /** True: no agent waits for it. */
  readonly isLong: boolean;
}

/** By the text, because Prisma passes nothing else to the driver. */
const statements = new LRUCache<string, Statement>({ max: 1_000 });

/** The properties of the statement with this text. */
export const statementOf = (text: string): Statement => statements.get(text) ?? { name: '', isLong: false };

/**
 * Names a statement that is sent often, so that each connection plans it only once.
 *
 * The prepared name has a hash of the text, because the conditions of a statement differ. What Prisma writes
 * is not prepared: the number of its texts has no limit.
 */
export function named(name: string, statement: Sql): Sql {
  const { text } = statement;
  const known = statementOf(text);
  if (known.name === '')
    statements.set(text, { ...known, name: `${name}.${hash('sha1', text, 'base64url')}` });
  return statement;
}

/** Allows a statement to take `LIMITS.longMs`, because no agent waits for it. */
export function long<Given extends Sql | string>(statement: Given): Given {
  const text = typeof statement === 'string' ? statement : statement.text;
  statements.set(text, { ...statementOf(text), isLong: true });
  return statement;
}
