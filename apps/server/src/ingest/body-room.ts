import type { ServerResponse } from 'node:http';
import { BODIES_LIMIT } from '../limits.js';

/** Bodies up to this size are not counted: there is room for as many of them as a line has. */
const SMALL = 16 * 1024;

/** The memory that bodies take from when they begin to come in until their answer is sent. */
export class BodyRoom {
  private taken = 0;
  private readonly of = new WeakMap<ServerResponse, number>();

  constructor(private readonly limit = BODIES_LIMIT) {}

  /** Bytes of all bodies that are counted. */
  get bytes(): number {
    return this.taken;
  }

  /** Is there room for a body that has this many bytes by now? They are counted until the response is closed. */
  take(response: ServerResponse, bytes: number): boolean {
    if (bytes <= SMALL) return true;
    const before = this.of.get(response) ?? 0;
    if (bytes <= before) return true;
    if (this.taken + bytes - before > this.limit) return false;
    if (before === 0) response.once('close', () => (this.taken -= this.of.get(response) ?? 0));
    this.of.set(response, bytes);
    this.taken += bytes - before;
    return true;
  }
}
