import { z } from 'zod';

/** A setting that is an integer. @param unit after "must be a number", such as " of seconds" */
export const integer = (unit: string, min: number, max: number, standard: number) =>
  z.coerce
    .number({ error: `must be a number${unit}` })
    .int()
    .min(min)
    .max(max)
    .default(standard);
