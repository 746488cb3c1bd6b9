import { timingSafeEqual } from 'node:crypto';
import { hmacBy } from './hmac.js';

/** What a host credential says. */
export interface HostCredential {
  /** The instance id, which is the id of the host. */
  readonly instance: string;
  /** The enrolment token that the host was enrolled with. */
  readonly tokenId: string;
  readonly serial: number;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** A key of the registry. */
export interface SigningKey {
  readonly id: number;
  readonly macOf: (content: Uint8Array) => Buffer;
}

export const toSigningKey = (id: number, secret: Uint8Array): SigningKey => ({
  id,
  macOf: hmacBy(secret),
});

const VERSION = 1;
/** Version, key id, instance, enrolment token, serial, issue time, expiry time. */
const CONTENT_BYTES = 1 + 1 + 16 + 16 + 4 + 4 + 4;
const MAC_BYTES = 32;
const PREFIX = 'klpreg_host_';
/** A multiple of three bytes: base64url then has no unused bits, and one credential has one text. */
const FORM = new RegExp(`^${PREFIX}([\\w-]{${((CONTENT_BYTES + MAC_BYTES) / 3) * 4}})$`);

const toUuid = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

/** Returns true for a text that claims to be a host credential. */
export const looksLikeHostCredential = (token: string): boolean => token.startsWith(PREFIX);

/** Writes a credential: its content, and an HMAC of it by a key of the registry. Times are whole seconds. */
export function writeHostCredential(credential: HostCredential, { id, macOf }: SigningKey): string {
  const content = Buffer.alloc(CONTENT_BYTES);
  content[0] = VERSION;
  content[1] = id;
  content.write(credential.instance.replaceAll('-', ''), 2, 'hex');
  content.write(credential.tokenId.replaceAll('-', ''), 18, 'hex');
  content.writeUInt32BE(credential.serial, 34);
  content.writeUInt32BE(Math.floor(credential.issuedAt.getTime() / 1000), 38);
  content.writeUInt32BE(Math.floor(credential.expiresAt.getTime() / 1000), 42);
  return PREFIX + Buffer.concat([content, macOf(content)]).toString('base64url');
}

/** Reads a credential. It may have expired. Null if no key of the registry made it. */
export function readHostCredential(
  text: string,
  keys: ReadonlyMap<number, SigningKey>,
): HostCredential | null {
  const encoded = FORM.exec(text)?.[1];
  if (encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64url');
  const content = bytes.subarray(0, CONTENT_BYTES);
  const key = content[0] === VERSION ? keys.get(content[1]!) : undefined;
  if (key === undefined || !timingSafeEqual(key.macOf(content), bytes.subarray(CONTENT_BYTES))) return null;
  return {
    instance: toUuid(content.toString('hex', 2, 18)),
    tokenId: toUuid(content.toString('hex', 18, 34)),
    serial: content.readUInt32BE(34),
    issuedAt: new Date(content.readUInt32BE(38) * 1000),
    expiresAt: new Date(content.readUInt32BE(42) * 1000),
  };
}
