import type { z } from 'zod';

/** One thing wrong with a document: where (a JSON pointer), what, and what was found there. */
export interface Problem {
  readonly pointer: string;
  readonly detail: string;
  readonly found: string;
}

const at = (document: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined), document);

/** Problems that are told of one document. */
const MOST = 20;

/** As much of a value as is shown: a document may be as deep and as long as its sender likes. */
function beginning(value: unknown, depth: number): unknown {
  // YAML integers are bigint, which JSON does not write
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

const escape = (key: PropertyKey): string => String(key).slice(0, 200).replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * What is wrong with this document, field by field?
 *
 * @returns one problem for each issue, with an RFC 6901 pointer to the field; unknown fields are named one by one
 */
export function problems(error: z.ZodError, document: unknown): Problem[] {
  return error.issues.slice(0, MOST).flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, MOST).map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => ({
      pointer: path.map((key) => `/${escape(key)}`).join(''),
      detail: issue.code === 'unrecognized_keys' ? 'is not a field of this document' : issue.message,
      found: shown(at(document, path)),
    }));
  });
}
