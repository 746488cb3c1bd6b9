import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

const U64_MAX = 2n ** 64n - 1n;
const U32_MAX = 2 ** 32 - 1;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
};

const wrong = (type: string, value: unknown, allowed: string) =>
  new GraphQLError(`${type} must be ${allowed}, found ${shown(value)}`, {
    extensions: { code: 'BAD_USER_INPUT' },
  });

function toUInt64(value: unknown): bigint {
  if (typeof value === 'string' && /^(0|[1-9]\d{0,19})$/.test(value) && BigInt(value) <= U64_MAX)
    return BigInt(value);
  throw wrong('UInt64', value, 'a decimal string from "0" to "18446744073709551615"');
}

function toUInt32(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= U32_MAX) return value;
  throw wrong('UInt32', value, 'a whole number from 0 to 4294967295');
}

/** The latest instant that PostgreSQL and the languages of agents can write, and the longest duration. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');
const LONGEST = 3650 * SECONDS.d;

/** Seconds of `90s`, `15m`, `2h`, `1d`. */
function toSeconds(value: unknown): number {
  const parts = typeof value === 'string' ? /^(\d{1,9}(?:\.\d{1,3})?)([smhd])$/.exec(value) : null;
  if (parts === null)
    throw wrong('Duration', value, 'a number with a unit, such as "90s", "15m", "2h" or "1d"');
  const seconds = Number(parts[1]) * SECONDS[parts[2] as keyof typeof SECONDS];
  if (seconds > LONGEST) throw wrong('Duration', value, 'at most "3650d"');
  return seconds;
}

function toInstant(value: unknown): Date {
  const instant =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/i.test(value)
      ? new Date(value)
      : null;
  if (instant === null || !(instant.getTime() >= 0 && instant.getTime() <= LATEST))
    throw wrong(
      'DateTime',
      value,
      'an RFC 3339 instant from 1970 to 9999 with an offset, such as "2026-11-23T10:00:00Z"',
    );
  return instant;
}

/** The custom scalars of the schema. */
export const scalars = {
  // ids travel as strings both ways: a literal in a query may be a string only
  UInt64: new GraphQLScalarType({
    name: 'UInt64',
    serialize: (value) => String(value),
    parseValue: toUInt64,
    parseLiteral: (node) => toUInt64(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : null),
  }),
  UInt32: new GraphQLScalarType({
    name: 'UInt32',
    serialize: (value) => Number(value),
    parseValue: toUInt32,
    parseLiteral: (node) => toUInt32(node.kind === Kind.INT ? Number(node.value) : null),
  }),
  Duration: new GraphQLScalarType({
    name: 'Duration',
    serialize: (value) => String(value),
    parseValue: toSeconds,
    parseLiteral: (node) => toSeconds(node.kind === Kind.STRING ? node.value : null),
  }),
  DateTime: new GraphQLScalarType({
    name: 'DateTime',
    serialize: (value) => (value as Date).toISOString(),
    parseValue: toInstant,
    parseLiteral: (node) => toInstant(node.kind === Kind.STRING ? node.value : null),
  }),
};
