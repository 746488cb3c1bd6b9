import { randomBytes } from 'node:crypto';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../../config.js';
import { readSecretFile } from '../../secret-file.js';
import { AuditKey } from './audit-chain.js';

/**
 * Reads the key of the audit log from its file, or creates the file. Lines after the first one have earlier
 * keys, whose certificates are still verified.
 *
 * It is kept outside the database, so that a person who can change the database cannot repair the chain. All
 * servers of one database need the same file.
 *
 * @throws ConfigError if it cannot be read, has another format, or other users can read or change it
 */
export async function readAuditKey(file: string): Promise<AuditKey> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await create(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new ConfigError(`KLPREG_AUDIT_KEY_FILE: ${file} cannot be created: ${(error as Error).message}`);
  }
  const text = readSecretFile('KLPREG_AUDIT_KEY_FILE', file).toString('utf8').trim();
  const [secret, ...earlier] = text.split(/\r?\n/).map((line, i) => {
    if (!/^[\w-]{43}$/.test(line))
      throw new ConfigError(
        `KLPREG_AUDIT_KEY_FILE: ${file} must have lines of 43 base64url characters, found ` +
          `${line.length} characters in line ${i + 1}`,
      );
    return Buffer.from(line, 'base64url');
  });
  return new AuditKey(secret!, earlier);
}

/** Creates the file with its content, or fails with EEXIST. Another server never reads half of it. */
async function create(file: string): Promise<void> {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
