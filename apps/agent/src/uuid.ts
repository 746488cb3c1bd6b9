import { createHash } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The namespace of this agent's name-based UUIDs. It must never change. */
const NAMESPACE = Buffer.from('0d6a1f52c3b84e6f9b7e4a1c5f3d2e90', 'hex');

/** Returns true for a UUID in lower case. */
export const isUuid = (text: string): boolean => UUID.test(text);

/**
 * Returns the name-based UUID of a text (RFC 9562, version 5), the same on every machine.
 *
 * The namespace is `0d6a1f52-c3b8-4e6f-9b7e-4a1c5f3d2e90`.
 */
export function uuidOf(text: string): string {
  const bytes = createHash('sha1').update(NAMESPACE).update(text, 'utf8').digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Returns a UUID in lower case, and for any other text its name-based UUID. */
export const uuidFrom = (text: string): string =>
  isUuid(text.toLowerCase()) ? text.toLowerCase() : uuidOf(text);
