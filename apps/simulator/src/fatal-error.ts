/** An error that ends the program. Its message is shown without a stack trace and says what to do. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
}
