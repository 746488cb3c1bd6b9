import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries } from './binaries.js';
import { type Cluster, ensureCluster } from './cluster.js';
import { withLock } from './lock.js';
import { findPostmaster, freePort, launch } from './postmaster.js';
import { chooseRunner } from './runner.js';
import { sized } from './settings.js';
import { EmbeddedPostgresError } from './error.js';

export interface EmbeddedOptions {
  /** The folder of the data and the password; created if it does not exist. */
  readonly dir: string;
  /** On 127.0.0.1; by default a free one. */
  readonly port?: number;
  /** Created if it does not exist; `klpreg` by default. */
  readonly database?: string;
  /** PostgreSQL's settings, such as `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with each line of the server's log. */
  readonly log?: (line: string) => void;
}

/** How long a start waits for another start on the same folder, or for a server that is stopping. */
const PATIENCE_MS = 60_000;

/**
 * A PostgreSQL that this process starts.
 *
 * One folder has one server. If another process has started it, it is adopted, and not stopped. The server
 * ends with the process that started it, in whatever way that process ends.
 */
export class EmbeddedPostgres {
  private constructor(
    /** For any PostgreSQL client; contains the password. */
    readonly url: string,
    /** For example `18.4`. */
    readonly version: string,
    /** True: another process started it. */
    readonly adopted: boolean,
    private readonly data: string,
    private readonly child?: ChildProcess,
  ) {}

  /** @throws EmbeddedPostgresError that says what to do next; then no process is left running */
  static async start(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
    const folder = makeFolder(options.dir);
    return await withLock(path.join(folder, 'starting.lock'), PATIENCE_MS, async () => {
      const cluster = { folder, data: path.join(folder, 'data'), password: ensurePassword(folder) };
      return (
        (await EmbeddedPostgres.adopt(cluster, options)) ?? (await EmbeddedPostgres.begin(cluster, options))
      );
    });
  }

  private static async adopt(
    { data, password }: Cluster,
    { database }: EmbeddedOptions,
  ): Promise<EmbeddedPostgres | undefined> {
    for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(50)) {
      const running = findPostmaster(data);
      if (!running) return undefined;
      try {
        const { url, version } = await ensureDatabase(password, running.port, database);
        return new EmbeddedPostgres(url, version, true, data);
      } catch (error) {
        if (isPassing(error) && Date.now() < deadline) continue;
        throw new EmbeddedPostgresError(
          `Process ${running.pid} runs a database on ${data} and does not let us in ` +
            `(${(error as Error).message}): stop it, or name another folder`,
          { cause: error },
        );
      }
    }
  }

  private static async begin(cluster: Cluster, options: EmbeddedOptions): Promise<EmbeddedPostgres> {
    const binaries = findBinaries();
    const runner = chooseRunner();
    await ensureCluster(cluster, binaries, runner, options.settings?.['fsync'] !== 'off');

    const port = options.port ?? (await freePort());
    const fixed = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      timezone: 'UTC',
      log_timezone: 'UTC',
    };
    const flags = Object.entries({ ...sized(), ...fixed, ...options.settings }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const child = await launch(
      [path.join(binaries.bin, 'postgres'), '-D', cluster.data, ...flags],
      runner,
      options.log,
    );
    try {
      const { url, version } = await ensureDatabase(cluster.password, port, options.database);
      return new EmbeddedPostgres(url, version, false, cluster.data, child);
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  /** Waits until the server has ended. An adopted one is checked once a second. */
  async ended(): Promise<void> {
    const { child } = this;
    if (child === undefined) {
      while (findPostmaster(this.data)) await sleep(1_000, undefined, { ref: false });
      return;
    }
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve));
  }

  /** Stops the server and waits until it has ended; does nothing to an adopted one. */
  async stop(): Promise<void> {
    if (this.child) await end(this.child);
  }
}

function makeFolder(dir: string): string {
  try {
    fs.mkdirSync(dir, { recursive: true, mode: 0o755 });
    fs.accessSync(dir, fs.constants.W_OK);
    for (const name of ['secret', 'data'])
      if (!isOurs(path.join(dir, name))) throw new Error(`its ${name} belongs to another user`);
    return fs.realpathSync(dir);
  } catch (error) {
    const why = (error as Error).message;
    throw new EmbeddedPostgresError(
      `The database cannot be kept in ${path.resolve(dir)} (${why}): let this user write there, name ` +
        'another folder in KLPREG_DATA, or set DATABASE_URL',
      { cause: error },
    );
  }
}

/**
 * Whether this user can use the file. Root can use all; PostgreSQL accepts only data folders of its own user.
 */
function isOurs(file: string): boolean {
  const us = process.getuid?.();
  return us === 0 || !fs.existsSync(file) || fs.statSync(file).uid === us;
}

function ensurePassword(folder: string): string {
  const file = path.join(folder, 'secret');
  if (!fs.existsSync(file)) fs.writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return fs.readFileSync(file, 'utf8').trim();
}

async function ensureDatabase(
  password: string,
  port: number,
  database = 'klpreg',
): Promise<{ url: string; version: string }> {
  const urlOf = (name: string) =>
    `postgresql://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(name)}`;
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  client.on('error', () => undefined); // its queries say it too
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (!rowCount) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(database)}`);
    return { url: urlOf(database), version: rows[0]!.server_version.split(' ')[0]! };
  } finally {
    await client.end();
  }
}

/** Whether the server is starting or, more often, stopping, because the process that started it has ended. */
function isPassing(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  // a connection that ends while it is being made has no code
  return (
    ['57P03', '57P01', '57P02', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code ?? '') ||
    message === 'Connection terminated unexpectedly'
  );
}

/** Fast shutdown; after 15 seconds immediate shutdown, from which the next start recovers. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.ref();
  child.stdin!.end();
  const impatient = setTimeout(() => process.kill(-child.pid!, 'SIGQUIT'), 15_000);
  await gone;
  clearTimeout(impatient);
}
