import type { Problem } from '@klpreg/wire';

/** What a caller did wrong. `code` is stable and `status` its HTTP status. */
export type MistakeCode = keyof typeof STATUS;

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

/** A mistake of the caller, as opposed to an outcome (data) and a bug (anything else). */
export class Mistake extends Error {
  constructor(
    readonly code: MistakeCode,
    message: string,
    /** Field by field, where there are fields. */
    readonly problems: readonly Problem[] = [],
  ) {
    super(message);
  }

  get status(): number {
    return STATUS[this.code];
  }
}

/** The refusal of a request that exceeds a limit. @param name of what is counted, in the plural */
export const limitExceeded = (name: string, allowed: number, found: number | string, pointer = ''): Mistake =>
  new Mistake('LIMIT_EXCEEDED', `the limit is ${allowed} ${name}, found ${found}`, [
    { pointer, detail: `must have at most ${allowed} ${name}`, found: String(found) },
  ]);

/** RFC 9457 problem details of a mistake. */
export const problemDetails = (mistake: { code: string; status: number; message: string; problems: readonly Problem[] }) => ({
  type: `urn:klpreg:problem:${mistake.code.toLowerCase().replaceAll('_', '-')}`,
  title: mistake.code.toLowerCase().replaceAll('_', ' '),
  status: mistake.status,
  detail: mistake.message,
  code: mistake.code,
  errors: mistake.problems,
});
