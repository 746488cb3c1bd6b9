// Starts the registry that is measured, on the database in DATABASE_URL.

import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/**
 * For the benches of throughput: they open all connections at once on a busy server, and admission control
 * may refuse such a burst. `herd` measures that instead.
 */
export const TAKES_ALL_CONNECTIONS = {
  KLPREG_INGEST_NEW_CONNECTIONS: '1000',
  KLPREG_INGEST_NEW_CONNECTIONS_DELAY_MS: '10000',
  KLPREG_INGEST_TOKEN_LOOKUPS: '1000',
};

/** The flags of `npm start`. */
const { scripts } = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../../package.json'), 'utf8'),
);
const FLAGS = scripts.start.match(/--[a-z-]+=\d+/g);
const SERVER = path.resolve(import.meta.dirname, '../../server/dist/main.js');
export const TOKEN = 'the-token-of-this-bench';

export async function connect(url = process.env.DATABASE_URL) {
  const client = new pg.Client({ connectionString: url, options: '-c TimeZone=UTC' });
  await client.connect();
  return client;
}

/**
 * Starts a server and waits until it is ready.
 *
 * SERVER_FLAGS are further flags for Node; `--cpu-prof --cpu-prof-dir=DIR` writes a CPU profile.
 */
export async function startServer(environment = {}) {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const env = {
    ...process.env,
    KLPREG_PORT: String(port),
    KLPREG_DATA: path.resolve('.data/bench-server'),
    KLPREG_LOG_LEVEL: 'error',
    // one sender asks as fast as it can
    KLPREG_RATE_TOKEN: '1000000000',
    KLPREG_RATE_RELAY: '1000000000',
    KLPREG_RATE_ADDRESS: '1000000000',
    ...environment,
  };
  const flags = [...FLAGS, ...(process.env.SERVER_FLAGS?.split(' ') ?? [])];
  const child = spawn(process.execPath, [...flags, SERVER], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  for (let i = 0; ; i++) {
    if (child.exitCode !== null || i > 600) throw new Error('the server did not start');
    if ((await fetch(`${url}/readyz`).catch(() => null))?.ok) break;
    await sleep(100);
  }
  await addToken();
  return {
    url,
    pid: child.pid,
    /** Present and highest resident memory in MiB. */
    memory: () => ({ now: resident(child.pid, 'VmRSS'), peak: resident(child.pid, 'VmHWM') }),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function resident(pid, field) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)[1]) / 1024);
}

async function addToken() {
  const client = await connect();
  const hash = createHash('sha256').update(TOKEN).digest('hex');
  await client.query(
    `INSERT INTO token (id, hash, role, name, created_at)
     VALUES ($1, $2, 'admin', 'bench', now())
         ON CONFLICT DO NOTHING`,
    [randomUUID(), hash],
  );
  await client.end();
}
