import { createHmac } from 'node:crypto';
import { unreadable } from '../failure.js';
import { readText } from './attribute.js';

/** The id of this application, for hashing machine ids. It must never change. */
const APPLICATION = Buffer.from('5b0f7c1e9a4d4c0c8e62d1a93f27b684', 'hex');

/**
 * Returns an application-specific hash of the machine id.
 *
 * The raw id must not leave the host, and hashes of other programs must not be comparable.
 * HMAC-SHA256 of the application's id, keyed with the machine id, as `sd_id128_get_machine_app_specific(3)`
 * does, but not cut to 16 bytes.
 *
 * @param path `/etc/machine-id`
 * @returns 64 hexadecimal digits; null if there is no id, or it is not set yet
 */
export function readMachine(path: string | null): string | null {
  const text = path === null ? null : readText(path, 4096, true)?.trim();
  if (path === null || text === null || text === undefined || text === '' || text === 'uninitialized')
    return null;
  // machine-id(5) has no dashes. systemd also accepts the form of a UUID for the same id.
  const id = text.toLowerCase().replace(/^(.{8})-(.{4})-(.{4})-(.{4})-(.{12})$/, '$1$2$3$4$5');
  if (!/^[0-9a-f]{32}$/.test(id)) throw unreadable(path, 'is not a machine id: 32 hexadecimal digits');
  return createHmac('sha256', Buffer.from(id, 'hex')).update(APPLICATION).digest('hex');
}
