/** Why a file cannot be read as a kernel module at all. Frozen once released. */
export type ModuleErrorCode =
  | 'NOT_ELF'
  | 'NOT_ELF64'
  | 'NOT_RELOCATABLE'
  | 'UNSUPPORTED_ARCH'
  | 'TRUNCATED'
  | 'MALFORMED'
  | 'NOT_A_MODULE'
  | 'TOO_LARGE'
  | 'COMPRESSION_BROKEN';

/** The limit that a file exceeds: what was counted, how many there are (at least), how many are allowed. */
export interface ExceededLimit {
  readonly what: string;
  readonly found: number;
  readonly allowed: number;
}

/**
 * The file is not a kernel module that we can read: the caller's mistake, not an answer.
 *
 * A module whose states cannot be read is a result, not an error: see `ModuleReading.unreadable`.
 */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';

  constructor(
    readonly code: ModuleErrorCode,
    message: string,
    /** With `TOO_LARGE`: which limit. */
    readonly limit: ExceededLimit | null = null,
  ) {
    super(message);
  }
}

export function tooLarge(what: string, found: number, allowed: number): ModuleError {
  return new ModuleError('TOO_LARGE', `${what}: ${found} found, at most ${allowed} allowed`, {
    what,
    found,
    allowed,
  });
}
