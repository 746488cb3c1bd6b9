/** What went wrong, for a caller that decides by it. The exit code of each is part of the command line's contract. */
export type FailureCode = 'REFUSED' | 'USAGE' | 'UNREADABLE' | 'UNREACHABLE' | 'UNAUTHORISED' | 'DISK';

const EXIT: Record<FailureCode, number> = { REFUSED: 1, USAGE: 2, UNREADABLE: 3, UNREACHABLE: 4, UNAUTHORISED: 5, DISK: 6 };

/** Something that its reader can act on. Anything else that is thrown is a bug of ours. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly code: FailureCode,
    message: string,
  ) {
    super(message);
  }

  /** The exit code of the program: 1 refused, 2 usage, 3 the tree could not be read, 4 registry unreachable, 5 not authorised, 6 the state directory cannot be written now. */
  get exit(): number {
    return EXIT[this.code];
  }
}

/** A file of the tree that is there and cannot be read, or says what no kernel says. */
export const unreadable = (path: string, why: string): Failure => new Failure('UNREADABLE', `${path}: ${why}`);

/**
 * How is a found value shown in an error?
 *
 * @returns JSON, so that control characters and broken text cannot reach a terminal or a log; cut to 60 characters
 */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
