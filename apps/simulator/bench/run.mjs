// npm run bench: measures the figures of the design, each with its baseline from the same run.
// The default fleet is small and takes some minutes; --full has a million hosts. Names select benches.
// Writes a JSON line for each figure and a table at the end.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { BENCHES, FLEETS, findErrors, LONG, target } from './figures.mjs';
import { agent, credential, engine, machine, module } from './pieces.mjs';

const PROGRAMS = { engine, credential, module, agent };
const NAMES = Object.keys(BENCHES);

const args = process.argv.slice(2);
const full = args.includes('--full');
const json = args.includes('--json');
const hostsAt = args.indexOf('--hosts');
const selected = args.filter(
  (arg, i) => !arg.startsWith('--') && i !== hostsAt + 1 - (hostsAt < 0 ? 1e9 : 0),
);
const size = hostsAt >= 0 ? Number(args[hostsAt + 1]) : full ? 1_000_000 : 20_000;
const names = selected.length > 0 ? selected : NAMES.filter((name) => full || !LONG.includes(name));
const unknown = [
  ...selected.filter((name) => !NAMES.includes(name)),
  ...args.filter((arg) => arg.startsWith('--') && !['--full', '--json', '--hosts', '--help'].includes(arg)),
];
if (unknown.length > 0 || args.includes('--help') || !Number.isInteger(size) || size < 1000) {
  const message = unknown.length > 0 ? `unknown: ${unknown.join(', ')}\n` : '';
  console.error(`${message}usage: npm run bench -- [--full | --hosts N (1,000 or more)] [--json] [NAME…]
benches: ${NAMES.join(', ')}
Without names: all in less than three minutes on two cores, except ${LONG.join(', ')}.
Those run by name, or with --full, which has a million hosts.`);
  process.exit(args.includes('--help') && unknown.length === 0 ? 0 : 2);
}

const rows = [];
function emit(row) {
  rows.push(row);
  if (json) console.log(JSON.stringify(row));
}

/** Runs benches of one fleet in a process, on a durable PostgreSQL that is kept for the next run. */
function runFleet(hosts, seconds, benches, folder = String(hosts)) {
  const program = [
    path.resolve('prisma/with-postgres.mjs'),
    '--durable',
    `.data/bench-${folder}`,
    process.execPath,
    path.join(import.meta.dirname, 'size.mjs'),
    String(hosts),
    String(seconds),
    ...benches,
  ];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => emit(JSON.parse(line)));
  return new Promise((resolve, reject) =>
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the benches of ${hosts} hosts failed with exit code ${code}`));
    }),
  );
}

for (const name of names.filter((one) => one in PROGRAMS)) {
  process.stderr.write(`${name}\n`);
  PROGRAMS[name](emit);
}
const fleetBenches = names.filter((one) => one in FLEETS);
if (fleetBenches.length > 0) {
  process.stderr.write(`a fleet of ${size.toLocaleString('en')}\n`);
  await runFleet(size, full ? 30 : 8, fleetBenches);
  if (full && fleetBenches.includes('question')) {
    process.stderr.write('a fleet of 10,000 for comparison\n');
    await runFleet(10_000, 30, ['question']);
    const [large, small] = rows.filter((row) => row.bench === 'question' && row.metric === 'p50');
    emit({
      bench: 'question',
      metric: 'relative to 10,000 hosts',
      value: large.value,
      unit: 'ms',
      floor: small.value,
      ratio: large.value / small.value,
      of: 'times the latency with 10,000',
    });
  }
}
if (names.includes('own-labels')) {
  process.stderr.write(`a fleet of ${size.toLocaleString('en')} with unique labels\n`);
  await runFleet(size, full ? 30 : 4, ['own-labels'], `own-${size}`);
}

const number = (value) => {
  if (value === undefined || value === null) return '';
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
};
if (!json) {
  console.table(
    rows.map(({ bench, metric, value, unit, floor, ratio, of }) => ({
      bench,
      figure: metric,
      value: `${number(value)} ${unit}`,
      baseline: number(floor),
      ratio: `${number(ratio)} ${of ?? ''}`.trim(),
      target: target({ bench, metric }) ?? '',
    })),
  );
  for (const row of rows) console.log(JSON.stringify(row));
}
console.error(JSON.stringify(machine()));
const errors = findErrors(names, rows);
if (errors.length > 0) throw new Error(errors.join('\n'));
