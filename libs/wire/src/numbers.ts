import { z } from 'zod';

const U64_MAX = 2n ** 64n - 1n;
const U32_MAX = 2 ** 32 - 1;

/**
 * An unsigned 64-bit number as a decimal string: the form of state ids in all messages.
 *
 * A JSON number is rejected, because it cannot hold every id.
 */
export const UInt64 = z
  .string()
  .refine(
    (text) => /^(?:0|[1-9][0-9]{0,19})$/.test(text) && BigInt(text) <= U64_MAX,
    'must be an unsigned 64-bit number written as a decimal string, from "0" to "18446744073709551615"',
  );

/** An unsigned 32-bit number: fits a JSON number exactly. */
export const UInt32 = z.int().min(0).max(U32_MAX, 'must be at most 4294967295 (2^32 - 1)');

/** One `struct klp_state` in a message: the id as a decimal string, the version as a number. */
export const WireState = z.strictObject({ id: UInt64, version: UInt32 });
export type WireState = z.infer<typeof WireState>;
