/** How far a sequence may jump: two years of documents each minute. Without a bound, one document would lock the true agent out for ever. */
export const SEQUENCE_JUMP = 1_000_000n;
/** The highest sequence of a host's first document, and of the first after its sequence was reset. */
export const FIRST_SEQUENCE = 2n ** 32n;

/** The highest sequence that is taken after this one; 0: there is none. */
export const highestAfter = (last: bigint): bigint => (last === 0n ? FIRST_SEQUENCE : last + SEQUENCE_JUMP);
