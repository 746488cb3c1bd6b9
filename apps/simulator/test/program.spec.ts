import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRegistry } from './registry.js';

const program = path.join(__dirname, '../dist/simulate.js');
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

/** Starts the program. `ended` gives its exit code and output. */
function start(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, KLPREG_URL: registry.url, KLPREG_TOKEN: 'secret', ...env },
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  const ended = new Promise<{ exit: number | null } & typeof output>((resolve) =>
    child.on('close', (exit) => resolve({ exit, ...output })),
  );
  return { child, ended };
}

test('after Ctrl-C it writes a summary and exits with 0', async () => {
  const { child, ended } = start(['--hosts', '50', '--interval', '1', '--json', '--skip-publish']);
  while (!registry.received.some((one) => one.path === '/v1/heartbeats')) await sleep(20);
  child.kill('SIGINT');
  const { exit, stdout } = await ended;
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ hosts: 50, loaded: 50, refused: {} });
});

test('it exits with 1 if the registry rejected a correct message', async () => {
  registry.behaviour.override = (at) => (at === '/v1/heartbeats' ? { status: 400 } : null);
  const { exit, stdout } = await start([
    '--hosts',
    '5',
    '--calm',
    '--interval',
    '1',
    '--minutes',
    '0.02',
    '--skip-publish',
  ]).ended;
  expect(exit).toBe(1);
  expect(stdout).toMatch(/refused +\d+ {2}heartbeat 400/);
});

test('it exits with 2 if an option is wrong, and names the option', async () => {
  const stderr = '--hosts: must be a whole number from 1 to 5000000, found "many"\n';
  expect(await start(['--hosts', 'many']).ended).toMatchObject({ exit: 2, stderr });
});

test('it exits with 1 if no registry answers, and says what to do', async () => {
  const { exit, stderr } = await start(['--hosts', '5'], { KLPREG_URL: 'http://127.0.0.1:1' }).ended;
  expect(exit).toBe(1);
  expect(stderr).toContain('No registry answers at http://127.0.0.1:1');
});
