// One PostgreSQL for a whole test run. Imports the built store: Jest runs global set-up outside its
// transform.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Nothing of it outlives the run, so nothing is forced to disk. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
  autovacuum: 'off',
};
const home = path.resolve(import.meta.dirname, '..');
const root = path.resolve(home, '../../..');

/**
 * Will this run touch a suite of the server? Those of the libraries need no database, and start at once
 * without it.
 */
export function isWanted({ testPathPatterns, runTestsByPath, nonFlagArgs, rootDir }) {
  if (runTestsByPath) return nonFlagArgs.some((file) => path.resolve(file).startsWith(home));
  const patterns = testPathPatterns.toExecutor({ rootDir });
  const suites = readdirSync(home, { recursive: true }).filter((file) => file.endsWith('.spec.ts'));
  return suites.some((file) => patterns.isMatch(path.join(home, file)));
}

/** Starts it, with all migrations applied to the database `template_klpreg`, which suites copy. */
export async function begin() {
  const { EmbeddedPostgres } = await import('@klpreg/embedded-postgres');
  const { migrate } = await import('../../dist/database/migrate.js');
  const dir = mkdtempSync(path.join(tmpdir(), 'klpreg-test-'));
  const server = await EmbeddedPostgres.start({ dir, database: 'template_klpreg', settings: SETTINGS });
  await migrate(server.url, path.join(root, 'prisma/migrations'));
  return {
    url: server.url,
    end: () => server.stop().then(() => rmSync(dir, { recursive: true, force: true })),
  };
}
