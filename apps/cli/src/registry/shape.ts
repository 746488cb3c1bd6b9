import { unexpected } from '../exits.js';

/** The shape of a JSON value. Those of the operations are generated from the schema. */
export type Shape =
  | keyof typeof SCALARS
  | { readonly nullable: Shape }
  | { readonly list: Shape }
  /** Unknown values are rejected, because a decision depends on this one. */
  | { readonly oneOf: readonly string[] }
  | { readonly fields: Readonly<Record<string, Shape>> };

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Scalars by their name, with their description in error messages. */
const SCALARS = {
  text: ['text', (value: unknown) => typeof value === 'string'],
  flag: ['true or false', (value: unknown) => typeof value === 'boolean'],
  whole: ['a whole number', isWhole],
  measure: ['a number', (value: unknown) => Number.isFinite(value)],
  // text, because no JSON number holds all state ids
  uint64: [
    'an unsigned 64-bit number as text',
    (value: unknown) => typeof value === 'string' && /^\d{1,20}$/.test(value),
  ],
} as const satisfies Record<string, readonly [allowed: string, isValid: (value: unknown) => boolean]>;

/**
 * Checks a JSON value against a shape, and returns it without fields that the shape lacks.
 *
 * @param at the path of the value, for error messages
 * @throws Failure 4 if it does not have this shape
 */
export function checked(shape: Shape, value: unknown, at = ''): unknown {
  if (typeof shape === 'string') {
    const [allowed, isValid] = SCALARS[shape];
    if (!isValid(value)) throw mismatch(at, allowed, value);
    return value;
  }
  if ('nullable' in shape) return value === null ? null : checked(shape.nullable, value, at);
  if ('list' in shape) {
    if (!Array.isArray(value)) throw mismatch(at, 'a list', value);
    return value.map((item, i) => checked(shape.list, item, `${at}[${i}]`));
  }
  if ('oneOf' in shape) {
    if (!shape.oneOf.includes(value as string)) throw mismatch(at, `one of ${shape.oneOf.join(', ')}`, value);
    return value;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw mismatch(at, 'an object', value);
  return Object.fromEntries(
    Object.entries(shape.fields).map(([key, field]) => [
      key,
      checked(field, (value as Record<string, unknown>)[key], at === '' ? key : `${at}.${key}`),
    ]),
  );
}

function mismatch(at: string, allowed: string, value: unknown): Error {
  const found = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return unexpected(
    `the registry's answer has an unknown form: ${at || 'the answer'} should be ${allowed}, found ` +
      found.slice(0, 80),
    'is the registry newer than this program?',
  );
}
