// Would a test fail if this library were wrong? Each mutant is one way to be wrong; see README.md.

import { parseArgs } from 'node:util';
import { work } from './crew.mjs';
import { idle, readExplanations, whyAccepted } from './explained.mjs';
import { plant, stopCounting, uproot } from './plant.mjs';
import { orderFor, survey } from './reach.mjs';
import { isUnexplained, nameOf, print, tally } from './report.mjs';

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
const begun = Date.now();
const say = (text) =>
  console.error(`${String(Math.round((Date.now() - begun) / 1000)).padStart(5)} s  ${text}`);

const planted = await plant();
process.on('exit', () => uproot(planted.root));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const wanted = planted.mutants
  .filter(({ file }) => new RegExp(values.files).test(file))
  .filter((_, i) => i % every === 0);
say(`${wanted.length} of ${planted.mutants.length} mutants are tried, by ${workers} processes`);
const surveyed = await survey(planted.root, planted.specs, workers);
say(`${surveyed.flatMap(({ tests }) => tests).length} tests, and what they reach`);
stopCounting(planted.root);

const byId = new Map(wanted.map((mutant) => [mutant.id, mutant]));
const kills = new Map(wanted.map(({ file }) => [file, new Map()]));
const whys = readExplanations();
const tried = [];

function* orders() {
  for (const mutant of wanted) yield orderFor(mutant, surveyed, kills.get(mutant.file));
}

function hear(order, answer) {
  const mutant = byId.get(order.mutant);
  const fate = answer === null ? 'hung' : answer.killedBy === null ? 'survived' : 'killed';
  const one = {
    ...mutant,
    fate,
    killedBy: answer?.killedBy ?? null,
    why: fate === 'survived' ? whyAccepted(whys, mutant) : null,
  };
  tried.push(one);
  const killers = kills.get(mutant.file);
  if (fate === 'killed') killers.set(answer.spec, (killers.get(answer.spec) ?? 0) + 1);
  if (isUnexplained(one)) say(`survived: ${nameOf(one)}`);
  if (tried.length % 100 === 0) say(`${tried.length} of ${wanted.length}`);
}

await work(planted.root, orders(), workers, hear);

const mutants = tried.toSorted((a, b) => Number(a.id) - Number(b.id));
const unused = every === 1 ? idle(whys, mutants) : [];
if (values.json) console.log(JSON.stringify({ ...tally(mutants), idle: unused, mutants }, null, 2));
else print(mutants, unused);
process.exit(tally(mutants).unexplained === 0 && unused.length === 0 ? 0 : 1);
