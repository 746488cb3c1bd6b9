import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { environment } from './environment.js';
import { isAlive } from './lock.js';
import type { Runner } from './runner.js';
import { EmbeddedPostgresError } from './error.js';

/** A running server, as its lock file `postmaster.pid` names it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/**
 * Finds the server that runs on this data folder.
 *
 * A lock file is removed if its process is gone, a zombie, or another program. PostgreSQL would take a
 * process with the same id for a server, and refuse to start.
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

/**
 * A server's working folder is its data folder. If it is not visible (no /proc, another user's process), the
 * lock file is believed.
 */
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
 * Stops the server when this process ends in any way: its end of the standard input closes, even after
 * SIGKILL. SIGINT is PostgreSQL's fast shutdown: connections are closed, the data is written.
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

/**
 * Starts a server, and waits until it accepts connections.
 *
 * @throws EmbeddedPostgresError with the last lines of its log
 */
export async function launch(
  command: readonly string[],
  runner: Runner,
  log: (line: string) => void = () => undefined,
): Promise<ChildProcess> {
  // detached: a process group of its own, so that Ctrl-C does not reach the server
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', ...runner.prefix, ...command], {
    ...runner.owner,
    cwd: '/',
    env: environment(),
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
    child.once('exit', (code) =>
      reject(new EmbeddedPostgresError(`PostgreSQL ended with ${code} instead of starting:\n${tail}`)),
    );
  });
  child.once('exit', () => child.stdin.destroy());
  // it does not keep this process running
  child.unref();
  for (const stream of [child.stdin, child.stderr]) (stream as net.Socket).unref();
  return child;
}

/** A free TCP port. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
