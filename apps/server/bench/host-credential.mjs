// The processor time of checking a host credential, in microseconds: npm run bench -- credential.
import { randomBytes, randomUUID } from 'node:crypto';
import { readHostCredential, toSigningKey, writeHostCredential } from '../dist/access/host-credential.js';

const key = toSigningKey(1, randomBytes(32));
const keys = new Map([[1, key]]);
const now = new Date();
const texts = Array.from({ length: 1000 }, (_, serial) =>
  writeHostCredential(
    { instance: randomUUID(), tokenId: randomUUID(), serial, issuedAt: now, expiresAt: now },
    key,
  ),
);
const CHECKS = 100_000;

for (let round = 0; round < 5; round++) {
  const start = process.cpuUsage();
  for (let i = 0; i < CHECKS; i++)
    if (readHostCredential(texts[i % texts.length], keys) === null)
      throw new Error('a valid credential was refused');
  const { user, system } = process.cpuUsage(start);
  const value = (user + system) / CHECKS;
  console.log(
    JSON.stringify({
      bench: 'credential',
      metric: 'check',
      value: Number(value.toFixed(2)),
      unit: 'us',
    }),
  );
}
