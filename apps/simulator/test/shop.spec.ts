import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { list } from 'tar';
import { Captured } from '../src/captured.js';
import { commandLine } from '../src/programs/command-line.js';
import { fleet } from '../src/shop/fleet.js';
import { QUESTIONS } from '../src/shop/questions.js';
import { RELEASES } from '../src/shop/releases.js';

/** Every path in an archive of what was captured. */
function pathsIn(archive: string): Set<string> {
  const paths = new Set<string>();
  list({ sync: true, file: path.join(__dirname, '../../..', archive), onReadEntry: (entry) => paths.add(entry.path) });
  return paths;
}

const machines = fleet();

test('the fleet is of a believable size, and no two hosts share a name', () => {
  expect(machines.length).toBeGreaterThanOrEqual(12);
  expect(machines.length).toBeLessThanOrEqual(40);
  expect(new Set(machines.map((machine) => machine.hostname)).size).toBe(machines.length);
  for (const { hostname, labels } of machines) {
    expect(hostname).toMatch(/^[a-z-]+-\d+\.[a-z]+$/);
    expect(Object.keys(labels)).toEqual(['role', 'env', 'site']);
    expect(hostname.endsWith(`.${labels['site']}`)).toBe(true);
  }
});

test('the fleet is the same every time: a second demo speaks of the same hosts', () => {
  expect(fleet()).toEqual(machines);
});

test.each(['6.1', '7.3'] as const)('every host with kernel %s is a tree that was captured', (kernel) => {
  const paths = pathsIn(`apps/agent/fixtures/trees-${kernel}.tar.gz`);
  for (const { tree } of machines.filter((machine) => machine.kernel === kernel && machine.tree !== null))
    expect(paths).toContain(`${kernel}/${tree}/MANIFEST`);
});

test.each(['6.1', '7.3'] as const)('every release has a module that was captured for kernel %s', (kernel) => {
  const paths = pathsIn(`libs/module/fixtures/modules-${kernel}.tar.gz`);
  for (const { module } of RELEASES) expect(paths).toContain(`${kernel}/${module}.ko`);
});

test('every question asks about a release that is published', () => {
  const releases = ['original', ...RELEASES.map((release) => release.release)];
  expect(QUESTIONS.length).toBe(3);
  for (const { words } of QUESTIONS) expect(releases).toContain(words[words.indexOf('--to') + 1]);
});

test('every build that a question goes to runs on two hosts of each kernel: one host alone is no proof for others', () => {
  const targets = new Set(QUESTIONS.map(({ words }) => words[words.indexOf('--to') + 1]!).filter((to) => to !== 'original'));
  const shown = (target: string, kernel: string) => machines.filter((machine) => machine.kernel === kernel && machine.runs === target).length;
  const alone = [...targets].flatMap((target) => ['6.1', '7.3'].filter((kernel) => shown(target, kernel) < 2).map((kernel) => `${target} on ${kernel}`));
  expect(alone).toEqual([]);
});

test('a host is read before its first livepatch and now, with a machine id of its own', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-shop-'));
  try {
    const two = machines.slice(0, 2);
    const captured = await Captured.unpack(path.join(__dirname, '../../..'), folder, two);
    const [first, second] = await Promise.all(two.map((machine) => captured.roots(machine)));
    const at = (flags: readonly string[], flag: string) => flags[flags.indexOf(flag) + 1]!;
    const machineId = (flags: readonly string[]) => readFileSync(path.join(at(flags, '--root'), 'etc/machine-id'), 'utf8');
    const proc = (flags: readonly string[], file: string) => readFileSync(path.join(at(flags, '--proc'), 'sys/kernel', file), 'utf8');
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

test.each<[words: string[], line: string]>([
  [['hosts'], 'klpreg hosts'],
  [['--where', 'env=prod,role notin (db)'], "klpreg --where 'env=prod,role notin (db)'"],
  [["it's", '', '$HOME'], "klpreg 'it'\\''s' '' '$HOME'"],
])('%j is typed so that a shell hands it on unchanged', (words, line) => {
  expect(commandLine('klpreg', words)).toBe(line);
});
