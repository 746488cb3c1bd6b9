/** Why the program cannot go on, and what to do about it: for people, without a stack. */
export class Stop extends Error {
  override readonly name = 'Stop';
}
