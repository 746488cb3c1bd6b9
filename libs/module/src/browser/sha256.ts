import { sha256 as noble } from '@noble/hashes/sha2.js';
import { hex } from '../hex.js';
import type { Sha256 } from '../node/sha256.js';

/** The browser's own SHA-256 is asynchronous, and a page that is served over plain HTTP does not have it. */
class NobleSha256 implements Sha256 {
  constructor(private readonly hash: ReturnType<typeof noble.create>) {}

  update(bytes: Uint8Array): this {
    this.hash.update(bytes);
    return this;
  }

  copy(): Sha256 {
    return new NobleSha256(this.hash.clone());
  }

  digest(): string {
    return hex(this.hash.digest());
  }
}

export const sha256 = (): Sha256 => new NobleSha256(noble.create());
