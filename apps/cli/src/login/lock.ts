import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { unexpected, usage } from '../exits.js';

/** A renewal asks the issuer twice, for 30 s each. A lock that is this old was left over. */
const AGE_MS = 120_000;
/** Longer than that age: a lock that was left over makes no program fail. */
const WAIT_MS = 150_000;

/** Takes a lock, and waits for it. @returns what gives it back @throws Failure */
export async function lock(file: string): Promise<() => void> {
  const owner = randomUUID();
  for (const start = Date.now(); ; await sleep(50)) {
    try {
      writeFileSync(file, owner, { flag: 'wx', mode: 0o600 });
      return () => unlock(file, owner);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw usage(`${file} cannot be created: ${(error as Error).message}`);
    }
    if (isLeftOver(file)) removeLeftOver(file, owner);
    else if (Date.now() - start > WAIT_MS)
      throw unexpected(`another klpreg has used ${file} for ${WAIT_MS / 1000} s`, 'try again');
  }
}

/** Removes the lock, unless another program has taken it since: this one may have been suspended. */
function unlock(file: string, owner: string): void {
  try {
    if (readFileSync(file, 'utf8') === owner) rmSync(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

const isLeftOver = (file: string): boolean =>
  Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > AGE_MS;

/** Removes a lock that was left over. It is renamed first, so that only one program gets it. */
function removeLeftOver(file: string, owner: string): void {
  const mine = `${file}.${owner}`;
  try {
    renameSync(file, mine);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (isLeftOver(mine)) rmSync(mine);
  // another program was faster, and this is its new lock
  else renameSync(mine, file);
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
