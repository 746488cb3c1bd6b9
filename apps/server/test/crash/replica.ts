import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { adoptFiles, chooseRunner, findBinaries, freePort, launch } from '@klpreg/embedded-postgres';
import { select } from './select.js';

/** Folders that are copied empty: state of the running server, and WAL, which the replica streams. */
const EMPTY = [
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
];
const NOT_COPIED = ['postmaster.pid', 'postmaster.opts'];

/** A PostgreSQL that follows another one by streaming replication. */
export class Replica {
  private constructor(
    readonly url: string,
    private readonly primaryUrl: string,
    private readonly data: string,
    private readonly flags: readonly string[],
  ) {}

  /**
   * Makes a replica from a base backup of a running server.
   *
   * The embedded binaries have no pg_basebackup, so `backUp` does the same.
   *
   * @param of folder with the `data` of the primary, which must keep WAL while the copy is made
   */
  static async follow(primaryUrl: string, of: string, dir: string): Promise<Replica> {
    const data = path.join(dir, 'data');
    mkdirSync(dir, { recursive: true });
    await backUp(primaryUrl, path.join(of, 'data'), data);
    writeFileSync(path.join(data, 'standby.signal'), '');
    const url = new URL(primaryUrl);
    const password = decodeURIComponent(url.password);
    const conninfo = `host=${url.hostname} port=${url.port} user=${url.username} password=${password}`;
    // in a file, so that ALTER SYSTEM can change it
    appendFileSync(path.join(data, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
    const runner = chooseRunner();
    adoptFiles(data, runner);
    url.port = String(await freePort());
    const settings = {
      port: url.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      shared_buffers: '32MB',
      fsync: 'off',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    await run(data, flags);
    return new Replica(url.toString(), primaryUrl, data, flags);
  }

  /** Runs again after a stop, at the same address. */
  async restart(): Promise<void> {
    await run(this.data, this.flags);
  }

  /** Pauses replay: from now on the replica is behind. */
  async pause(): Promise<void> {
    await select(this.url, 'SELECT pg_wal_replay_pause()');
    while (
      (await select<{ state: string }>(this.url, 'SELECT pg_get_wal_replay_pause_state() AS state'))[0]!
        .state !== 'paused'
    )
      await sleep(10);
  }

  /** Resumes replay, and returns when the replica has everything that the primary has now. */
  async resume(): Promise<void> {
    await select(this.url, 'SELECT pg_wal_replay_resume()');
    await this.catchUp();
  }

  async catchUp(): Promise<void> {
    const [primary] = await select<{ at: string }>(
      this.primaryUrl,
      'SELECT pg_current_wal_flush_lsn() AS at',
    );
    const behind = async () =>
      (await select(this.url, 'SELECT WHERE pg_last_wal_replay_lsn() < $1::pg_lsn', [primary!.at])).length >
      0;
    for (const deadline = Date.now() + 15_000; await behind(); await sleep(20))
      if (Date.now() > deadline) throw new Error('the replica does not follow');
  }

  async stop(): Promise<void> {
    const pid = Number(readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGINT');
    const there = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    for (const deadline = Date.now() + 10_000; there() && Date.now() < deadline;) await sleep(20);
  }
}

async function run(data: string, flags: readonly string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onLine = (line: string) => line.includes('ready to accept read-only connections') && resolve();
    // `launch` itself waits for a server that accepts writes, which a replica never is
    launch([path.join(findBinaries().bin, 'postgres'), '-D', data, ...flags], chooseRunner(), onLine).catch(
      reject,
    );
  });
}

/** A base backup of a running server, as pg_basebackup takes it. */
export async function backUp(primaryUrl: string, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: primaryUrl });
  await client.connect();
  try {
    await client.query(`SELECT pg_backup_start('replica', true)`);
    const copied = (file: string): boolean => {
      const parts = path.relative(from, file).split(path.sep);
      return !NOT_COPIED.includes(parts[0]!) && (parts.length === 1 || !EMPTY.includes(parts[0]!));
    };
    cpSync(from, to, { recursive: true, filter: copied });
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(path.join(to, 'backup_label'), rows[0]!.labelfile);
  } finally {
    await client.end();
  }
}
