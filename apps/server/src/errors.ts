import type { Problem } from '@klpreg/wire';
import { z } from 'zod';

/** The stable code of an error that the caller caused. */
export type RequestErrorCode = keyof typeof STATUS;

/** The HTTP status of each code. */
const STATUS = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  DOCUMENT_NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  SNAPSHOT_GONE: 410,
  AMBIGUOUS: 409,
  DECISION_DIFFERS: 409,
  SEQUENCE_CONFLICT: 409,
  ENROLLED_WITH_ANOTHER_KEY: 409,
  PROOF_NOT_CURRENT: 409,
  OWNED_BY_ANOTHER: 403,
  OTHER_RELEASE: 409,
  TOO_LARGE: 413,
  MISDIRECTED_REQUEST: 421,
  UNSUPPORTED_MEDIA_TYPE: 415,
  MODULE_UNREADABLE: 422,
  LIMIT_EXCEEDED: 422,
  RATE_LIMITED: 429,
  BUSY: 503,
  UNAVAILABLE: 503,
} as const;

/** An error that the caller caused, as opposed to an outcome (data) and a bug (any other error). */
export class RequestError extends Error {
  constructor(
    readonly code: RequestErrorCode,
    message: string,
    /** One entry for each wrong field. */
    readonly problems: readonly Problem[] = [],
  ) {
    super(message);
  }

  get status(): number {
    return STATUS[this.code];
  }
}

/** A sender sends more often than its rate allows. */
export class RateLimited extends RequestError {
  constructor(
    message: string,
    readonly retryAfterSeconds: number,
  ) {
    super('RATE_LIMITED', message);
  }
}

/** Returns the error for a request that exceeds a limit. @param name plural of what the limit counts */
export const limitExceeded = (
  name: string,
  allowed: number,
  found: number | string,
  pointer = '',
): RequestError =>
  new RequestError('LIMIT_EXCEEDED', `the limit is ${allowed} ${name}, found ${found}`, [
    { pointer, detail: `must have at most ${allowed} ${name}`, found: String(found) },
  ]);

/** Returns the error for a message that was not processed because of overload. */
export const overloaded = (): RequestError =>
  new RequestError(
    'BUSY',
    'too many messages are waiting to be stored; send this one again in a few seconds',
  );

/** RFC 9457 problem details. */
export const ProblemDetails = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string().describe('Stable. Scripts compare it.'),
  errors: z
    .array(z.object({ pointer: z.string(), detail: z.string(), found: z.string() }))
    .readonly()
    .describe('One entry for each wrong field, with an RFC 6901 pointer to it.'),
});
export type ProblemDetails = z.infer<typeof ProblemDetails>;

/** Returns an error as problem details. */
export const problemDetails = ({ code, status, message, problems }: ErrorDetails): ProblemDetails => ({
  type: `urn:klpreg:problem:${code.toLowerCase().replaceAll('_', '-')}`,
  title: code.toLowerCase().replaceAll('_', ' '),
  status,
  detail: message,
  code,
  errors: problems,
});

interface ErrorDetails {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly problems: readonly Problem[];
}

/** Codes of errors that are not a RequestError: Fastify's, and faults of the database. */
export const STATUS_CODES: Readonly<Record<number, string>> = {
  400: 'BAD_USER_INPUT',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  408: 'REQUEST_TIMEOUT',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'LIMIT_EXCEEDED',
  431: 'HEAD_TOO_LARGE',
  503: 'UNAVAILABLE',
};

/** All codes that an answer with this HTTP status can have. */
export function codesOfStatus(status: number): string[] {
  const own = Object.entries(STATUS).flatMap(([code, one]) => (one === status ? [code] : []));
  return [...new Set([...own, ...(STATUS_CODES[status] === undefined ? [] : [STATUS_CODES[status]])])];
}
