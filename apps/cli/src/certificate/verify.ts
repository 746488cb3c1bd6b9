import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { usage } from '../exits.js';
import type { CertificateFile } from './file.js';

/** A public key, and its id as certificates name it. */
export interface PublicKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** Reads a public key. @throws Failure 2 unless it is an Ed25519 key in PEM */
export function publicKeyFrom(pem: string, where: string): PublicKey {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is of the type ${key.asymmetricKeyType}`);
    const der = key.export({ type: 'spki', format: 'der' });
    return { key, id: createHash('sha256').update(der).digest('hex').slice(0, 16) };
  } catch (error) {
    throw usage(
      `${where} is not an Ed25519 public key (PEM): ${(error as Error).message}`,
      'klpreg certificate key prints the key of the registry',
    );
  }
}

/** Reads the public keys of a file: the one of the registry, and earlier ones. */
export function readPublicKeys(file: string): PublicKey[] {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw usage(`--key ${file} cannot be read: ${(error as Error).message}`);
  }
  const found = pem.match(/-----BEGIN [^]*?-----END [^-]*-----/g) ?? [pem];
  return found.map((one) => publicKeyFrom(one, `--key ${file}`));
}

/** Returns why none of these keys signed a certificate. Null: one did. */
export function signatureObjection(
  { signed, keyId, signature }: CertificateFile,
  keys: readonly PublicKey[],
): string | null {
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined)
    return `it was signed with the key ${keyId}, and not with ${keys.map(({ id }) => id).join(', ')}`;
  if (!verify(null, Buffer.from(signed), key.key, Buffer.from(signature, 'base64')))
    return 'its signature is wrong: it was changed after it was signed';
  return null;
}

/** Returns why a certificate is not valid at a time. Null: it is. */
export function objection(file: CertificateFile, keys: readonly PublicKey[], now: number): string | null {
  const why = signatureObjection(file, keys);
  if (why !== null) return why;
  const { content } = file;
  const expiresAt = Date.parse(content.expiresAt);
  if (Number.isNaN(expiresAt) || now >= expiresAt) return `it expired at ${content.expiresAt}`;
  return now < Date.parse(content.issuedAt) - CLOCK_MS
    ? `it was issued at ${content.issuedAt}, which is in the future`
    : null;
}

/** Clocks may differ by this. */
const CLOCK_MS = 5 * 60_000;
