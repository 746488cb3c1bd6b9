// The parts that need no registry: judging, reading a module, one report of an agent. Each is a program of its own.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const run = (program, words) => {
  const ended = spawnSync(process.execPath, [path.join(ROOT, program), ...words], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (ended.status !== 0) throw new Error(`${program} failed: ${ended.stderr}`);
  return ended.stdout;
};

export function engine(emit) {
  const line = run('libs/compat/bench/engine.mjs', ['engine']).trim().split('\n').at(-1);
  emit({ ...JSON.parse(line), of: 'of the bare state rule' });
}

export function module(emit) {
  for (const line of run('libs/module/bench/module.mjs', []).trim().split('\n')) emit(JSON.parse(line));
}

/** One report from a captured tree, by the real agent: processor time and memory of the whole process, as the kernel counts them. */
export function agent(emit) {
  for (const line of run('apps/agent/bench/report.mjs', []).trim().split('\n')) emit(JSON.parse(line));
}

/** What the kernel says of a child that has ended is in /proc of its parent: here, for those who want to check. */
export const machine = () => {
  const cpu = /model name\s*:\s*(.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
  const cores = (readFileSync('/proc/cpuinfo', 'utf8').match(/^processor/gm) ?? []).length;
  return { cpu, cores, node: process.version };
};
