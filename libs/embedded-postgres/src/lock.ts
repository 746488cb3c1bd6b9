import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './error.js';

/** A holder touches its lock at this interval. A lock that was not touched for STALE_MS has no holder. */
const TOUCH_MS = 1_000;
const STALE_MS = 15_000;

/**
 * Does work that no other process does at the same time.
 *
 * The lock is a file with the holder's process id. A lock whose holder is dead or silent is taken over, so
 * that a kill blocks nothing. If process ids mean nothing (a data folder that several containers use), that
 * takes at most STALE_MS. If two processes take over the same lock at once, PostgreSQL's own `postmaster.pid`
 * stops the second one.
 *
 * @throws EmbeddedPostgresError if the holder works longer than `patienceMs`
 */
export async function withLock<T>(file: string, patienceMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  while (!take(file)) {
    if (Date.now() > deadline)
      throw new EmbeddedPostgresError(
        `Another process is still starting the database (${file}): wait for it, or remove that file if ` +
          'there is none',
      );
    await sleep(50);
  }
  const touch = setInterval(() => fs.utimes(file, new Date(), new Date(), () => undefined), TOUCH_MS).unref();
  try {
    return await work();
  } finally {
    clearInterval(touch);
    fs.rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (isAbandoned(file)) fs.rmSync(file, { force: true });
  return false;
}

function isAbandoned(file: string): boolean {
  try {
    if (Date.now() - fs.statSync(file).mtimeMs > STALE_MS) return true;
    const pid = Number(fs.readFileSync(file, 'utf8'));
    return pid > 0 && !isAlive(pid); // 0: just made, not yet written
  } catch {
    return false; // released in between
  }
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
