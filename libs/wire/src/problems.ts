import type { z } from 'zod';

/** One thing wrong with a document: where (a JSON pointer), what, and what was found there. */
export interface Problem {
  readonly pointer: string;
  readonly detail: string;
  readonly found: string;
}

const at = (document: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined), document);

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  // YAML integers are bigint, which JSON does not write
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner)) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const escape = (key: PropertyKey): string => String(key).replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * What is wrong with this document, field by field?
 *
 * @returns one problem for each issue, with an RFC 6901 pointer to the field; unknown fields are named one by one
 */
export function problems(error: z.ZodError, document: unknown): Problem[] {
  return error.issues.flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => ({
      pointer: path.map((key) => `/${escape(key)}`).join(''),
      detail: issue.code === 'unrecognized_keys' ? 'is not a field of this document' : issue.message,
      found: shown(at(document, path)),
    }));
  });
}
