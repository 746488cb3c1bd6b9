import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AuthorStatement, type SignedFile, signedForm } from '@klpreg/wire';
import { usage } from '../exits.js';

const HOW = 'create one with: openssl genpkey -algorithm ed25519 -out KEY';

/**
 * Reads the private key that signs author statements.
 *
 * @throws Failure 2 unless it is an Ed25519 private key in PEM without a passphrase
 */
export function readSignKey(file: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file, 'utf8'));
  } catch (error) {
    throw usage(`--sign-key: ${file} cannot be read as a private key: ${(error as Error).message}`, HOW);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw usage(
      `--sign-key: ${file} has a key of type ${key.asymmetricKeyType ?? 'unknown'}; it must be Ed25519`,
      HOW,
    );
  return key;
}

/** Signs an author statement for one file. Returns base64. */
export const signStatement = (key: KeyObject, file: SignedFile, statement: AuthorStatement): string =>
  sign(null, signedForm(file, statement), key).toString('base64');
