import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { RequestError } from '../errors.js';

/** An Ed25519 public key and its fingerprint: the SHA-256 of its SPKI form. */
export interface OwnerKey {
  readonly fingerprint: string;
  /** PEM. */
  readonly publicKey: string;
}

const fingerprintOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');

/**
 * Reads the public key of an owner.
 *
 * @throws RequestError unless it is an Ed25519 public key in PEM
 */
export function readOwnerKey(pem: string): OwnerKey {
  if (pem.includes('PRIVATE KEY'))
    throw new RequestError(
      'BAD_USER_INPUT',
      'this is a private key: keep it to yourself, make a new one, and give its public key (openssl pkey -pubout)',
    );
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new RequestError('BAD_USER_INPUT', 'this is not a public key in PEM (-----BEGIN PUBLIC KEY-----)');
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new RequestError(
      'BAD_USER_INPUT',
      `the key must be Ed25519, found ${key.asymmetricKeyType ?? 'another kind'}`,
    );
  return {
    fingerprint: fingerprintOf(key),
    publicKey: key.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Returns the key that made the signature; null if none of these did. */
export const signedBy = (
  keys: readonly OwnerKey[],
  content: Uint8Array,
  signature: string,
): OwnerKey | null =>
  keys.find((key) =>
    verify(null, content, createPublicKey(key.publicKey), Buffer.from(signature, 'base64')),
  ) ?? null;
