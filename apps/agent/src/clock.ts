/**
 * Milliseconds on CLOCK_MONOTONIC: since boot, with the
 * same base for all processes of the boot. It is never set.
 */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** The wall clock in RFC 3339. */
export const wallClock = (): string => new Date().toISOString();
