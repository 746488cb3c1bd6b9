#!/usr/bin/env node
// Runs a command with DATABASE_URL set to a throwaway PostgreSQL, and ends with its exit code:
//   node prisma/with-postgres.mjs prisma migrate status --config prisma/prisma.config.ts
// With --durable DIR it is one as it is run for real, and stays in that folder for the next time.
// Needs the built server (npm run build).
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedPostgres } from '@klpreg/embedded-postgres';

const words = process.argv.slice(2);
const kept = words[0] === '--durable' ? path.resolve(words.splice(0, 2)[1] ?? '') : null;
const [program, ...args] = words;
if (!program) {
  console.error('usage: node prisma/with-postgres.mjs [--durable DIR] COMMAND [ARGUMENT…]');
  process.exit(2);
}

if (kept !== null) mkdirSync(kept, { recursive: true });
const dir = kept ?? mkdtempSync(path.join(tmpdir(), 'klpreg-with-postgres-'));
let code = 1;
try {
  const settings =
    kept === null
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : { max_connections: '200' };
  const server = await EmbeddedPostgres.start({ dir, settings });
  const tools = path.join(import.meta.dirname, '../node_modules/.bin');
  const env = {
    ...process.env,
    DATABASE_URL: server.url,
    PATH: `${tools}${path.delimiter}${process.env.PATH}`,
  };
  const child = spawn(program, args, { stdio: 'inherit', env });
  // a Ctrl-C reaches the command too; we end when it has ended
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
  });
  await server.stop();
} catch (error) {
  console.error(error.message);
} finally {
  if (kept === null) rmSync(dir, { recursive: true, force: true });
}
process.exit(code);
