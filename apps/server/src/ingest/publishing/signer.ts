import { signedForm } from '@klpreg/wire';
import { isValidAt, type OwnerKey, signedBy, type Validity, validityText } from '../../access/owner-keys.js';
import { RequestError } from '../../errors.js';
import type { Submission } from './submission.js';

/**
 * Returns the fingerprint of the key that signed the author statement; null if it is unsigned.
 *
 * The SHA-256 in the signed form is that of the submitted file, as the registry computed it.
 *
 * @param keys of the owner
 * @throws RequestError if there is a signature that no valid key of the owner made
 */
export function signerOf(
  { facts, author, signature, release, owner }: Submission,
  keys: readonly (OwnerKey & Validity)[],
  now: Date,
): string | null {
  if (signature === null) return null;
  const wrong = (detail: string) =>
    new RequestError('BAD_USER_INPUT', `the signature is not valid: ${detail}`, [
      { pointer: '/signature', detail, found: signature },
    ]);
  if (author === null) throw wrong('the submission has no author statement');
  const { buildId, sha256 } = facts;
  if (sha256 === null)
    throw wrong('it is for one file, and the facts do not have its SHA-256 (/facts/sha256)');
  if (keys.length === 0)
    throw wrong(`no key of ${owner} is known (an admin adds one with klpreg owner-key add)`);
  const key = signedBy(keys, signedForm({ buildId, sha256, release, owner }, author), signature);
  if (key === null)
    throw wrong(
      `none of the ${keys.length} keys of ${owner} made it for this statement, build, release and file ` +
        `(SHA-256 ${sha256})`,
    );
  if (!isValidAt(key, now)) throw wrong(`its key ${key.fingerprint} ${validityText(key)}`);
  return key.fingerprint;
}

/**
 * Refuses a submission without a signature if its owner's manifests must be signed by now.
 *
 * @param signer fingerprint of the key that signed it; null: unsigned
 * @throws RequestError FORBIDDEN
 */
export function requireSignature(
  { owner }: Submission,
  signer: string | null,
  requiredFrom: Date | null,
  now: Date,
): void {
  if (signer !== null || requiredFrom === null || now < requiredFrom) return;
  throw new RequestError(
    'FORBIDDEN',
    `manifests of ${owner} must be signed since ` +
      `${requiredFrom.toISOString()}: add an author statement, and ` +
      `sign it with a key of ${owner} (klpreg patch publish --sign-key)`,
  );
}
