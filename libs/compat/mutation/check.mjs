// Changes this library in small ways, and reports the changes that no test notices.

import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readReasons, reasonFor, unusedReasons } from './accepted-survivors.mjs';
import { measureCoverage, orderFor } from './coverage.mjs';
import { instrument, stopCounting } from './instrumented-copy.mjs';
import { countFates, isUnexplained, nameOf, print } from './report.mjs';
import { runOrders } from './worker-pool.mjs';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '' },
    every: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const every = Number(values.every);
const workers = Number(values.workers);
const startedAt = Date.now();
const log = (text) =>
  console.error(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(5)} s  ${text}`);

const copy = await instrument();
process.on('exit', () => rmSync(copy.root, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const selected = copy.mutants
  .filter(({ file }) => new RegExp(values.files).test(file))
  .filter((_, i) => i % every === 0);
log(`${selected.length} of ${copy.mutants.length} mutants, ${workers} processes`);
const coverage = await measureCoverage(copy.root, copy.specs, workers);
log(`coverage of ${coverage.flatMap(({ tests }) => tests).length} tests measured`);
stopCounting(copy.root);

const byId = new Map(selected.map((mutant) => [mutant.id, mutant]));
const kills = new Map(selected.map(({ file }) => [file, new Map()]));
const reasons = readReasons();
const tried = [];

function* orders() {
  for (const mutant of selected) yield orderFor(mutant, coverage, kills.get(mutant.file));
}

function record(order, answer) {
  const mutant = byId.get(order.mutant);
  const fate = answer === null ? 'hung' : answer.killedBy === null ? 'survived' : 'killed';
  const one = {
    ...mutant,
    fate,
    killedBy: answer?.killedBy ?? null,
    why: fate === 'survived' ? reasonFor(reasons, mutant) : null,
  };
  tried.push(one);
  const killers = kills.get(mutant.file);
  if (fate === 'killed') killers.set(answer.spec, (killers.get(answer.spec) ?? 0) + 1);
  if (isUnexplained(one)) log(`survived: ${nameOf(one)}`);
  if (tried.length % 100 === 0) log(`${tried.length} of ${selected.length}`);
}

await runOrders(copy.root, orders(), workers, record);

const mutants = tried.toSorted((a, b) => Number(a.id) - Number(b.id));
const unused = every === 1 ? unusedReasons(reasons, mutants) : [];
if (values.json) console.log(JSON.stringify({ ...countFates(mutants), unused, mutants }, null, 2));
else print(mutants, unused);
process.exit(countFates(mutants).unexplained === 0 && unused.length === 0 ? 0 : 1);
