import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';

/** PKCS #8 of an Ed25519 private key, before its 32 bytes. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** An Ed25519 key of the registry. */
export class SigningKey {
  /** The first 16 digits of the SHA-256 of the public key (SPKI, DER). */
  readonly id: string;
  /** PEM. */
  readonly publicKey: string;
  private readonly privateKey;

  /** @param seed 32 secret bytes */
  constructor(seed: Buffer) {
    this.privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey(this.privateKey);
    this.publicKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const der = publicKey.export({ type: 'spki', format: 'der' });
    this.id = createHash('sha256').update(der).digest('hex').slice(0, 16);
  }

  /** Returns a signature in base64. */
  sign(content: string): string {
    return sign(null, Buffer.from(content), this.privateKey).toString('base64');
  }

  /** Whether this key made the signature, which is in base64. */
  signed(content: string, signature: string): boolean {
    return verify(
      null,
      Buffer.from(content),
      createPublicKey(this.privateKey),
      Buffer.from(signature, 'base64'),
    );
  }
}

/** The keys of certificates. */
export class CertificateKeys {
  constructor(
    /** Signs new certificates. */
    readonly current: SigningKey,
    /** Signed earlier ones; the newest first. */
    private readonly earlier: readonly SigningKey[],
  ) {}

  get all(): readonly SigningKey[] {
    return [this.current, ...this.earlier];
  }

  /** Whether one of the keys made the signature, which is in base64. */
  signed(content: string, signature: string): boolean {
    return this.all.some((key) => key.signed(content, signature));
  }
}
