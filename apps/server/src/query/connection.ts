import { RequestError } from '../errors.js';
import type { PageInfo, QueryHostsArgs } from './generated/schema.js';

/** A Relay connection. */
export interface Connection<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: readonly T[];
  readonly pageInfo: PageInfo;
  readonly totalCount: number;
}

export type PageArguments = Pick<QueryHostsArgs, 'first' | 'after' | 'last' | 'before'>;

/** A requested page: its size, the key after which it begins, and its direction. */
export interface Page {
  readonly size: number;
  readonly key: readonly string[] | null;
  readonly backwards: boolean;
}

const DEFAULT_SIZE = 20;
const MAX_SIZE = 100;

/** An opaque cursor: the position of an item in a total order. */
const toCursor = (key: readonly string[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** The formats of the parts of a key. A cursor comes from outside, and its parts go into SQL parameters. */
const KEY_PARTS = {
  // eslint-disable-next-line no-control-regex -- control characters are what this forbids
  name: /^[^\u0000-\u001f\u007f]{0,512}$/,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  buildId: /^[0-9a-f]{1,128}$/,
  number: /^\d{1,20}$/,
  order: /^[A-Z_]{1,40} (?:ASC|DESC)$/,
} as const;
export type KeyPart = keyof typeof KEY_PARTS;

function fromCursor(argument: 'after' | 'before', cursor: string, parts: readonly KeyPart[]): string[] {
  const key = readJson(cursor);
  const fits = (part: unknown, i: number) =>
    typeof part === 'string' && part.isWellFormed() && KEY_PARTS[parts[i]!].test(part);
  if (Array.isArray(key) && key.length === parts.length && key.every(fits)) return key as string[];
  const found = JSON.stringify(cursor.slice(0, 100));
  const detail = 'must be a cursor of this connection';
  throw new RequestError('BAD_USER_INPUT', `\`${argument}\` ${detail}, found ${found}`, [
    { pointer: `/${argument}`, detail, found },
  ]);
}

function readJson(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}

/**
 * Returns the requested page.
 *
 * @param parts the formats of the parts of this connection's keys
 * @throws RequestError unless it is `first` with `after`, or `last` with `before`, of 1 to 100
 */
export function toPage({ first, after, last, before }: PageArguments, parts: readonly KeyPart[]): Page {
  const backwards = last != null;
  if (backwards ? first != null || after != null : before != null)
    throw new RequestError('BAD_USER_INPUT', 'page with `first` and `after`, or with `last` and `before`');
  const size = last ?? first ?? DEFAULT_SIZE;
  if (size < 1 || size > MAX_SIZE)
    throw new RequestError(
      'BAD_USER_INPUT',
      `\`${backwards ? 'last' : 'first'}\` must be from 1 to ${MAX_SIZE}, found ${size}`,
    );
  const cursor = backwards ? before : after;
  return {
    size,
    key: cursor == null ? null : fromCursor(backwards ? 'before' : 'after', cursor, parts),
    backwards,
  };
}

/**
 * Makes the connection of a page.
 *
 * @param found in the order of reading (backwards for a backward page), with one item more than the page if
 *   there are more
 */
export function connect<T>(
  found: readonly T[],
  page: Page,
  totalCount: number,
  keyOf: (item: T) => readonly string[],
): Connection<T> {
  const more = found.length > page.size;
  const items = found.slice(0, page.size);
  if (page.backwards) items.reverse();
  const edges = items.map((node) => ({ cursor: toCursor(keyOf(node)), node }));
  const pageInfo = {
    hasNextPage: page.backwards ? page.key !== null : more,
    hasPreviousPage: page.backwards ? more : page.key !== null,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
  return { edges, nodes: items, pageInfo, totalCount };
}

/** The last position. PostgreSQL counts positions in 32 bits, and no list is longer. */
const LAST_PLACE = 2 ** 31 - 2;

/** A page of a list by position and size. */
export interface Part {
  readonly from: number;
  readonly size: number;
}

/**
 * Returns the requested part of a list. Its cursors are positions, counted from 0.
 *
 * @param length of the list, if a part can be counted from its end
 */
export function toPart(args: PageArguments, length = 0): Part {
  const page = toPage(args, ['number']);
  // a position after the end of every list means the end
  const at = page.key === null ? null : Math.min(Number(page.key[0]), LAST_PLACE);
  if (!page.backwards) return { from: at === null ? 0 : at + 1, size: page.size };
  const end = Math.min(at ?? length, length);
  return { from: Math.max(0, end - page.size), size: Math.min(page.size, end) };
}

/** Makes the connection of a part of a list. */
export function connectPart<T>(items: readonly T[], { from }: Part, totalCount: number): Connection<T> {
  const edges = items.map((node, i) => ({ cursor: toCursor([String(from + i)]), node }));
  const pageInfo = {
    hasNextPage: from + items.length < totalCount,
    hasPreviousPage: from > 0,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
  return { edges, nodes: items, pageInfo, totalCount };
}
