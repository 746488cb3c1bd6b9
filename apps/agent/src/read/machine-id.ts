import { createHmac } from 'node:crypto';
import { unreadable } from '../failure.js';
import { readText } from './attribute.js';

/** This application, for hashing machine ids: made once with `uuidgen`, never to be changed. */
const APPLICATION = Buffer.from('5b0f7c1e9a4d4c0c8e62d1a93f27b684', 'hex');

/**
 * Which machine is it, in a form that only this application can make?
 *
 * HMAC-SHA256 of the application's id, keyed with the machine id: the raw id must not leave the host, and other programs' hashes must not be comparable.
 * As `sd_id128_get_machine_app_specific(3)`, and not cut to 16 bytes.
 *
 * @param path `/etc/machine-id`
 * @returns 64 hexadecimal digits; null where there is none, or it is not set yet
 */
export function readMachine(path: string | null): string | null {
  const text = path === null ? null : readText(path, 4096, true)?.trim();
  if (path === null || text === null || text === undefined || text === '' || text === 'uninitialized') return null;
  // machine-id(5) has no dashes; systemd takes the form of a UUID as well, and it is the same id
  const id = text.toLowerCase().replace(/^(.{8})-(.{4})-(.{4})-(.{4})-(.{12})$/, '$1$2$3$4$5');
  if (!/^[0-9a-f]{32}$/.test(id)) throw unreadable(path, 'is not a machine id: 32 hexadecimal digits');
  return createHmac('sha256', Buffer.from(id, 'hex')).update(APPLICATION).digest('hex');
}
