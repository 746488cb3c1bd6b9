import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/** The user of the server's programs. PostgreSQL refuses to run as root. */
export interface Runner {
  /** Put before a program and its arguments. */
  readonly prefix: readonly string[];
  /** The user of the processes, who must own the data; undefined: the current one. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const NAMESPACE = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];

/**
 * Chooses the user of the server.
 *
 * It is the current user, unless that is root. For root it is a user namespace in which root is called 1000:
 * PostgreSQL accepts that, and every folder stays accessible. If namespaces are not allowed (many
 * containers), it is an unprivileged user, who must be able to reach the programs and the data folder.
 */
export function chooseRunner(): Runner {
  if (process.getuid?.() !== 0) return { prefix: [] };
  if (namespaceWorks()) return { prefix: NAMESPACE };
  return { prefix: [], owner: findSystemUser() };
}

function namespaceWorks(): boolean {
  try {
    execFileSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const SYSTEM_USERS = ['postgres', 'nobody']; // words:allow

/** Returns the first of these users that exists: PostgreSQL refuses to run as root. */
function findSystemUser(): { uid: number; gid: number } {
  const users = fs.readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of SYSTEM_USERS) {
    const fields = users.map((line) => line.split(':')).find((user) => user[0] === name);
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return { uid: 65534, gid: 65534 };
}

/** Gives a file or folder to the server's user, if that is another one. */
export function handOver(path: string, runner: Runner): void {
  if (runner.owner) fs.lchownSync(path, runner.owner.uid, runner.owner.gid);
}

/**
 * Gives a data folder of another runner to this one. Only the top is checked: it is always handed over whole.
 */
export function adoptFiles(folder: string, runner: Runner): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = runner.owner ?? { uid: 0, gid: 0 };
  if (fs.lstatSync(folder).uid === uid) return;
  for (const entry of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    fs.lchownSync(`${folder}/${entry}`, uid, gid);
  fs.lchownSync(folder, uid, gid); // last: if it is interrupted, the next start begins again
}
