import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentDigest, Report } from '@klpreg/wire';
import { agent, dumped } from './agent.js';
import { render, renderAround } from './rendering.js';
import {
  KERNELS,
  temporaryFolder,
  unpackFieldTrees,
  unpackModules,
  unpackTrees,
  type Kernel,
} from './trees.js';

const GOLDENS = join(__dirname, 'goldens');
const folder = temporaryFolder();
const trees = Object.fromEntries(KERNELS.map((kernel) => [kernel, unpackTrees(folder, kernel)])) as Record<
  Kernel,
  ReturnType<typeof unpackTrees>
>;
const modules = Object.fromEntries(
  KERNELS.map((kernel) => [kernel, unpackModules(folder, kernel)]),
) as Record<Kernel, string>;

const readSample = (kernel: Kernel, name: string, ...words: string[]): Promise<Report> =>
  dumped(
    '--root',
    trees[kernel].at(name),
    '--modules',
    modules[kernel],
    '--instance',
    `${kernel}/${name}`,
    '--state',
    join(folder, 'state'),
    ...words,
  );

/** Compares with a file that a person has looked at. `UPDATE_GOLDENS=1` writes it again. */
function expectGolden(file: string, text: string): void {
  const path = join(GOLDENS, file);
  if (process.env['UPDATE_GOLDENS'] === '1') {
    mkdirSync(GOLDENS, { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, 'utf8'));
}

/** Every path below, with its mode, its time of change and its content. */
function fingerprint(root: string): string {
  const hash = createHash('sha256');
  const walk = (path: string): void => {
    const { mode, mtimeMs, ctimeMs } = lstatSync(path);
    hash.update(`${path} ${mode} ${mtimeMs} ${ctimeMs}\n`);
    if (lstatSync(path).isDirectory()) for (const name of readdirSync(path).sort()) walk(join(path, name));
    // what may only be written (`force` is 0200) cannot be
    // read by who is not root; its times would still tell
    else if ((mode & 0o400) !== 0) hash.update(readFileSync(path));
  };
  walk(root);
  return hash.digest('hex');
}

/** A dump keeps nothing, so to each of them the host is watched from now on. */
const withoutClock = ({ clock: _clock, watchedSinceMs: _watched, digest: _digest, ...rest }: Report) => rest;

describe.each(KERNELS)('trees of Linux %s', (kernel) => {
  test('each gives a report that the registry takes, as the golden has it', async () => {
    const before = fingerprint(trees[kernel].at('.'));
    const texts: string[] = [];
    for (const name of trees[kernel].names) {
      const report = await readSample(kernel, name);
      expect({ name, accepted: Report.safeParse(report).error }).toEqual({ name, accepted: undefined });
      expect(contentDigest(report)).toBe(report.digest);
      texts.push(render(name, report));
    }
    expectGolden(`linux-${kernel}.txt`, `${texts.join('\n\n')}\n`);
    // nothing in sys and proc was touched
    expect(fingerprint(trees[kernel].at('.'))).toBe(before);
  });

  test('two dumps of a tree differ in their clocks alone', async () => {
    const [first, second] = [
      await readSample(kernel, 'plain-over-replace/replaced'),
      await readSample(kernel, 'plain-over-replace/replaced'),
    ];
    expect(withoutClock(second)).toEqual(withoutClock(first));
  });
});

test.each<[Kernel, string]>([
  ['7.3', 'enabling/stalled'],
  ['7.3', 'replaced-still-loaded/replaced'],
  ['6.1', 'plain-over-replace/stacked'],
])('the whole document of %s %s', async (kernel, name) => {
  const report = await readSample(
    kernel,
    name,
    '--hostname',
    'web-1',
    '--label',
    'env=prod',
    '--boot-id',
    '6f1c6b3e-54f5-4e0e-9d0e-0a4b9a1d2c3f',
  );
  const withoutClocks = { ...report, watchedSinceMs: 0 };
  const clock = { wall: '2026-11-23T00:00:00.000Z', observedMs: 0, sentMs: 0 };
  const still = { ...withoutClocks, clock, digest: contentDigest(withoutClocks) };
  expect(Report.safeParse(report).success).toBe(true);
  expectGolden(`${kernel}-${name.replace('/', '-')}.json`, `${JSON.stringify(still, null, 2)}\n`);
});

test('trees that were rebuilt from public reports', async () => {
  const { names, at } = unpackFieldTrees(folder);
  const texts: string[] = [];
  for (const name of names) {
    const report = await dumped('--root', at(name), '--instance', name, '--state', join(folder, 'state'));
    texts.push(`${render(name, report)}\n${renderAround(report)}`);
  }
  expectGolden('field.txt', `${texts.join('\n\n')}\n`);
});

test('a tree that cannot be written is read as well', async () => {
  const root = trees['7.3'].at('one-replace/on');
  const paths = (at: string): string[] => [
    at,
    ...(lstatSync(at).isDirectory() ? readdirSync(at).flatMap((name) => paths(join(at, name))) : []),
  ];
  for (const path of paths(root)) chmodSync(path, lstatSync(path).isDirectory() ? 0o555 : 0o444);
  const before = fingerprint(root);
  const { livepatches } = await readSample('7.3', 'one-replace/on');
  expect(livepatches).toHaveLength(1);
  expect(fingerprint(root)).toBe(before);
  for (const path of paths(root)) chmodSync(path, 0o755);
});

test('the same text is always the same instance, and two trees are never one host', async () => {
  const root = trees['7.3'].at('one-replace/on');
  const state = join(folder, 'other-state');
  const named = await dumped('--root', root, '--instance', 'web-1', '--state', state);
  expect(named.host.instance).toBe('291537cb-f174-5a8a-b459-f545873a2c8f');

  const [first, again, other] = [
    await dumped('--root', root, '--state', state),
    await dumped('--root', `${root}/../on`, '--state', state),
    await dumped('--root', trees['7.3'].at('one-replace/off'), '--state', state),
  ];
  expect(again.host.instance).toBe(first.host.instance);
  expect(other.host.instance).not.toBe(first.host.instance);
  expect([first.host.hostname, other.host.hostname]).toEqual(['one-replace-on', 'one-replace-off']);
});

test('what a tree lacks is a warning on stderr, never on stdout', async () => {
  const { exit, out, err } = await agent(
    'dump',
    '--root',
    trees['6.1'].at('baseline/empty'),
    '--instance',
    'x',
    '--state',
    join(folder, 'state'),
  );
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    livepatches: [],
    leftovers: [],
    capabilities: { livepatch: true, sysfs: null },
    host: { arch: 'x86_64' },
  });
  expect(err).toMatch(
    /^klpreg-agent: warning: a captured tree has no boot id: using [0-9a-f-]{36}, derived from its instance; set --boot-id for a real one\n$/,
  );
});
