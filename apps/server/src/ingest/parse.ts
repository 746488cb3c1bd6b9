import { problems } from '@klpreg/wire';
import type { z } from 'zod';
import { RequestError } from '../errors.js';

/**
 * In a message with more values than this, validation ends at the first problem, because each problem costs
 * memory.
 */
const MANY_VALUES = 4096;

export interface ParseOptions {
  /** Number of values in the arrays and objects of the document. */
  readonly values?: number;
  /** Validation ends at the first problem, and only that is reported. */
  readonly firstProblem?: boolean;
}

/**
 * Validates a document.
 *
 * @throws RequestError with one problem for each wrong field, at most 20; nothing is stored from such a
 *   document
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  document: unknown,
  name: string,
  { values = 0, firstProblem = false }: ParseOptions = {},
): z.infer<Schema> {
  const abortEarly = firstProblem || values > MANY_VALUES;
  const parsed = schema.safeParse(document, { abortEarly } as z.core.ParseContext<z.core.$ZodIssue>);
  if (parsed.success) return parsed.data;
  if (firstProblem) parsed.error.issues.splice(1);
  const wrong = problems(parsed.error, document);
  const summary = wrong.slice(0, 3).map(({ pointer, detail }) => `${pointer || '/'} ${detail}`);
  throw new RequestError('BAD_USER_INPUT', `the ${name} is not valid: ${summary.join('; ')}`, wrong);
}
