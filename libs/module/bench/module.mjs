// How long does it take to read a module of 10 MB? The peer, side by side, is `readelf -a` on the same file, where there is one.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readModule } from '../dist/index.js';

const SIZE = 10 * 2 ** 20;

/** The file with one more section, so large that it has this size: what a module with debugging information looks like to a reader. */
function grown(bytes, size) {
  const [headers, entry, count] = [Number(bytes.readBigUInt64LE(0x28)), bytes.readUInt16LE(0x3a), bytes.readUInt16LE(0x3c)];
  const table = Buffer.from(bytes.subarray(headers, headers + entry * count));
  const more = Buffer.alloc(entry);
  const start = (bytes.length + 15) & ~15;
  const length = size - start - entry * (count + 1);
  more.writeUInt32LE(table.readUInt32LE(entry), 0); // some name that is there
  more.writeUInt32LE(1, 4); // SHT_PROGBITS
  more.writeBigUInt64LE(BigInt(start), 24);
  more.writeBigUInt64LE(BigInt(length), 32);
  more.writeBigUInt64LE(1n, 48);
  const file = Buffer.concat([bytes, Buffer.alloc(start - bytes.length), Buffer.alloc(length, 0x2a), table, more]);
  file.writeBigUInt64LE(BigInt(start + length), 0x28);
  file.writeUInt16LE(count + 1, 0x3c);
  return file;
}

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

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-bench-'));
try {
  execFileSync('tar', ['xzf', path.join(import.meta.dirname, '../fixtures/modules-7.3.tar.gz'), '-C', folder]);
  const name = readdirSync(folder, { recursive: true }).find((file) => file.endsWith('lab_r_1v1_a.ko'));
  const small = readFileSync(path.join(folder, name));
  const large = grown(small, SIZE);
  const [plain, big] = [readModule(small), readModule(large)];
  if (JSON.stringify(plain.states.map(String)) !== JSON.stringify(big.states.map(String)) || plain.buildId !== big.buildId)
    throw new Error('the large module reads otherwise');
  const file = path.join(folder, 'large.ko');
  writeFileSync(file, large);
  milliseconds(5, () => readModule(large));
  const value = milliseconds(15, () => readModule(large));
  const there = spawnSync('readelf', ['--version']).status === 0;
  const floor = there ? milliseconds(7, () => spawnSync('readelf', ['-a', '-W', file], { stdio: 'ignore' })) : null;
  const peer = floor === null ? {} : { floor, ratio: floor / value, of: 'times faster than readelf -a' };
  console.log(JSON.stringify({ bench: 'module', metric: 'read 10 MB', value, unit: 'ms', ...peer }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
