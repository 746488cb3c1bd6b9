import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../src/commands/run.js';
import { backoff } from '../src/send/backoff.js';
import { retryAfter } from '../src/send/send-once.js';
import { openRegistry } from './registry.js';
import { livepatch, loadedLine, plant, PLAIN } from './tree.js';
import { temporaryFolder } from './trees.js';

const folder = temporaryFolder();
const PRLIMIT = 'prlimit';
const PROGRAM = join(__dirname, '../bin/klpreg-agent.js');
let registry: Awaited<ReturnType<typeof openRegistry>>;
beforeEach(async () => {
  registry = await openRegistry();
});
afterEach(() => registry.close());

/** Starts the built program as a process of its own. */
function start(state: string, tree: string, ...words: string[]) {
  const child = spawn(
    process.execPath,
    [PROGRAM, ...words, '--root', tree, '--state', state, '--instance', 'web-1', '--url', registry.url],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null; said: string }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, said })),
  );
  /** Waits until it has said this. */
  const heard = async (words: string) => {
    while (!said.includes(words)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { child, ended, heard };
}
const tree = () =>
  plant(mkdtempSync(join(folder, 'tree-')), PLAIN, livepatch('lp_1'), { 'proc/modules': loadedLine('lp_1') });
const state = () => mkdtempSync(join(folder, 'state-'));

test('agents at once on one state directory never use the same number', async () => {
  const [kept, root] = [state(), tree()];
  const ends = await Promise.all(
    Array.from({ length: 6 }, () => start(kept, root, 'report', '--full').ended),
  );
  expect(ends.map(({ code, said }) => (code === 0 ? 0 : said))).toEqual([0, 0, 0, 0, 0, 0]);
  // a message may arrive twice (two agents empty one spool), and then it is the same message
  const byNumber = new Map<number, Set<number>>();
  for (const { document } of registry.received)
    byNumber.set(
      document.sequence,
      (byNumber.get(document.sequence) ?? new Set()).add(document.clock.observedMs),
    );
  expect(byNumber.size).toBeGreaterThanOrEqual(6);
  expect([...byNumber.values()].filter((observations) => observations.size > 1)).toEqual([]);
});

test('processes that reserve as fast as they can get different numbers, each its own in rising order', async () => {
  const numbers = join(state(), 'sequence');
  const script = `import { reserveSequence } from ${JSON.stringify(join(__dirname, '../dist/state/sequence.js'))};
    console.log(JSON.stringify(Array.from({ length: 100 }, () => reserveSequence(${JSON.stringify(numbers)}))));`;
  const all = await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<number[]>((resolve) => {
          const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
            stdio: ['ignore', 'pipe', 'inherit'],
          });
          let said = '';
          child.stdout.on('data', (text: Buffer) => (said += text.toString()));
          child.on('close', () => resolve(JSON.parse(said) as number[]));
        }),
    ),
  );
  expect(new Set(all.flat()).size).toBe(300);
  for (const own of all) expect(own).toEqual([...own].sort((a, b) => a - b));
});

test('killed while sending: the number is used up, and the next run sends the message', async () => {
  const [kept, root] = [state(), tree()];
  registry.play.reply = () => ({ after: 60_000 });
  const { child, ended } = start(kept, root, 'report');
  while (registry.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');

  registry.play.reply = () => null;
  expect(await start(kept, root, 'report').ended).toMatchObject({ code: 0 });
  expect(registry.received.map(({ document }) => document.sequence)).toEqual([1, 1, 2]);
  expect(readdirSync(join(kept, 'instances/291537cb-f174-5a8a-b459-f545873a2c8f/spool'))).toEqual([]);
});

test('run reports in cycles, and SIGTERM ends it cleanly', async () => {
  registry.play.reply = ({ document }) => ({
    body: {
      outcome: document.schema === 'report/v1' ? 'STORED' : 'CONFIRMED',
      reason: null,
      intervalSeconds: 1,
    },
  });
  const { child, ended, heard } = start(state(), tree(), 'run');
  await heard('heartbeat 2');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({
    code: 0,
    said: expect.stringMatching(/^report 1 of .*: STORED\nheartbeat 2 of .*: CONFIRMED\n$/),
  });
});

test('run outlives a full disk', async () => {
  registry.play.reply = ({ document }) => ({
    body: { outcome: 'STORED', intervalSeconds: 1, reason: String(document.sequence) },
  });
  // nothing may be written in this process until its limit is lifted
  const words = [
    PROGRAM,
    'run',
    '--root',
    tree(),
    '--state',
    state(),
    '--instance',
    'web-1',
    '--url',
    registry.url,
    '--interval',
    '5',
  ];
  const child = spawn('sh', ['-c', 'ulimit -S -f 0; exec "$@"', 'sh', process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const heard = async (words: RegExp) => {
    while (!words.test(said)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await heard(/warning: .*: cannot be written now \(EFBIG\)/);
  execFileSync(PRLIMIT, ['--fsize=unlimited', `--pid=${child.pid}`]);
  await heard(/report \d+ of .*: STORED/);
  child.kill('SIGTERM');
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
});

test('pauses: the interval is never overstepped, and the backoff is bounded', () => {
  expect([pause(60, () => 0), pause(60, () => 1)]).toEqual([30, 60]);
  expect([
    backoff(0, null, () => 1),
    backoff(3, null, () => 1),
    backoff(99, null, () => 1),
    backoff(3, null, () => 0),
  ]).toEqual([1_000, 8_000, 30_000, 0]);
  expect(backoff(0, 7, () => 0)).toBe(7_000);
  expect([
    retryAfter('5'),
    retryAfter(undefined),
    retryAfter('soon'),
    retryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 30_000),
  ]).toEqual([5, null, null, 30]);
});
