import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

function padded(secret: Uint8Array, byte: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES, byte);
  for (const [i, one] of secret.entries()) block[i]! ^= one;
  return block;
}

/** Returns the digest with one character for each byte: a buffer for it would cost more than the digest. */
const sha256 = (block: Uint8Array): string => hash('sha256', block, 'binary');

/**
 * Returns HMAC-SHA-256 (RFC 2104) by this key.
 *
 * As `createHmac`, which takes three times as long for a short content, because it makes objects for each.
 *
 * @param secret at most 64 bytes
 */
export function hmacBy(secret: Uint8Array): (content: Uint8Array) => Buffer {
  if (secret.length > BLOCK_BYTES) throw new RangeError('a key of more than 64 bytes');
  const inner = padded(secret, 0x36);
  const outer = Buffer.concat([padded(secret, 0x5c), Buffer.alloc(DIGEST_BYTES)]);
  return (content) => {
    outer.write(sha256(Buffer.concat([inner, content])), BLOCK_BYTES, 'latin1');
    return Buffer.from(sha256(outer), 'latin1');
  };
}
