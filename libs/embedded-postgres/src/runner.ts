import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/** As whom the server's programs run. PostgreSQL refuses to run as root. */
export interface Runner {
  /** Put before a program and its arguments. */
  readonly prefix: readonly string[];
  /** The user that the processes get and that must own the data; undefined: the one that we are. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const NAMESPACE = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];

/**
 * As whom can the server run here?
 *
 * As ourselves unless we are root. As root in a user namespace in which root is called 1000: that satisfies PostgreSQL and keeps root's access to every folder. Where that is
 * not allowed (many containers), as the user `postgres` or `nobody`: then that user must be able to reach the binaries and the data folder.
 */
export function chooseRunner(): Runner {
  if (process.getuid?.() !== 0) return { prefix: [] };
  if (namespaceWorks()) return { prefix: NAMESPACE };
  return { prefix: [], owner: findServant() };
}

function namespaceWorks(): boolean {
  try {
    execFileSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function findServant(): { uid: number; gid: number } {
  const users = fs.readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = users.map((line) => line.split(':')).find((user) => user[0] === name);
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return { uid: 65534, gid: 65534 };
}

/** Gives a file or folder to the server's user, if it has one of its own. */
export function handOver(path: string, runner: Runner): void {
  if (runner.owner) fs.lchownSync(path, runner.owner.uid, runner.owner.gid);
}

/** Gives a data folder that was made under another runner to this one; looks at its top only, because it is always handed over whole. */
export function adoptFiles(folder: string, runner: Runner): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = runner.owner ?? { uid: 0, gid: 0 };
  if (fs.lstatSync(folder).uid === uid) return;
  for (const entry of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })) fs.lchownSync(`${folder}/${entry}`, uid, gid);
  fs.lchownSync(folder, uid, gid); // last: an interrupted handing over is begun again
}
