import type { Problem } from '@klpreg/wire';

/** The stable code of an error that the caller caused. */
export type RequestErrorCode = keyof typeof STATUS;

/** The HTTP status of each code. */
const STATUS = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  SNAPSHOT_GONE: 410,
  AMBIGUOUS: 409,
  SEQUENCE_CONFLICT: 409,
  OWNED_BY_ANOTHER: 403,
  TOO_LARGE: 413,
  MISDIRECTED_REQUEST: 421,
  UNSUPPORTED_MEDIA_TYPE: 415,
  MODULE_UNREADABLE: 422,
  LIMIT_EXCEEDED: 422,
  BUSY: 503,
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

/** Returns the error for a request that exceeds a limit. @param name plural of what the limit counts */
export const limitExceeded = (name: string, allowed: number, found: number | string, pointer = ''): RequestError =>
  new RequestError('LIMIT_EXCEEDED', `the limit is ${allowed} ${name}, found ${found}`, [
    { pointer, detail: `must have at most ${allowed} ${name}`, found: String(found) },
  ]);

/** Returns the error for a message that was not processed because of overload. */
export const overloaded = (): RequestError => new RequestError('BUSY', 'too many messages are waiting to be stored; send this one again in a few seconds');

/** Returns an error as RFC 9457 problem details. */
export const problemDetails = (error: { code: string; status: number; message: string; problems: readonly Problem[] }) => ({
  type: `urn:klpreg:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
  title: error.code.toLowerCase().replaceAll('_', ' '),
  status: error.status,
  detail: error.message,
  code: error.code,
  errors: error.problems,
});
