import type { z } from 'zod';

/** One validation problem: a JSON pointer, a sentence, and the found value. */
export interface Problem {
  readonly pointer: string;
  readonly detail: string;
  readonly found: string;
}

const at = (document: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    document,
  );

/** The maximum number of problems of one document. */
const MAX_PROBLEMS = 20;

/** Returns the part of a value that is shown. A document may be deep and long. */
function beginning(value: unknown, depth: number): unknown {
  // YAML integers are bigint, which JSON.stringify rejects.
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return value.slice(0, 100);
  if (value === null || typeof value !== 'object') return value;
  if (depth === 0) return '...';
  if (Array.isArray(value)) return value.slice(0, 20).map((one) => beginning(one, depth - 1));
  return Object.fromEntries(
    Object.keys(value)
      .slice(0, 20)
      .map((key) => [key.slice(0, 100), beginning((value as Record<string, unknown>)[key], depth - 1)]),
  );
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(beginning(value, 5)) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const escape = (key: PropertyKey): string =>
  String(key).slice(0, 200).replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Converts a zod error to problems, with RFC 6901 pointers. Each unknown field is a problem of its own.
 */
export function problems(error: z.ZodError, document: unknown): Problem[] {
  return error.issues.slice(0, MAX_PROBLEMS).flatMap((issue) => {
    const paths =
      issue.code === 'unrecognized_keys'
        ? issue.keys.slice(0, MAX_PROBLEMS).map((key) => [...issue.path, key])
        : [issue.path];
    return paths.map((path) => ({
      pointer: path.map((key) => `/${escape(key)}`).join(''),
      detail: issue.code === 'unrecognized_keys' ? 'is not a field of this document' : issue.message,
      found: shown(at(document, path)),
    }));
  });
}
