const EPOCH = Date.UTC(2026, 0, 1);

/**
 * Returns a sequence for an instant: seconds since 2026, so that a later run continues the sequences of an
 * earlier one.
 *
 * The registry accepts a first sequence of at most 2^32 and steps of at most 1,000,000.
 * The time between two runs with the same hosts is therefore at most eleven days.
 *
 * @param now milliseconds since 1970
 */
export const sequenceAt = (now: number): number => Math.floor((now - EPOCH) / 1000);
