/** The time. Tests hold one of their own and move it. */
export class Clock {
  now(): Date {
    return new Date();
  }
}
