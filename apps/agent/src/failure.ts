/** The kinds of failure. The exit code of each is part of the command line's contract. */
export type FailureCode = 'REFUSED' | 'USAGE' | 'UNREADABLE' | 'UNREACHABLE' | 'UNAUTHORISED' | 'DISK';

const EXIT: Record<FailureCode, number> = {
  REFUSED: 1,
  USAGE: 2,
  UNREADABLE: 3,
  UNREACHABLE: 4,
  UNAUTHORISED: 5,
  DISK: 6,
};

/** An error that the operator can act on. Any other error is a bug of this program. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly code: FailureCode,
    message: string,
  ) {
    super(message);
  }

  /** The exit code of the program. The README lists them. */
  get exit(): number {
    return EXIT[this.code];
  }
}

/** A file exists and cannot be read, or has a value that no kernel writes. */
export const unreadable = (path: string, why: string): Failure =>
  new Failure('UNREADABLE', `${path}: ${why}`);

/**
 * Formats a found value for an error message.
 *
 * @returns JSON, so that control characters cannot reach a terminal or a log; cut to 60 characters
 */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
