import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AuthorWord, type Publication, signedForm } from '@klpreg/wire';
import { usage } from '../exits.js';

const HOW = 'openssl genpkey -algorithm ed25519 -out KEY makes one';

/**
 * The key in this file, to sign an author's word with.
 *
 * @throws a usage error unless it is an Ed25519 private key in PEM without a passphrase
 */
export function readSignKey(file: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file, 'utf8'));
  } catch (error) {
    throw usage(`--sign-key: ${file} cannot be read as a private key: ${(error as Error).message}`, HOW);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw usage(`--sign-key: ${file} is a key of the kind ${key.asymmetricKeyType ?? 'unknown'}; it must be Ed25519`, HOW);
  return key;
}

/** The signature over an author's word on one build, in base64. */
export const signWord = (key: KeyObject, buildId: string, publication: Publication, word: AuthorWord): string =>
  sign(null, signedForm(buildId, publication, word), key).toString('base64');
