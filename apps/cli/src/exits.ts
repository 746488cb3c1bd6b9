/** What each exit code says. Frozen: pipelines branch on them. */
export const EXIT = {
  YES: 0,
  NO: 1,
  USAGE: 2,
  CANNOT_TELL: 3,
  UNREACHABLE: 4,
  NOT_AUTHORISED: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Why the program ends without an answer: what to tell the operator, and the exit code that says it to scripts. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly exit: ExitCode,
    message: string,
    /** One line each: what to do about it, what was found where. */
    readonly hints: readonly string[] = [],
    /** The registry's own word for it, such as NOT_FOUND; null where it has none, or several. */
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

/** A usage error of the caller: a flag, a file, a name that does not exist. */
export const usage = (message: string, ...hints: string[]): Failure => new Failure(EXIT.USAGE, message, hints);

/** The registry does not answer, or answers something that cannot be an answer. Never a yes, never a no. */
export const unexpected = (message: string, ...hints: string[]): Failure => new Failure(EXIT.UNREACHABLE, message, hints);

/** The registry does not know the asker, or does not let them. */
export const notAuthorised = (message: string, ...hints: string[]): Failure => new Failure(EXIT.NOT_AUTHORISED, message, hints);

/** From harmless to hopeless: which code a run over several things ends with. */
const WORSE: readonly ExitCode[] = [EXIT.YES, EXIT.CANNOT_TELL, EXIT.NO, EXIT.USAGE, EXIT.UNREACHABLE, EXIT.NOT_AUTHORISED];

/** Which exit code stands for all of these? */
export const worst = (codes: readonly ExitCode[]): ExitCode =>
  codes.reduce((worse, code) => (WORSE.indexOf(code) > WORSE.indexOf(worse) ? code : worse), EXIT.YES);
