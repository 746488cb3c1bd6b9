import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.js';
import { adoptFiles, handOver, type Runner } from './runner.js';
import { environment } from './environment.js';
import { EmbeddedPostgresError } from './error.js';

/** PostgreSQL's name for a data folder and its contents. */
export interface Cluster {
  /** Contains the data folder and the file with the password. */
  readonly folder: string;
  readonly data: string;
  readonly password: string;
}

/**
 * Creates the data folder if it does not exist, and gives it to the server's user. Its version must be that
 * of these binaries.
 *
 * @param durable false: not forced to disk, for temporary clusters
 */
export async function ensureCluster(
  cluster: Cluster,
  binaries: Binaries,
  runner: Runner,
  durable: boolean,
): Promise<void> {
  const { data } = cluster;
  handOver(cluster.folder, runner);
  if (!fs.existsSync(path.join(data, 'PG_VERSION'))) await makeCluster(cluster, binaries, runner, durable);

  const major = fs.readFileSync(path.join(data, 'PG_VERSION'), 'utf8').trim();
  if (binaries.version.split('.')[0] !== major) {
    throw new EmbeddedPostgresError(
      `The data in ${data} belongs to PostgreSQL ${major}, and this is PostgreSQL ${binaries.version}: ` +
        `name the bin folder of a ${major} server in PG_BIN_DIR ` +
        '(to go on with it, or to dump it), or move the folder away to begin with an empty database',
    );
  }
  adoptFiles(data, runner);
}

/** Uses a temporary folder that is renamed at the end: a kill never leaves half a cluster. */
async function makeCluster(
  { folder, data, password }: Cluster,
  { bin }: Binaries,
  runner: Runner,
  durable: boolean,
): Promise<void> {
  if (fs.existsSync(data))
    throw new EmbeddedPostgresError(
      `${data} is there and holds no database (no PG_VERSION): move it away, or name another folder`,
    );
  for (const entry of fs.readdirSync(folder)) {
    if (entry.startsWith('data.making-'))
      fs.rmSync(path.join(folder, entry), { recursive: true, force: true }); // of a start that was killed
  }
  const scratch = path.join(folder, `data.making-${process.pid}`);
  const passwordFile = path.join(folder, `data.making-${process.pid}.password`);
  fs.mkdirSync(scratch, { mode: 0o700 });
  fs.writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const made of [scratch, passwordFile]) handOver(made, runner);

  const flags = [
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    ...(durable ? [] : ['--no-sync']),
  ];
  const [program = '', ...args] = [...runner.prefix, path.join(bin, 'initdb'), '-D', scratch, ...flags];
  try {
    await promisify(execFile)(program, args, {
      ...runner.owner,
      cwd: '/',
      env: environment(),
    });
    fs.renameSync(scratch, data);
  } catch (error) {
    fs.rmSync(scratch, { recursive: true, force: true });
    const reach = runner.owner
      ? `\nUser ${runner.owner.uid} runs it (root may not), so that user ` +
        `must be able to reach both ${bin} and ${folder}.`
      : '';
    throw new EmbeddedPostgresError(
      `No new database could be made in ${folder}: ` +
        `${(error as { stderr?: string }).stderr || (error as Error).message}${reach}`,
      {
        cause: error,
      },
    );
  } finally {
    fs.rmSync(passwordFile, { force: true });
  }
}
