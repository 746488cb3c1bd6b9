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
      'this is a private key: keep it to yourself, make a new one, ' +
        'and give its public key (openssl pkey -pubout)',
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

/** The time in which statements can be signed with a key. */
export interface Validity {
  readonly validFrom: Date;
  /** Null: without end. */
  readonly validUntil: Date | null;
  readonly revokedAt: Date | null;
}

export const isValidAt = ({ validFrom, validUntil, revokedAt }: Validity, at: Date): boolean =>
  revokedAt === null && validFrom <= at && (validUntil === null || at < validUntil);

/** Describes the validity of a key in a sentence about it. */
export function validityText({ validFrom, validUntil, revokedAt }: Validity): string {
  if (revokedAt !== null) return `was revoked at ${revokedAt.toISOString()}`;
  const until = validUntil === null ? '' : ` until ${validUntil.toISOString()}`;
  return `is valid from ${validFrom.toISOString()}${until}`;
}

/** Returns the key that made the signature; null if none of these did. */
export const signedBy = <Key extends OwnerKey>(
  keys: readonly Key[],
  content: Uint8Array,
  signature: string,
): Key | null =>
  keys.find((key) =>
    verify(null, content, createPublicKey(key.publicKey), Buffer.from(signature, 'base64')),
  ) ?? null;
