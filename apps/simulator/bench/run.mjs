// npm run bench: every figure of the design, on this machine, with its floor or its peer from the same run.
// A small size by default, which takes some minutes; --full for a million hosts. Names pick benches. A JSON line for each figure, and a table at the end.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { BENCHES, FLEETS, findMistakes, LONG, wanted } from './figures.mjs';
import { agent, engine, machine, module } from './pieces.mjs';

const PROGRAMS = { engine, module, agent };
const NAMES = Object.keys(BENCHES);

const words = process.argv.slice(2);
const full = words.includes('--full');
const json = words.includes('--json');
const hostsAt = words.indexOf('--hosts');
const asked = words.filter((word, i) => !word.startsWith('--') && i !== hostsAt + 1 - (hostsAt < 0 ? 1e9 : 0));
const size = hostsAt >= 0 ? Number(words[hostsAt + 1]) : full ? 1_000_000 : 20_000;
const names = asked.length > 0 ? asked : NAMES.filter((name) => full || !LONG.includes(name));
const wrong = [
  ...asked.filter((name) => !NAMES.includes(name)),
  ...words.filter((word) => word.startsWith('--') && !['--full', '--json', '--hosts', '--help'].includes(word)),
];
if (wrong.length > 0 || words.includes('--help') || !Number.isInteger(size) || size < 1000) {
  const what = wrong.length > 0 ? `there is no ${wrong.join(', ')}\n` : '';
  console.error(`${what}usage: npm run bench -- [--full | --hosts N (1,000 or more)] [--json] [NAME…]
benches: ${NAMES.join(', ')}
Without names: all, in less than three minutes on two cores; but ${LONG.join(', ')} only by name, or with --full, which has a million hosts.`);
  process.exit(words.includes('--help') && wrong.length === 0 ? 0 : 2);
}

const rows = [];
function emit(row) {
  rows.push(row);
  if (json) console.log(JSON.stringify(row));
}

/** The benches of one size, in a process of its own on a durable PostgreSQL that stays for the next run. */
function fleet(hosts, seconds, which, folder = String(hosts)) {
  const program = [
    path.resolve('prisma/with-postgres.mjs'),
    '--durable',
    `.data/bench-${folder}`,
    process.execPath,
    path.join(import.meta.dirname, 'size.mjs'),
    String(hosts),
    String(seconds),
    ...which,
  ];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => emit(JSON.parse(line)));
  return new Promise((resolve, reject) =>
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`the benches of ${hosts} hosts ended with ${code}`)))),
  );
}

for (const name of names.filter((one) => one in PROGRAMS)) {
  process.stderr.write(`${name}\n`);
  PROGRAMS[name](emit);
}
const which = names.filter((one) => one in FLEETS);
if (which.length > 0) {
  process.stderr.write(`a fleet of ${size.toLocaleString('en')}\n`);
  await fleet(size, full ? 30 : 8, which);
  if (full && which.includes('question')) {
    process.stderr.write('a fleet of 10,000, to compare\n');
    await fleet(10_000, 30, ['question']);
    const [large, small] = rows.filter((row) => row.bench === 'question' && row.metric === 'p50');
    emit({
      bench: 'question',
      metric: 'as many hosts cost',
      value: large.value,
      unit: 'ms',
      floor: small.value,
      ratio: large.value / small.value,
      of: 'times what 10,000 cost',
    });
  }
}
if (names.includes('own-labels')) {
  process.stderr.write(`a fleet of ${size.toLocaleString('en')} with labels of their own\n`);
  await fleet(size, full ? 30 : 4, ['own-labels'], `own-${size}`);
}

const number = (value) => (value === undefined || value === null ? '' : value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2));
if (!json) {
  console.table(
    rows.map(({ bench, metric, value, unit, floor, ratio, of }) => ({
      bench,
      figure: metric,
      value: `${number(value)} ${unit}`,
      beside: number(floor),
      ratio: `${number(ratio)} ${of ?? ''}`.trim(),
      wanted: wanted({ bench, metric }) ?? '',
    })),
  );
  for (const row of rows) console.log(JSON.stringify(row));
}
console.error(JSON.stringify(machine()));
const mistakes = findMistakes(names, rows);
if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
