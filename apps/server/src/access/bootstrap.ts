import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config.js';
import type { TokensStore } from '../store/access/tokens.store.js';
import { newToken } from './token-text.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whether there is a valid admin token. */
export type AdminToken =
  | { readonly kind: 'CREATED'; readonly file: string; readonly expiresAt: Date }
  | { readonly kind: 'EXISTS' }
  /** All have expired or were revoked. */
  | { readonly kind: 'NONE_VALID' };

/**
 * Creates the first admin token of a database, and another one if none is valid and the setting asks for it.
 *
 * The file is written before the token is stored, by one server at a time. A crash in between leaves a file
 * with a token that the next start replaces, never a stored token that is unknown. If several servers start,
 * the file is that of the server whose token is stored.
 */
export async function bootstrapToken(
  tokens: TokensStore,
  { dataDir, adminTokenDays, newAdminToken }: Pick<Config, 'dataDir' | 'adminTokenDays' | 'newAdminToken'>,
  now: Date,
): Promise<AdminToken> {
  if (await tokens.hasAdmin(now)) return { kind: 'EXISTS' };
  if (!newAdminToken && (await tokens.any())) return { kind: 'NONE_VALID' };
  const token = newToken('admin');
  const file = path.resolve(dataDir, 'admin-token');
  const expiresAt = new Date(now.getTime() + adminTokenDays * DAY_MS);
  const write = async () => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(file, `${token}\n`, { mode: 0o600 });
    await chmod(file, 0o600);
  };
  const added = await tokens.addAdmin(token, 'bootstrap admin', now, expiresAt, write);
  return added ? { kind: 'CREATED', file, expiresAt } : { kind: 'EXISTS' };
}

/** Returns what the server says about its admin token when it starts; null: nothing. */
export function adminTokenMessage(token: AdminToken, dataDir: string): string | null {
  const file = path.resolve(dataDir, 'admin-token');
  switch (token.kind) {
    case 'CREATED':
      return (
        `admin token: made, in ${token.file}; it expires on ` + token.expiresAt.toISOString().slice(0, 10)
      );
    case 'EXISTS':
      return existsSync(file) ? `admin token: in ${file}` : null;
    case 'NONE_VALID':
      return (
        'admin token: none is valid any more. Start the server once with KLPREG_NEW_ADMIN_TOKEN=yes: ' +
        `it writes a new one to ${file}`
      );
  }
}
