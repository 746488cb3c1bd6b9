/** An error in a selector, with its position. */
export class WhereError extends Error {
  override readonly name = 'WhereError';

  constructor(
    readonly selector: string,
    /** The index in the selector, in UTF-16 code units. It is the length of the selector for its end. */
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}
