import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import { readText } from '../read/attribute.js';
import { createDurably, makeFolder } from '../state/durable-files.js';

const fileIn = (folder: string): string => join(folder, 'key.pem');

/**
 * Returns the private key of this host. Null before the first enrolment.
 *
 * @param folder `STATE/instances/ID`
 * @throws Failure USAGE if the file is not a key: a new one in its place would lock the host out
 */
export function readHostKey(folder: string): KeyObject | null {
  const text = readText(fileIn(folder));
  if (text === null) return null;
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // the parser's message may quote the key
  }
  throw new Failure(
    'USAGE',
    `${fileIn(folder)}: is not an Ed25519 private key; ` +
      'restore it, or remove it and let an admin reset this host',
  );
}

/** Returns the private key of this host. A new one is on the disk before this returns. */
export function ensureHostKey(folder: string): KeyObject {
  const kept = readHostKey(folder);
  if (kept !== null) return kept;
  makeFolder(folder);
  const { privateKey } = generateKeyPairSync('ed25519');
  createDurably(fileIn(folder), privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  // the key of another agent on this host, if that was faster
  return readHostKey(folder)!;
}

/** Returns the 32 bytes of the public key in base64url. */
export const publicKeyOf = (privateKey: KeyObject): string =>
  (privateKey.export({ format: 'jwk' }) as { readonly x: string }).x;
