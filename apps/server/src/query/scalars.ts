import { GraphQLError, Kind, print, type ValueNode } from 'graphql';

const U64_MAX = 2n ** 64n - 1n;
const U32_MAX = 2 ** 32 - 1;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
};

/** The error about a value. The caller names its place. */
const wrong = (type: string, value: unknown, allowed: string) =>
  new GraphQLError(`${type} must be ${allowed}, found ${shown(value)}`, {
    extensions: { code: 'BAD_USER_INPUT' },
  });

/**
 * Reads a literal in the same way as the value of a variable. Its error has the node, which tells the place.
 */
const literal =
  <T>(parse: (value: unknown) => T, read: (node: ValueNode) => unknown = written) =>
  (node: ValueNode): T => {
    try {
      return parse(read(node));
    } catch (error) {
      const { message, extensions } = error as GraphQLError;
      throw new GraphQLError(message, { nodes: node, extensions });
    }
  };
const written = (node: ValueNode): string => (node.kind === Kind.STRING ? node.value : print(node));

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

/** Writes seconds in the largest unit of which they are a whole number. */
function toDuration(seconds: number): string {
  const [unit, size] = Object.entries(SECONDS).findLast((each) => seconds % each[1] === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
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

/** The custom scalars. The schema has their descriptions. */
export const scalars = {
  UInt64: { serialize: String, parseValue: toUInt64, parseLiteral: literal(toUInt64) },
  UInt32: {
    serialize: Number,
    parseValue: toUInt32,
    parseLiteral: literal(toUInt32, (node) => (node.kind === Kind.INT ? Number(node.value) : written(node))),
  },
  // introspection writes default values
  Duration: { serialize: toDuration, parseValue: toSeconds, parseLiteral: literal(toSeconds) },
  DateTime: {
    serialize: (value: Date) => value.toISOString(),
    parseValue: toInstant,
    parseLiteral: literal(toInstant),
  },
};
