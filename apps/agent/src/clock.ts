/** Milliseconds on CLOCK_MONOTONIC: since boot, the same base for every process of one boot, and nobody sets it. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** The wall clock in RFC 3339. */
export const wallClock = (): string => new Date().toISOString();
