import { sha256 } from '@klpreg/wire';
import { v7 as uuidv7 } from 'uuid';
import { newToken } from '../../src/access/token-text.js';
import { Database } from '../../src/database/database.js';
import type { Role, Scope } from '../../src/store/access/tokens.store.js';
import type { Registry } from '../registry.js';

interface Limits {
  readonly scope?: Scope;
  readonly owners?: readonly string[];
  readonly expiresAt?: Date;
}

/** Stores a token, and returns the header that sends it. */
export async function giveToken(
  registry: Registry,
  role: Role,
  { scope, owners, expiresAt }: Limits = {},
): Promise<{ authorization: string }> {
  const text = newToken(role);
  await registry.app.get(Database).token.create({
    data: {
      id: uuidv7(),
      hash: sha256(text),
      role,
      name: `test ${role}`,
      createdAt: registry.now(),
      ...(scope !== undefined && { scope }),
      ...(owners !== undefined && { owners: [...owners] }),
      ...(expiresAt !== undefined && { expiresAt }),
    },
  });
  return { authorization: `Bearer ${text}` };
}
