import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The key with which one owner of the shop signs. */
export interface ShopKey {
  readonly owner: string;
  readonly privateFile: string;
  readonly publicFile: string;
}

/** The key of the kernel team: made once, and kept in this folder. The storage team has none, and its words stay unsigned. */
export async function shopKey(folder: string): Promise<ShopKey> {
  const key = { owner: 'kernel-team', privateFile: path.join(folder, 'kernel-team.pem'), publicFile: path.join(folder, 'kernel-team.pub') };
  if (existsSync(key.privateFile)) return key;
  await mkdir(folder, { recursive: true });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(key.publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(key.privateFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return key;
}
