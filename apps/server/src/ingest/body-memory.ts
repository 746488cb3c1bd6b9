import type { ServerResponse } from 'node:http';

/** Bodies up to this size are not counted: the number of pending messages bounds them. */
const SMALL = 16 * 1024;

/** The memory of request bodies, from their first byte until their answer is sent. */
export class BodyMemory {
  private reserved = 0;
  private readonly reservations = new WeakMap<ServerResponse, number>();

  /** @param limit bytes of all counted bodies together */
  constructor(private readonly limit: number) {}

  /** Bytes of all counted bodies. */
  get bytes(): number {
    return this.reserved;
  }

  /**
   * Reserves memory for a body until its response is closed.
   *
   * @param bytes the size of the whole body, or of what was received
   * @returns whether there was enough
   */
  reserve(response: ServerResponse, bytes: number): boolean {
    if (bytes <= SMALL) return true;
    const before = this.reservations.get(response) ?? 0;
    if (bytes <= before) return true;
    if (this.reserved + bytes - before > this.limit) return false;
    if (before === 0) response.once('close', () => (this.reserved -= this.reservations.get(response) ?? 0));
    this.reservations.set(response, bytes);
    this.reserved += bytes - before;
    return true;
  }
}
