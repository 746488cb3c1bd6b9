// How long does it take to read a module of 10 MB? The peer, side by side, is `readelf -a` on the same file,
// where there is one. One file is as large modules are; the other has one large section, where there is
// nothing to do but to hash it. What the hash takes is a row of its own.

import { execFileSync, spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readModule } from '../dist/index.js';
import { growByFunctions, growByOneSection } from './grow.mjs';

const SIZE = 10 * 2 ** 20;
const THERE = spawnSync('readelf', ['--version']).status === 0;

const emit = (metric, value, peer = {}) =>
  console.log(JSON.stringify({ bench: 'module', metric, value, unit: 'ms', ...peer }));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
function milliseconds(times, work) {
  const each = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    work();
    each.push(performance.now() - began);
  }
  return median(each);
}

/** Everything that a reading says and that growing must not change. */
const answer = (reading) =>
  JSON.stringify(reading, (key, value) =>
    key === 'sha256' || key === 'contentSha256' ? '' : typeof value === 'bigint' ? `${value}n` : value,
  );

function readelfFor(file, value) {
  if (!THERE) return { of: 'no readelf here' };
  const floor = milliseconds(7, () => {
    const { status } = spawnSync('readelf', ['-a', '-W', file], { stdio: 'ignore' });
    if (status !== 0) throw new Error(`readelf does not read ${file}`);
  });
  return { floor, ratio: floor / value, of: 'times faster than readelf -a' };
}

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-bench-'));
try {
  execFileSync('tar', [
    'xzf',
    path.join(import.meta.dirname, '../fixtures/modules-7.3.tar.gz'),
    '-C',
    folder,
  ]);
  const name = readdirSync(folder, { recursive: true }).find((file) => file.endsWith('lab_r_1v1_a.ko'));
  const small = readFileSync(path.join(folder, name));
  for (const [what, grow] of Object.entries({ '': growByFunctions, ', one section': growByOneSection })) {
    const large = grow(small, SIZE);
    if (large.length !== SIZE) throw new Error(`the large module has ${large.length} bytes`);
    const first = milliseconds(1, () => readModule(large));
    if (answer(readModule(large)) !== answer(readModule(small)))
      throw new Error('the large module reads otherwise');
    const file = path.join(folder, 'large.ko');
    writeFileSync(file, large);
    milliseconds(20, () => readModule(large));
    const value = milliseconds(25, () => readModule(large));
    emit(`read 10 MB${what}`, value, readelfFor(file, value));
    if (what === '') emit('read 10 MB, the first of a process', first);
    else
      emit(
        'hash 10 MB',
        milliseconds(25, () => hash('sha256', large)),
      );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
