import { createHmac, createPublicKey, hkdfSync, verify } from 'node:crypto';
import { canonicalJson } from '@klpreg/wire';
import type { AuditAction } from './audit-actions.js';
import { CertificateKeys, SigningKey } from './signing-key.js';

/** What the audit log records of a change. */
export interface AuditEntry {
  readonly who: string;
  readonly action: AuditAction;
  readonly subject: string;
  readonly detail?: object;
}

/** An entry as it is stored. `link` and `keyId` are null only if it is older than the chain. */
export interface StoredEntry extends Omit<Required<AuditEntry>, 'action'> {
  /** One of another version of the server may not be known here. */
  readonly action: string;
  readonly number: bigint;
  readonly at: Date;
  readonly link: string | null;
  readonly keyId: string | null;
}

/** The last entry of the log, which stands for all of them. */
export interface AuditHead {
  readonly number: bigint;
  readonly link: string;
}

/** A head that a server signed, for a place outside the database. */
export interface SignedHead extends AuditHead {
  readonly signedAt: Date;
  /** Ed25519, PEM. */
  readonly publicKey: string;
  /** Over the canonical JSON of `{number, link, signedAt}`, base64. */
  readonly signature: string;
}

/** The link before the first entry. */
export const FIRST_LINK = '0'.repeat(64);

const derived = (secret: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));

const headText = ({ number, link }: AuditHead, signedAt: Date): string =>
  canonicalJson({ number: String(number), link, signedAt: signedAt.toISOString() });

/** The key of the chain. Write access to the database is not enough to make a link. */
export class AuditKey {
  /** Names the key in each entry: the first 16 digits of the SHA-256 of its public key. */
  readonly id: string;
  /** Made from the same secrets, which are also outside the database. */
  readonly certificates: CertificateKeys;
  private readonly chainKey: Buffer;
  private readonly headKey: SigningKey;

  /**
   * @param secret 32 random bytes
   * @param earlier those before it, the newest first
   */
  constructor(secret: Buffer, earlier: readonly Buffer[] = []) {
    this.chainKey = derived(secret, 'klpreg audit chain');
    this.headKey = new SigningKey(derived(secret, 'klpreg audit head'));
    const ofCertificates = (one: Buffer) => new SigningKey(derived(one, 'klpreg certificates'));
    this.certificates = new CertificateKeys(ofCertificates(secret), earlier.map(ofCertificates));
    this.id = this.headKey.id;
  }

  /** Ed25519, PEM: checks signed heads. */
  get publicKey(): string {
    return this.headKey.publicKey;
  }

  /**
   * Returns the link of an entry: HMAC-SHA-256 over its canonical JSON and the link of the entry before it.
   */
  link(
    previous: string,
    { number, at, who, action, subject, detail }: Omit<StoredEntry, 'link' | 'keyId'>,
  ): string {
    const content = { number: String(number), at: at.toISOString(), who, action, subject, detail };
    return createHmac('sha256', this.chainKey)
      .update(canonicalJson({ ...content, keyId: this.id, previous }))
      .digest('hex');
  }

  signHead(head: AuditHead, signedAt: Date): SignedHead {
    const signature = this.headKey.sign(headText(head, signedAt));
    return { ...head, signedAt, publicKey: this.publicKey, signature };
  }
}

/** Whether the key in a signed head made its signature. */
export function hasValidSignature(head: SignedHead): boolean {
  const { signedAt, publicKey, signature } = head;
  const text = Buffer.from(headText(head, signedAt));
  return verify(null, text, createPublicKey(publicKey), Buffer.from(signature, 'base64'));
}

export type AuditProblemKind =
  | 'CHANGED'
  | 'MISSING'
  | 'UNKNOWN_KEY'
  | 'NOT_CHAINED'
  | 'HEAD_DIFFERS'
  | 'TRUNCATED';

export interface AuditProblem {
  readonly number: bigint;
  readonly kind: AuditProblemKind;
  readonly message: string;
}

/**
 * Checks a part of the log: no entry was changed, removed, added or moved.
 *
 * @param entries in the order of their numbers
 * @param before the entry before them; null if they begin with the first entry
 */
export function checkEntries(
  entries: readonly StoredEntry[],
  before: Pick<StoredEntry, 'number' | 'link'> | null,
  key: AuditKey,
): AuditProblem[] {
  let previous = before ?? { number: 0n, link: null };
  return entries.flatMap((entry) => {
    const problems = checkEntry(entry, previous, key);
    previous = entry;
    return problems;
  });
}

function checkEntry(
  entry: StoredEntry,
  previous: Pick<StoredEntry, 'number' | 'link'>,
  key: AuditKey,
): AuditProblem[] {
  const { number, link, keyId } = entry;
  const problem = (kind: AuditProblemKind, message: string): AuditProblem => ({ number, kind, message });
  if (number !== previous.number + 1n) {
    const missing = `${previous.number + 1n} to ${number - 1n}`;
    return [problem('MISSING', `the entries ${missing} before it are missing`)];
  }
  if (link === null)
    return [problem('NOT_CHAINED', 'it has no link: the link was removed, or it is older than the chain')];
  if (keyId !== key.id)
    return [
      problem('UNKNOWN_KEY', `its link was made with the key ${keyId}; this server has the key ${key.id}`),
    ];
  return key.link(previous.link ?? FIRST_LINK, entry) === link
    ? []
    : [problem('CHANGED', 'it, its position or the entry before it was changed')];
}

/**
 * Checks the log against a head that was kept outside the database.
 *
 * @param found the entry with the number of the head; null if there is none
 */
export function checkHead(
  { number, link }: AuditHead,
  found: Pick<StoredEntry, 'link'> | null,
): AuditProblem[] {
  if (found === null)
    return [
      { number, kind: 'TRUNCATED', message: `the kept head is entry ${number}, which the log does not have` },
    ];
  return found.link === link
    ? []
    : [{ number, kind: 'HEAD_DIFFERS', message: 'its link differs from that of the kept head' }];
}
