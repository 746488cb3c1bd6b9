import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRegistry } from './registry.js';

const program = path.join(__dirname, '../dist/simulate.js');
let registry: Awaited<ReturnType<typeof openRegistry>>;

beforeEach(async () => {
  registry = await openRegistry();
});
afterEach(() => registry.close());

/** Starts it as one would, and gives what it said once it has ended. */
function start(words: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, ...words], {
    env: { ...process.env, KLPREG_URL: registry.url, KLPREG_TOKEN: 'secret', ...env },
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  const ended = new Promise<{ exit: number | null; stdout: string; stderr: string }>((resolve) => child.on('close', (exit) => resolve({ exit, ...said })));
  return { child, ended };
}

test('Ctrl-C ends it with a summary and exit code 0', async () => {
  const { child, ended } = start(['--hosts', '50', '--interval', '1', '--json', '--skip-publish']);
  while (!registry.received.some((one) => one.path === '/v1/heartbeats')) await sleep(20);
  child.kill('SIGINT');
  const { exit, stdout } = await ended;
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ hosts: 50, loaded: 50, refused: {} });
});

test('it ends with 1 where something was refused', async () => {
  registry.play.reply = (at) => (at === '/v1/heartbeats' ? { status: 400 } : null);
  const { exit, stdout } = await start(['--hosts', '5', '--calm', '--interval', '1', '--minutes', '0.02', '--skip-publish']).ended;
  expect(exit).toBe(1);
  expect(stdout).toMatch(/refused +\d+ {2}heartbeat 400/);
});

test('it ends with 2 where an option is wrong, and says which', async () => {
  expect(await start(['--hosts', 'many']).ended).toMatchObject({ exit: 2, stderr: '--hosts: must be a whole number from 1 to 5000000, found "many"\n' });
});

test('it ends with 1 where nobody answers, and says what to do', async () => {
  const { exit, stderr } = await start(['--hosts', '5'], { KLPREG_URL: 'http://127.0.0.1:1' }).ended;
  expect(exit).toBe(1);
  expect(stderr).toContain('No registry answers at http://127.0.0.1:1');
});
