/** The exit codes. They never change: pipelines branch on them. */
export const EXIT = {
  YES: 0,
  NO: 1,
  USAGE: 2,
  CANNOT_TELL: 3,
  UNREACHABLE: 4,
  NOT_AUTHORISED: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the program without an answer: a message for the operator, and an exit code for scripts. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly exit: ExitCode,
    message: string,
    /** One line each: what was found, and what to do next. */
    readonly hints: readonly string[] = [],
    /** The registry's error code, such as NOT_FOUND. Null if there is none, or more than one. */
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

/** A usage error of the caller: a flag, a file, a name that does not exist. */
export const usage = (message: string, ...hints: string[]): Failure =>
  new Failure(EXIT.USAGE, message, hints);

/** The registry does not answer, or its answer is not reliable. This is never a yes and never a no. */
export const unexpected = (message: string, ...hints: string[]): Failure =>
  new Failure(EXIT.UNREACHABLE, message, hints);

/** The token is missing or unknown, or does not permit this. */
export const notAuthorised = (message: string, ...hints: string[]): Failure =>
  new Failure(EXIT.NOT_AUTHORISED, message, hints);

/** The exit codes from best to worst. */
const WORSE: readonly ExitCode[] = [
  EXIT.YES,
  EXIT.CANNOT_TELL,
  EXIT.NO,
  EXIT.USAGE,
  EXIT.UNREACHABLE,
  EXIT.NOT_AUTHORISED,
];

/** Returns the worst of these exit codes. */
export const worst = (codes: readonly ExitCode[]): ExitCode =>
  codes.reduce((worse, code) => (WORSE.indexOf(code) > WORSE.indexOf(worse) ? code : worse), EXIT.YES);
