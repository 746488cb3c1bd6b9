import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { isAlive } from './lock.js';
import type { Runner } from './runner.js';
import { EmbeddedPostgresError } from './error.js';

/** A running server, as its lock file `postmaster.pid` names it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/**
 * Which server runs on this data folder?
 *
 * A lock file whose process is gone, a zombie or somebody else is removed; PostgreSQL would take a stranger of the same id for itself and refuse to start.
 */
export function findPostmaster(data: string): Postmaster | undefined {
  const file = path.join(data, 'postmaster.pid');
  if (!fs.existsSync(file)) return undefined;
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const pid = Number(lines[0]);
  if (isAlive(pid) && worksIn(pid, data)) return { pid, port: Number(lines[3]) };
  fs.rmSync(file, { force: true });
  return undefined;
}

/** A postmaster's working folder is its data folder. Where that cannot be seen (no /proc, another user's process) its word is taken. */
function worksIn(pid: number, data: string): boolean {
  if (!fs.existsSync('/proc/self/cwd')) return true;
  try {
    const [theirs, ours] = [fs.statSync(`/proc/${pid}/cwd`), fs.statSync(data)];
    return theirs.ino === ours.ino && theirs.dev === ours.dev;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'; // ENOENT: gone, or a zombie
  }
}

/**
 * Stops the server when we are gone, however we went: our end of its standard input closes with us, even at a SIGKILL.
 * SIGINT is PostgreSQL's fast shutdown: connections are ended, the data is written.
 */
const GUARD = `
trap '' INT QUIT
exec 3<&0
"$@" 3<&- </dev/null & server=$!
( read -r _ <&3; kill -INT $server ) & watch=$!
exec 3<&-
wait $server; code=$?
kill $watch 2>/dev/null
exit $code`;

/** Runs a server until it takes connections. @throws EmbeddedPostgresError with the last lines of its log where it does not come up. */
export async function launch(command: readonly string[], runner: Runner, log: (line: string) => void = () => undefined): Promise<ChildProcess> {
  // detached: a group of its own, so that Ctrl-C reaches us and not the server
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', ...runner.prefix, ...command], {
    ...runner.owner,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  });
  let tail = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-4_000);
      for (const line of text.split('\n').filter(Boolean)) log(line);
      if (text.includes('ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new EmbeddedPostgresError(`PostgreSQL ended with ${code} instead of starting:\n${tail}`)));
  });
  child.once('exit', () => child.stdin.destroy());
  // nothing of it keeps our process running
  child.unref();
  for (const stream of [child.stdin, child.stderr]) (stream as net.Socket).unref();
  return child;
}

/** A TCP port of this machine that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
