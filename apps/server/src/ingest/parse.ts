import { problems } from '@klpreg/wire';
import type { z } from 'zod';
import { RequestError } from '../errors.js';

/** In a document with more values than this, the first problem is told and the others are not looked for: each of them costs memory. */
const FEW = 4096;

/**
 * Is this a valid document of that kind?
 *
 * @param elements how many values its arrays and objects have
 * @throws RequestError with one problem for each field that is wrong, at most 20; nothing is stored from such a document
 */
export function parse<Schema extends z.ZodType>(schema: Schema, document: unknown, name: string, elements = 0): z.infer<Schema> {
  const parsed = schema.safeParse(document, { abortEarly: elements > FEW } as z.core.ParseContext<z.core.$ZodIssue>);
  if (parsed.success) return parsed.data;
  const wrong = problems(parsed.error, document);
  throw new RequestError(
    'BAD_USER_INPUT',
    `the ${name} is not valid: ${wrong
      .map((problem) => `${problem.pointer || '/'} ${problem.detail}`)
      .slice(0, 3)
      .join('; ')}`,
    wrong,
  );
}
