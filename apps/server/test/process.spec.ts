import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

// several programs are started, on a machine that may be busy
jest.setTimeout(180_000);

const MAIN = path.join(__dirname, '../dist/main.js');
const running: ChildProcess[] = [];
/**
 * The data folder of a server that was stopped, once a test has left it: to make a database takes seconds.
 */
const stopped = mkdtempSync(path.join(tmpdir(), 'klpreg process '));
afterAll(() => rmSync(stopped, { recursive: true, force: true }));
let data: string;
beforeEach(() => void (data = mkdtempSync(path.join(tmpdir(), 'klpreg process '))));
afterEach(async () => {
  for (const child of running.splice(0)) if (child.exitCode === null) await stop(child, 'SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly output: () => string;
}

function launch(environment: Record<string, string>): {
  child: ChildProcess;
  output: () => string;
  ended: Promise<number | null>;
} {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], HOME: data, KLPREG_DATA: data, KLPREG_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let text = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { child, output: () => text, ended: new Promise((resolve) => child.once('close', resolve)) };
}

async function start(environment: Record<string, string> = {}): Promise<Started> {
  const { child, output, ended } = launch(environment);
  let over = false;
  void ended.then(() => (over = true));
  for (;;) {
    const url = /listening on (http\S+)/.exec(output())?.[1];
    if (url !== undefined) return { child, url, output };
    if (over) throw new Error(output());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const stop = (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> =>
  new Promise((resolve) => {
    child.once('close', resolve);
    child.kill(signal);
  });

test('starts with nothing set, makes a token that only its owner reads, and keeps everything over a clean stop', async () => {
  const first = await start();
  const file = path.join(data, 'admin-token');
  expect(first.output()).toContain(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const token = readFileSync(file, 'utf8').trim();
  expect(first.output()).not.toContain(token);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const ask = async (url: string, query: string) =>
    (
      await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
    ).json() as Promise<any>;
  expect(
    (await ask(first.url, 'mutation { addHost(input: { hostname: "kept" }) { hostname } }')).data.addHost
      .hostname,
  ).toBe('kept');
  expect(await stop(first.child, 'SIGTERM')).toBe(0);

  const second = await start();
  expect(second.output()).not.toContain('made');
  expect((await ask(second.url, '{ hosts { nodes { hostname } } }')).data.hosts.nodes).toEqual([
    { hostname: 'kept' },
  ]);
  expect(await stop(second.child, 'SIGINT')).toBe(0);
  cpSync(data, stopped, { recursive: true });
});

/**
 * Gives the test the data folder of a server that was stopped; an empty one if the first test did not run.
 */
const useStopped = () => cpSync(stopped, data, { recursive: true });

test('a wrong configuration ends the server before anything starts', async () => {
  const { ended, output } = launch({ KLPREG_PORT: 'many', KLPREG_COLOUR: 'blue' });
  expect(await ended).toBe(2);
  expect(output()).toMatch(/KLPREG_PORT: must be a port number[^]*KLPREG_COLOUR: is not a setting/);
  expect(output()).not.toMatch(/at .*\.js:/);
});

test('a missing database is reported in a sentence', async () => {
  const { ended, output } = launch({ DATABASE_URL: 'postgresql://unknown:secret@127.0.0.1:1/none' });
  expect(await ended).toBe(2);
  expect(output()).toMatch(/database/i);
  expect(output()).not.toContain('secret');
  expect(output()).not.toMatch(/at .*\.js:/);
});

test('a port in use is reported in a sentence, and no process is left running', async () => {
  useStopped();
  const other = net.createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as net.AddressInfo;
  const { ended, output } = launch({ KLPREG_PORT: String(port) });
  expect(await ended).toBe(2);
  expect(output()).toContain(`Cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
  other.close();
});

const postmaster = (): number =>
  Number(readFileSync(path.join(data, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 50));
}
const isReady = async (url: string): Promise<boolean> =>
  (await fetch(`${url}/readyz`).catch(() => null))?.status === 200;

test('an embedded PostgreSQL that ends is started again; where that does not last, the server ends with an error', async () => {
  useStopped();
  const { url, output, child } = await start();
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  for (const n of [1, 2, 3]) {
    process.kill(postmaster(), 'SIGKILL');
    await until(() => output().includes(`it is started again (${n} of 3)`));
    await until(() => isReady(url));
  }
  process.kill(postmaster(), 'SIGKILL');
  expect(await closed).toBe(1);
  expect(output()).toContain('The embedded PostgreSQL ended 4 times within 10 minutes');
  expect(output()).not.toMatch(/at .*\.js:/);
}, 180_000);

test('a second server on the same folder says that it adopted the database, and takes over when the first one ends', async () => {
  useStopped();
  const first = await start();
  const second = await start();
  expect(second.output()).toContain('another process began it, and this one takes over when that ends');
  expect(await stop(first.child, 'SIGTERM')).toBe(0);
  await until(() => second.output().includes('it is started again'));
  await until(() => isReady(second.url));
  expect(await stop(second.child, 'SIGTERM')).toBe(0);
}, 180_000);

test('a second signal ends a server that waits for what is under way', async () => {
  useStopped();
  const { child, url, output } = await start();
  const token = readFileSync(path.join(data, 'admin-token'), 'utf8').trim();
  const [, password] = /(.*)/.exec(readFileSync(path.join(data, 'postgres/secret'), 'utf8'))!;
  const port = readFileSync(path.join(data, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[3];
  const client = new pg.Client(`postgresql://postgres:${password}@127.0.0.1:${port}/klpreg`);
  client.on('error', () => undefined); // its server ends
  await client.connect();
  await client.query('BEGIN; LOCK TABLE audit');
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const waits = fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: '{"query":"mutation { addHost(input: { hostname: \\"x\\" }) { id } }"}',
  }).catch(() => null);
  await until(
    async () =>
      (await client.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).rowCount! > 0,
  );
  child.kill('SIGTERM');
  await until(() => output().includes('stopping'));
  expect(await stop(child, 'SIGTERM')).toBe(1);
  await waits;
  await client.end().catch(() => undefined);
});

test.each(['start', 'demo', 'simulate'])(
  'a signal to `npm run %s` reaches the program: its shell becomes the program',
  (name) => {
    const { scripts } = JSON.parse(readFileSync(path.join(__dirname, '../../../package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts[name]).toMatch(/&& exec node [^&;|]+$/);
  },
);

test('as npm runs it, the server stops at a signal to its shell, and so does its database', async () => {
  useStopped();
  const { scripts } = JSON.parse(readFileSync(path.join(__dirname, '../../../package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const shell = spawn('/bin/sh', ['-c', scripts['start']!.replace('npm run -s build', 'true')], {
    cwd: path.join(__dirname, '../../..'),
    env: { PATH: process.env['PATH'], HOME: data, KLPREG_DATA: data, KLPREG_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(shell);
  let text = '';
  shell.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await until(() => text.includes('listening on'));
  const database = postmaster();
  expect(await stop(shell, 'SIGTERM')).toBe(0);
  await until(() => !existsSync(`/proc/${database}/cwd`));
});
