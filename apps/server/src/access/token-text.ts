import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The kinds of tokens: the roles of people and programs, enrolment, and the credential of a host. */
export const TOKEN_KINDS = ['admin', 'publisher', 'gate', 'reader', 'relay', 'enrol', 'host'] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** The random part is 32 bytes as base64url. It may contain `_`, so it is found by its length. */
const FORM = new RegExp(`^(klpreg_(${TOKEN_KINDS.join('|')})_[\\w-]{43})_([0-9A-Za-z]{6})$`);

/** A host credential has no checksum: its HMAC finds typing errors as well. */
const HOST_FORM = /^klpreg_host_[\w-]{104}$/;

/** The form of tokens before they had a kind and a checksum. */
const OLD_FORM = /^klpreg_[\w-]{43}$/;

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Returns a new token: `klpreg_<kind>_<random>_<checksum>`. Secret scanners and people recognise it. */
export function newToken(kind: TokenKind): string {
  const text = `klpreg_${kind}_${randomBytes(32).toString('base64url')}`;
  return `${text}_${checksum(text)}`;
}

/**
 * Returns the kind of a token from its text alone. The kind is a claim until the token has been looked up.
 *
 * @returns `DAMAGED` if it was mistyped or cut; `UNMARKED` if it has the form of no kind, and only a look-up
 * tells more
 */
export function readToken(token: string): TokenKind | 'DAMAGED' | 'UNMARKED' {
  const [, text, kind, found] = FORM.exec(token) ?? [];
  if (text !== undefined) return checksum(text) === found ? (kind as TokenKind) : 'DAMAGED';
  if (HOST_FORM.test(token)) return 'host';
  return token.startsWith('klpreg_') && !OLD_FORM.test(token) ? 'DAMAGED' : 'UNMARKED';
}

/** CRC-32 of the rest of the token, in six digits of base 62. It finds typing errors, not forgeries. */
function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < 6; i++) {
    digits = DIGITS[rest % 62]! + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
