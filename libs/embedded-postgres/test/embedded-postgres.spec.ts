import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgres } from '../src/embedded-postgres.js';

const settings = { fsync: 'off', shared_buffers: '16MB' };
const BUILT = pathToFileURL(path.join(__dirname, '../dist/index.js')).href;

const started: { stop(): Promise<void> }[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is not there yet, with a space in its path. */
function newFolder(): string {
  const parent = mkdtempSync(path.join(tmpdir(), 'klpreg embedded-'));
  folders.push(parent);
  return path.join(parent, 'database');
}

async function start(dir: string): Promise<EmbeddedPostgres> {
  const server = await EmbeddedPostgres.start({ dir, settings });
  started.push(server);
  return server;
}

/** Starts one in a process of its own, and answers when it runs. */
async function startElsewhere(
  dir: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ process: ChildProcess; url: string; adopted: boolean }> {
  const script = `const { EmbeddedPostgres } = await import(${JSON.stringify(BUILT)});
    const { url, adopted } = await EmbeddedPostgres.start({ dir: process.argv[1], settings: ${JSON.stringify(settings)} });
    console.log(JSON.stringify({ url, adopted }));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  started.push({ stop: () => kill(child, 'SIGKILL') });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', resolve);
    child.once('exit', () => reject(new Error(errors)));
  });
  return { process: child, ...(JSON.parse(line) as { url: string; adopted: boolean }) };
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

const postmasterOf = (dir: string): number =>
  Number(readFileSync(path.join(dir, 'data/postmaster.pid'), 'utf8').split('\n')[0]);

async function untilGone(pid: number): Promise<void> {
  for (const deadline = Date.now() + 10_000; existsSync(`/proc/${pid}/cwd`); await sleep(20))
    if (Date.now() > deadline) throw new Error(`${pid} is still there`);
}

test('the first start makes the database, and the next one finds what was written', async () => {
  const dir = newFolder();
  const first = await start(dir);
  expect(first).toMatchObject({ adopted: false, version: expect.stringMatching(/^\d+\.\d+$/) });
  expect(new URL(first.url).pathname).toBe('/klpreg');
  expect(await ask(first.url, 'SHOW TimeZone')).toBe('UTC');
  await ask(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
  await first.stop();
  await expect(ask(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');

  const second = await start(dir);
  expect(await ask(second.url, 'SELECT n FROM kept')).toBe(1);
});

test('a start on a folder in use adopts its server, and does not stop it', async () => {
  const dir = newFolder();
  const owner = await start(dir);
  const guest = await EmbeddedPostgres.start({ dir, database: 'other' });
  expect(guest.adopted).toBe(true);
  expect(await ask(guest.url, 'SELECT current_database()')).toBe('other');
  await guest.stop();
  expect(await ask(owner.url, 'SELECT 1')).toBe(1);
});

test('the folder is known by any of its names', async () => {
  const dir = newFolder();
  const owner = await start(dir);
  symlinkSync(dir, `${dir}-link`);
  const guest = await EmbeddedPostgres.start({ dir: `${dir}-link` });
  expect([guest.adopted, guest.url]).toEqual([true, owner.url]);
});

test('of first starts at once in several processes, one makes the database and the others adopt it', async () => {
  const dir = newFolder();
  const starts = await Promise.all([startElsewhere(dir), startElsewhere(dir), start(dir)]);
  expect(starts.filter(({ adopted }) => !adopted)).toHaveLength(1);
  expect(new Set(starts.map(({ url }) => url)).size).toBe(1);
});

test('the server ends with its process, even when that is killed, and the next start goes on', async () => {
  const dir = newFolder();
  const owner = await startElsewhere(dir);
  await ask(owner.url, 'CREATE TABLE kept AS SELECT 1 AS n');
  const pid = postmasterOf(dir);
  await kill(owner.process, 'SIGKILL');
  const next = await start(dir); // at once: waits until the other one is down
  expect(next.adopted).toBe(false);
  expect(await ask(next.url, 'SELECT n FROM kept')).toBe(1);
  expect(postmasterOf(dir)).not.toBe(pid);
  await untilGone(pid);
});

test('a process that forgets to stop it can end, and takes it along', async () => {
  const dir = newFolder();
  const script =
    `const { EmbeddedPostgres } = await import(${JSON.stringify(BUILT)}); await EmbeddedPostgres.start({ ` +
    `dir: process.argv[1], settings: { fsync: 'off' } });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dir], { stdio: 'inherit' });
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  const { adopted } = await start(dir);
  expect(adopted).toBe(false);
});

test('a lock file of a process that is somebody else now is no obstacle', async () => {
  const dir = newFolder();
  await (await start(dir)).stop();
  writeFileSync(path.join(dir, 'data/postmaster.pid'), `${process.pid}\n${dir}/data\n1\n1\n\n\n`);
  expect(await start(dir)).toMatchObject({ adopted: false });
});

test('a start that was killed in the middle leaves nothing in the way', async () => {
  const dir = newFolder();
  mkdirSync(path.join(dir, 'data.making-1'), { recursive: true });
  const dead = spawn('true');
  await new Promise((resolve) => dead.once('exit', resolve));
  writeFileSync(path.join(dir, 'starting.lock'), String(dead.pid));
  await start(dir);
  expect([existsSync(path.join(dir, 'data.making-1')), existsSync(path.join(dir, 'starting.lock'))]).toEqual([
    false,
    false,
  ]);
});

test('as root without user namespaces, another user runs it', async () => {
  if (process.getuid?.() !== 0) return;
  const dir = newFolder();
  const only = mkdtempSync(path.join(tmpdir(), 'klpreg-path-')); // a PATH without unshare
  folders.push(only);
  chmodSync(path.dirname(dir), 0o755);
  const { url } = await startElsewhere(dir, { ...process.env, PATH: only });
  expect(await ask(url, 'SELECT 1')).toBe(1);
  expect(readFileSync(`/proc/${postmasterOf(dir)}/status`, 'utf8')).not.toMatch(/^Uid:\t0/m);
});

test.each<[rule: string, arrange: (dir: string) => void, message: string]>([
  [
    'a folder that cannot be written is named, with what to do',
    (dir) => writeFileSync(dir, ''),
    'name another folder in KLPREG_DATA, or set DATABASE_URL',
  ],
  [
    'a data folder without a database is left alone',
    (dir) => mkdirSync(path.join(dir, 'data'), { recursive: true }),
    'holds no database',
  ],
  [
    'the data of another major version are left alone',
    (dir) => {
      mkdirSync(path.join(dir, 'data'), { recursive: true });
      writeFileSync(path.join(dir, 'data/PG_VERSION'), '9\n');
    },
    'belongs to PostgreSQL 9',
  ],
])('%s', async (_rule, arrange, message) => {
  const dir = newFolder();
  arrange(dir);
  await expect(start(dir)).rejects.toThrow(message);
});

test('a port that is taken is said in the words of the server, and nothing is left running', async () => {
  const taken = Number(new URL((await start(newFolder())).url).port);
  const dir = newFolder();
  await expect(EmbeddedPostgres.start({ dir, port: taken, settings })).rejects.toThrow(
    'Address already in use',
  );
  expect(existsSync(path.join(dir, 'data/postmaster.pid'))).toBe(false);
});

test('where no PostgreSQL is to be found, the message says what to do', async () => {
  const before = process.env['PG_BIN_DIR'];
  process.env['PG_BIN_DIR'] = `/nowhere/${randomUUID()}`;
  try {
    await expect(start(newFolder())).rejects.toThrow(/correct PG_BIN_DIR, or set DATABASE_URL/);
  } finally {
    if (before === undefined) delete process.env['PG_BIN_DIR'];
    else process.env['PG_BIN_DIR'] = before;
  }
});
