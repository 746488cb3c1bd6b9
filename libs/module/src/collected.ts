import { tooLarge } from './error.js';

/** What is counted while a file is unpacked. */
export const UNPACKED_BYTES = 'bytes of the unpacked file';

/** The pieces of a result, up to a limit. */
export class Collected {
  size = 0;
  private readonly pieces: Uint8Array[] = [];

  constructor(private readonly limit: number) {}

  /** @throws ModuleError `TOO_LARGE` */
  add(piece: Uint8Array): void {
    this.size += piece.length;
    if (this.size > this.limit) throw tooLarge(UNPACKED_BYTES, this.size, this.limit);
    this.pieces.push(piece);
  }

  /** Adds all pieces of a stream. It is cancelled if they exceed the limit or cannot be read. */
  async addAll(stream: ReadableStream<Uint8Array>): Promise<this> {
    const reader = stream.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return this;
        this.add(value);
      }
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      throw error;
    }
  }

  whole(): Uint8Array {
    const whole = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
