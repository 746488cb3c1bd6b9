import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TokensStore } from '../store/access/tokens.store.js';

/**
 * Makes the first admin token, once for a database.
 *
 * The file is written before the token counts, and by one server at a time: a crash between the two leaves a file with a token that the next start replaces, never a token that
 * nobody has; and of servers that start at once, the file is of the one whose token counts.
 *
 * @returns the path of the file where a token was made; null where there was one already
 */
export async function bootstrapToken(tokens: TokensStore, dataDir: string, now: Date): Promise<string | null> {
  if (await tokens.any()) return null;
  const token = `klpreg_${randomBytes(32).toString('base64url')}`;
  const file = path.resolve(dataDir, 'admin-token');
  const write = async () => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(file, `${token}\n`, { mode: 0o600 });
    await chmod(file, 0o600);
  };
  return (await tokens.addFirst(token, 'bootstrap admin', now, write)) ? file : null;
}

/** Where the first admin token of this data folder is, if it is there. */
export const tokenFile = (dataDir: string): string | null => {
  const file = path.resolve(dataDir, 'admin-token');
  return existsSync(file) ? file : null;
};
