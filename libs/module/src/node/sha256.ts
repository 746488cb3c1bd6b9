import { createHash } from 'node:crypto';

/** A SHA-256 in progress. */
export interface Sha256 {
  update(bytes: Uint8Array): Sha256;
  copy(): Sha256;
  digest(encoding: 'hex'): string;
}

export const sha256 = (): Sha256 => createHash('sha256');
