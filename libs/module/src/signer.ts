import { hex } from './hex.js';

const INTEGER = 0x02;
const OID = 0x06;
const SEQUENCE = 0x30;
const SET = 0x31;
/** Context-specific tags: the content, and a subject key identifier (primitive). */
const CONTENT = 0xa0;
const KEY_ID = 0x80;
/** 1.2.840.113549.1.7.2 */
const SIGNED_DATA = '2a864886f70d010702';
/** A distinguished name has some hundred bytes, a serial number at most 20, a key identifier 20. */
const MAX_ISSUER = 1024;
const MAX_NUMBER = 64;

/** One DER value: `from` and `to` are the bounds of its content. */
interface Value {
  readonly tag: number;
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The key that made a PKCS#7 signature, as the signature names it: `issuer:HEX,serial:HEX` or `key-id:HEX`.
 *
 * `issuer` is the whole DER name of the certificate's issuer.
 * Null: this is no PKCS#7 message with exactly one signer.
 * @see https://datatracker.ietf.org/doc/html/rfc5652 sections 5.1 and 5.3
 */
export function readSigner(der: Uint8Array): string | null {
  const message = first(der, readValue(der, 0, der.length), SEQUENCE);
  const kind = message && readValue(der, message.from, message.to);
  if (kind?.tag !== OID || hex(der.subarray(kind.from, kind.to)) !== SIGNED_DATA) return null;
  const content = first(der, readValue(der, kind.to, message!.to), CONTENT);
  const signedData = content && readValue(der, content.from, content.to);
  if (signedData?.tag !== SEQUENCE) return null;
  // version, digest algorithms, content; certificates and revocations are optional; the signers are last
  let last: Value | null = null;
  for (let at = signedData.from; at < signedData.to; at = last.to) {
    last = readValue(der, at, signedData.to);
    if (last === null) return null;
  }
  const signer = last?.tag === SET ? readValue(der, last.from, last.to) : null;
  if (signer?.tag !== SEQUENCE || signer.to !== last!.to) return null;
  const version = readValue(der, signer.from, signer.to);
  const name = version?.tag === INTEGER ? readValue(der, version.to, signer.to) : null;
  return name === null ? null : describe(der, name);
}

function describe(der: Uint8Array, name: Value): string | null {
  if (name.tag === KEY_ID)
    return name.to - name.from <= MAX_NUMBER ? `key-id:${hex(der.subarray(name.from, name.to))}` : null;
  if (name.tag !== SEQUENCE) return null;
  const issuer = readValue(der, name.from, name.to);
  const serial = issuer?.tag === SEQUENCE ? readValue(der, issuer.to, name.to) : null;
  if (
    serial?.tag !== INTEGER ||
    serial.to - serial.from > MAX_NUMBER ||
    issuer!.to - issuer!.start > MAX_ISSUER
  )
    return null;
  const issuedBy = hex(der.subarray(issuer!.start, issuer!.to));
  return `issuer:${issuedBy},serial:${hex(der.subarray(serial.from, serial.to))}`;
}

/** The value, if it has this tag and holds something. */
function first(der: Uint8Array, value: Value | null, tag: number): Value | null {
  return value?.tag === tag && value.from < value.to && value.to <= der.length ? value : null;
}

/**
 * The value that starts at `at`; null where it does not end before
 * `end`, or has the indefinite length that DER does not allow.
 */
function readValue(der: Uint8Array, at: number, end: number): Value | null {
  const [tag, short] = [der[at], der[at + 1]];
  if (tag === undefined || short === undefined || at + 2 > end) return null;
  const width = short < 0x80 ? 0 : short - 0x80;
  if (short === 0x80 || width > 4 || at + 2 + width > end) return null;
  let size = width === 0 ? short : 0;
  for (let next = 0; next < width; next++) size = size * 256 + der[at + 2 + next]!;
  const from = at + 2 + width;
  return from + size <= end ? { tag, start: at, from, to: from + size } : null;
}
