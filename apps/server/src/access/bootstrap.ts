import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TokensStore } from '../store/access/tokens.store.js';
import { newToken } from './token-text.js';

/**
 * Creates the first admin token, once for a database.
 *
 * The file is written before the token is stored, by one server at a time. A crash in between leaves a file with a token that the next
 * start replaces, never a stored token that is unknown. If several servers start, the file is that of the server whose token is stored.
 *
 * @returns the path of the file if a token was created; null if there was one
 */
export async function bootstrapToken(
  tokens: TokensStore,
  dataDir: string,
  now: Date,
): Promise<string | null> {
  if (await tokens.any()) return null;
  const token = newToken('admin');
  const file = path.resolve(dataDir, 'admin-token');
  const write = async () => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(file, `${token}\n`, { mode: 0o600 });
    await chmod(file, 0o600);
  };
  return (await tokens.addFirst(token, 'bootstrap admin', now, write)) ? file : null;
}

/** Path of the file with the first admin token, if it exists. */
export const tokenFile = (dataDir: string): string | null => {
  const file = path.resolve(dataDir, 'admin-token');
  return existsSync(file) ? file : null;
};
