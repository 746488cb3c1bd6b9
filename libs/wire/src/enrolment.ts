import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from './digest.js';
import { Instant, Sha256, Uuid, word } from './names.js';

/** What proves that the sender has the host's private key. */
const proof = {
  /** The time of the registry at sending. A proof is valid for a few minutes, and once. */
  at: Instant,
  /** Ed25519 signature of the canonical JSON of all other fields, in base64. */
  signature: z
    .string()
    .regex(/^[A-Za-z0-9+/]{86}==$/, 'must be an Ed25519 signature in base64: 88 characters'),
};

/** Asks for the first credential of a host, with an enrolment token. `POST /v1/enrolments` */
export const EnrolmentRequest = z.strictObject({
  schema: z.literal('enrolment/v1'),
  instance: Uuid,
  /** As in reports. */
  machine: Sha256.nullable(),
  hostname: word(253),
  /** The 32 bytes of an Ed25519 public key, in base64url. */
  publicKey: z
    .string()
    .regex(/^[\w-]{43}$/, 'must be an Ed25519 public key: 32 bytes in base64url, 43 characters'),
  ...proof,
});
export type EnrolmentRequest = z.infer<typeof EnrolmentRequest>;

/** Asks for the next credential of an enrolled host, without a token. `POST /v1/credentials` */
export const RenewalRequest = z.strictObject({
  schema: z.literal('renewal/v1'),
  instance: Uuid,
  /** Of the credential that the host has; 0 if it has none. */
  serial: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  ...proof,
});
export type RenewalRequest = z.infer<typeof RenewalRequest>;

type Signed = EnrolmentRequest | RenewalRequest;
type Unsigned<Document> = Document extends unknown ? Omit<Document, 'signature'> : never;

/** The bytes that are signed. The field `schema` keeps the signatures of different documents apart. */
const signedBytes = (document: Unsigned<Signed>): Uint8Array => Buffer.from(canonicalJson(document));

/** Adds the signature by the host's private key. */
export const withProof = <Document extends Unsigned<Signed>>(
  document: Document,
  privateKey: KeyObject,
): Document & { readonly signature: string } => ({
  ...document,
  signature: sign(null, signedBytes(document), privateKey).toString('base64'),
});

/** Returns true if the private key of this public key signed the document. @param publicKey 32 bytes */
export function isProven({ signature, ...document }: Signed, publicKey: Uint8Array): boolean {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, signedBytes(document), key, Buffer.from(signature, 'base64'));
}
