/**
 * How far a sequence may jump: two years of messages every minute. Without a limit, one message could lock
 * the real agent out permanently.
 */
export const SEQUENCE_JUMP = 1_000_000n;
/** The highest sequence of a host's first message, and of the first one after its sequence was reset. */
export const FIRST_SEQUENCE = 2n ** 32n;

/** The highest sequence that is accepted after this one; 0: there was none. */
export const highestAfter = (last: bigint): bigint => (last === 0n ? FIRST_SEQUENCE : last + SEQUENCE_JUMP);
