import { unexpected } from '../exits.js';

/** Reads one value of an answer, or says that it cannot be one. */
export type Shape<T> = (value: unknown, at: string) => T;
export type Read<S> = S extends Shape<infer T> ? T : never;

function bad(at: string, wanted: string, value: unknown): Error {
  const found = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return unexpected(
    `the registry answered something that this program does not understand: ${at || 'the answer'} should be ${wanted}, found ${found.slice(0, 80)}`,
    'is the registry newer than this program?',
  );
}

export const text: Shape<string> = (value, at) => {
  if (typeof value !== 'string') throw bad(at, 'text', value);
  return value;
};

export const flag: Shape<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw bad(at, 'true or false', value);
  return value;
};

/** A count: whole, from 0. */
export const whole: Shape<number> = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(at, 'a whole number', value);
  return value as number;
};

export const measure: Shape<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw bad(at, 'a number', value);
  return value;
};

/** A state id stays the text that it came as: no number of this language holds them all. */
export const uint64: Shape<string> = (value, at) => {
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) throw bad(at, 'an unsigned 64-bit number as text', value);
  return value;
};

/** One of these words and no other: where an unknown one must not pass for a known one. */
export const oneOf =
  <const W extends string>(...words: readonly W[]): Shape<W> =>
  (value, at) => {
    const word = words.find((each) => each === value);
    if (word === undefined) throw bad(at, `one of ${words.join(', ')}`, value);
    return word;
  };

export const nullable =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, at) =>
    value === null ? null : shape(value, at);

export const list =
  <T>(shape: Shape<T>): Shape<T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) throw bad(at, 'a list', value);
    return value.map((item, i) => shape(item, `${at}[${i}]`));
  };

/** An object with these fields; others are left out. */
export const fields =
  <F extends Record<string, Shape<unknown>>>(shapes: F): Shape<{ [K in keyof F]: Read<F[K]> }> =>
  (value, at) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw bad(at, 'an object', value);
    const entries = Object.entries(shapes).map(([key, shape]) => [key, shape((value as Record<string, unknown>)[key], at ? `${at}.${key}` : key)]);
    return Object.fromEntries(entries) as { [K in keyof F]: Read<F[K]> };
  };

/** One page of a connection. */
export const page = <T>(node: Shape<T>) => fields({ nodes: list(node), totalCount: whole, pageInfo: fields({ hasNextPage: flag, endCursor: nullable(text) }) });
export type Page<T> = { nodes: T[]; totalCount: number; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
