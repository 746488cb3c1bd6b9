// The benches without a registry: rule engine, module parser and one report of an agent. Each is a separate
// program.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const run = (program, args) => {
  const result = spawnSync(process.execPath, [path.join(ROOT, program), ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (result.status !== 0) throw new Error(`${program} failed: ${result.stderr}`);
  return result.stdout;
};

export function engine(emit) {
  const line = run('libs/compat/bench/engine.mjs', ['engine']).trim().split('\n').at(-1);
  emit({ ...JSON.parse(line), of: 'of the bare state rule' });
}

export function module(emit) {
  for (const line of run('libs/module/bench/module.mjs', []).trim().split('\n')) emit(JSON.parse(line));
}

/** Measures one report of the real agent on a captured tree: processor time and memory of its process. */
export function agent(emit) {
  for (const line of run('apps/agent/bench/report.mjs', []).trim().split('\n')) emit(JSON.parse(line));
}

/** Measures the processor time of checking a host credential. */
export function credential(emit) {
  emit(JSON.parse(run('apps/server/bench/host-credential.mjs', []).trim().split('\n').at(-1)));
}

/** Returns the processor, the number of cores and the Node version of this machine. */
export const machine = () => {
  const cpu = /model name\s*:\s*(.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
  const cores = (readFileSync('/proc/cpuinfo', 'utf8').match(/^processor/gm) ?? []).length;
  return { cpu, cores, node: process.version };
};
