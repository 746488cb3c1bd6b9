import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { list } from 'tar';
import { CapturedFiles } from '../src/demo-fleet/captured-files.js';
import { demoHosts } from '../src/demo-fleet/hosts.js';
import { QUESTIONS } from '../src/demo-fleet/questions.js';
import { RELEASES } from '../src/demo-fleet/releases.js';
import { commandLine } from '../src/programs/command-line.js';

/** Returns the paths in an archive of captured files. */
function pathsIn(archive: string): Set<string> {
  const paths = new Set<string>();
  const file = path.join(__dirname, '../../..', archive);
  list({ sync: true, file, onReadEntry: (entry) => paths.add(entry.path) });
  return paths;
}

const hosts = demoHosts();

test('the fleet has 12 to 40 hosts with unique names', () => {
  expect(hosts.length).toBeGreaterThanOrEqual(12);
  expect(hosts.length).toBeLessThanOrEqual(40);
  expect(new Set(hosts.map((host) => host.hostname)).size).toBe(hosts.length);
  for (const { hostname, labels } of hosts) {
    expect(hostname).toMatch(/^[a-z-]+-\d+\.[a-z]+$/);
    expect(Object.keys(labels)).toEqual(['role', 'env', 'site']);
    expect(hostname.endsWith(`.${labels['site']}`)).toBe(true);
  }
});

test('a second demo has the same hosts', () => {
  expect(demoHosts()).toEqual(hosts);
});

test.each(['6.1', '7.3'] as const)('each host with kernel %s has a captured tree', (kernel) => {
  const paths = pathsIn(`apps/agent/fixtures/trees-${kernel}.tar.gz`);
  for (const { tree } of hosts.filter((host) => host.kernel === kernel && host.tree !== null))
    expect(paths).toContain(`${kernel}/${tree}/MANIFEST`);
});

test.each(['6.1', '7.3'] as const)('each release has a captured module for kernel %s', (kernel) => {
  const paths = pathsIn(`libs/module/fixtures/modules-${kernel}.tar.gz`);
  for (const { module } of RELEASES) expect(paths).toContain(`${kernel}/${module}.ko`);
});

const targetOf = (args: readonly string[]) => args[args.indexOf('--to') + 1]!;

test('each question asks about a published release', () => {
  const releases = ['original', ...RELEASES.map((release) => release.release)];
  expect(QUESTIONS.length).toBe(3);
  for (const { args } of QUESTIONS) expect(releases).toContain(targetOf(args));
});

// the report of one machine is not enough evidence for others
test('each target of a question runs on two hosts with each kernel', () => {
  const targets = new Set(
    QUESTIONS.map(({ args }) => targetOf(args)).filter((target) => target !== 'original'),
  );
  const count = (target: string, kernel: string) =>
    hosts.filter((host) => host.kernel === kernel && host.runs === target).length;
  const pairs = [...targets].flatMap((target) => ['6.1', '7.3'].map((kernel) => [target, kernel] as const));
  expect(pairs.filter(([target, kernel]) => count(target, kernel) < 2)).toEqual([]);
});

test('a host has roots for its boot and for now, and its own machine id', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-demo-fleet-'));
  try {
    const two = hosts.slice(0, 2);
    const captured = await CapturedFiles.unpack(path.join(__dirname, '../../..'), folder, two);
    const [first, second] = await Promise.all(two.map((host) => captured.roots(host)));
    const at = (flags: readonly string[], flag: string) => flags[flags.indexOf(flag) + 1]!;
    const machineId = (flags: readonly string[]) =>
      readFileSync(path.join(at(flags, '--root'), 'etc/machine-id'), 'utf8');
    const proc = (flags: readonly string[], file: string) =>
      readFileSync(path.join(at(flags, '--proc'), 'sys/kernel', file), 'utf8');
    const list = (flags: readonly string[]) => readdirSync(path.join(at(flags, '--sys'), 'kernel/livepatch'));
    for (const { atBoot, now } of [first!, second!]) {
      expect(machineId(atBoot)).toBe(machineId(now));
      expect(proc(atBoot, 'osrelease')).toBe(proc(now, 'osrelease'));
      expect([proc(atBoot, 'tainted'), list(atBoot)]).toEqual(['0\n', []]);
      expect(list(now)).not.toEqual([]);
      for (const flags of [atBoot, now]) expect(proc(flags, 'modules_disabled')).toBe('0\n');
    }
    expect(machineId(first!.now)).not.toBe(machineId(second!.now));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each<[args: string[], line: string]>([
  [['hosts'], 'klpreg hosts'],
  [['--where', 'env=prod,role notin (db)'], "klpreg --where 'env=prod,role notin (db)'"],
  [["it's", '', '$HOME'], "klpreg 'it'\\''s' '' '$HOME'"],
])('%j is quoted as a shell needs it', (args, line) => {
  expect(commandLine('klpreg', args)).toBe(line);
});
