import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const MAIN = path.join(__dirname, '../dist/main.js');
const running: ChildProcess[] = [];
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

function launch(environment: Record<string, string>): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], HOME: data, KLPREG_DATA: data, KLPREG_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
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
    (await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })).json() as Promise<any>;
  expect((await ask(first.url, 'mutation { addHost(input: { hostname: "kept" }) { hostname } }')).data.addHost.hostname).toBe('kept');
  expect(await stop(first.child, 'SIGTERM')).toBe(0);

  const second = await start();
  expect(second.output()).not.toContain('made');
  expect((await ask(second.url, '{ hosts { nodes { hostname } } }')).data.hosts.nodes).toEqual([{ hostname: 'kept' }]);
  expect(await stop(second.child, 'SIGINT')).toBe(0);
});

test('a wrong configuration ends it before anything starts', async () => {
  const { ended, output } = launch({ KLPREG_PORT: 'many', KLPREG_COLOUR: 'blue' });
  expect(await ended).toBe(2);
  expect(output()).toMatch(/KLPREG_PORT: must be a port number[^]*KLPREG_COLOUR: is not a setting/);
  expect(output()).not.toMatch(/at .*\.js:/);
});

test('a database that is not there is said in a sentence', async () => {
  const { ended, output } = launch({ DATABASE_URL: 'postgresql://nobody:secret@127.0.0.1:1/none' });
  expect(await ended).toBe(2);
  expect(output()).toMatch(/database/i);
  expect(output()).not.toContain('secret');
  expect(output()).not.toMatch(/at .*\.js:/);
});

test('a port that is taken is said in a sentence, and nothing is left running', async () => {
  const other = net.createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as net.AddressInfo;
  const { ended, output } = launch({ KLPREG_PORT: String(port) });
  expect(await ended).toBe(2);
  expect(output()).toContain(`Cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
  other.close();
});
