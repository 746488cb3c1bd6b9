import { problems } from '@klpreg/wire';
import type { z } from 'zod';
import { Mistake } from '../errors.js';

/**
 * Is this a valid document of that kind?
 *
 * @throws Mistake with one problem for each field that is wrong; nothing is stored from such a document
 */
export function parse<Schema extends z.ZodType>(schema: Schema, document: unknown, name: string): z.infer<Schema> {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const wrong = problems(parsed.error, document);
  throw new Mistake(
    'BAD_USER_INPUT',
    `the ${name} is not valid: ${wrong
      .map((problem) => `${problem.pointer || '/'} ${problem.detail}`)
      .slice(0, 3)
      .join('; ')}`,
    wrong,
  );
}
