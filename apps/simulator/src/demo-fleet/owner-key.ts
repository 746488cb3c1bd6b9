import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The key pair with which an owner signs author statements. */
export interface OwnerKey {
  readonly owner: string;
  readonly privateFile: string;
  readonly publicFile: string;
}

/** Returns the key of the kernel team, and makes it at the first call. The storage team has no key. */
export async function kernelTeamKey(folder: string): Promise<OwnerKey> {
  const key = {
    owner: 'kernel-team',
    privateFile: path.join(folder, 'kernel-team.pem'),
    publicFile: path.join(folder, 'kernel-team.pub'),
  };
  if (existsSync(key.privateFile)) return key;
  await mkdir(folder, { recursive: true });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(key.publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(key.privateFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return key;
}
