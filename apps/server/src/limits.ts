const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** Maximum size of a body, in bytes. Compressed bodies are counted while they are unpacked. */
export const BODY_LIMITS = {
  heartbeat: 4 * KIB,
  report: MIB,
  /** Of reports or heartbeats, each with the limit of its own kind. */
  batch: 8 * MIB,
  /** Facts about a patch, without its file. */
  manifest: MIB,
  enrolment: 4 * KIB,
  question: 256 * KIB,
  /** Every other route. None of them reads a body. */
  other: 4 * KIB,
} as const;

/** A module file as it is uploaded, and the form around it. */
export const MODULE_LIMIT = 64 * MIB;
export const FORM_LIMIT = MODULE_LIMIT + 2 * MIB;

/** The author statement, as YAML or as a form field. */
export const AUTHOR_LIMIT = 256 * KIB;

/** Maximum number of messages in one batch request. */
export const BATCH_LIMIT = 1000;

/**
 * Maximum depth and number of values of a JSON message. A report of 30,000 functions has 90,000 values.
 */
export const JSON_LIMITS = { depth: 32, elements: 100_000 } as const;

/** Larger bodies are parsed and checked in a worker thread; smaller ones cost less than to hand them over. */
export const INLINE_LIMIT = 64 * KIB;

/**
 * Maximum time to receive the head of a request. After it, and after the time for the whole request, the
 * answer is 408 and the connection is closed.
 */
export const HEAD_TIMEOUT_MS = 10_000;
