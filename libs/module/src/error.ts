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

/**
 * The file is not a kernel module that we can read: the caller's mistake, not an answer.
 *
 * A file that *is* a module, and whose states cannot be told, is an answer: see `ModuleReading.unreadable`.
 */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';

  constructor(
    readonly code: ModuleErrorCode,
    message: string,
  ) {
    super(message);
  }
}
