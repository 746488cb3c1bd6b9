// Measures how many hosts one core judges in a second, compared with the kernel's rule alone.
//
// The host has three listed patches with eight states. Three targets are judged in turn: one that is
// accepted, one that is refused and one that is unknown. The floor in the same run is the bare state rule:
// two loops over arrays.

import { PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { judge, resolveSituation } from '../dist/index.js';
import { catalog, manifest, running, sightings } from '../dist/testing/index.js';

const [name = 'engine', rounds = '15', roundMs = '200'] = process.argv.slice(2);
if (name !== 'engine') {
  console.error(`no bench is called '${name}'; there is: engine`);
  process.exit(2);
}
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

// ---- the work

const HELD = { 1: 1, 2: 4, 3: 1, 4: 2, 5: 1, 6: 9, 7: 1, 8: 3 };
const some = (...ids) => Object.fromEntries(ids.map((id) => [id, HELD[id]]));
const onTop = { replace: false };
const list = [
  manifest('base', some(1, 2, 3)),
  manifest('fix-net', some(4, 5, 6), onTop),
  manifest('fix-fs', some(7, 8), onTop),
];

const cases = [
  { patch: manifest('accepted', HELD), answer: 'SAFE by REPLACE' },
  {
    patch: manifest('refused', { ...some(1, 3, 4, 5, 6, 7), 2: 3 }),
    answer: 'REFUSED by REPLACE with EINVAL: STATE_VERSION_TOO_LOW 2, STATE_MISSING_IN_TARGET 8',
  },
  { patch: manifest('unseen', HELD), answer: 'UNKNOWN by REPLACE: SYMBOLS_UNVERIFIED' },
];
const targets = cases.map(({ patch }) => ({ kind: 'PATCH', patch }));
const seen = new Map(
  [...list, ...cases.map(({ patch }) => patch)]
    .slice(0, -1)
    .map((patch) => [patch.buildId, sightings(patch)]),
);
const known = catalog([...list, ...cases.map(({ patch }) => patch)], {
  sightings: (buildId) => seen.get(buildId) ?? [],
});
const host = resolveSituation(running(list), known);
const fresh = { level: 'FRESH', ageSeconds: 10, superseded: false };

/** Judges `times` times. The sum keeps the work from being optimised away. */
function judgements(times) {
  let sum = 0;
  for (let i = 0; i < times; i++)
    sum += judge(host, targets[i % targets.length], known, fresh).reasons.length;
  return sum;
}

const held = list.map(({ states }) => states);
const offered = cases.map(({ patch }) => patch.states);

/** Whether the offer has every held state at the same or a higher version. */
function accepts(offer) {
  for (const states of held) {
    for (const { id, version } of states) {
      let have = -1;
      for (const own of offer) {
        if (own.id !== id) continue;
        have = own.version;
        break;
      }
      if (have < version) return false;
    }
  }
  return true;
}

function comparisons(times) {
  let sum = 0;
  for (let i = 0; i < times; i++) sum += accepts(offered[i % offered.length]) ? 1 : 0;
  return sum;
}

// ---- the check of the answers

const textOf = ({ kind, route, errno, reasons }) => {
  const codes = reasons
    .filter(({ code }) => code !== 'DATA_SEMANTICS_NOT_PROVEN')
    .map(({ code, stateId }) => [code, stateId].filter((part) => part !== undefined).join(' '));
  const error = errno === null ? '' : ` with ${errno}`;
  return `${kind} by ${route}${error}${codes.length === 0 ? '' : `: ${codes.join(', ')}`}`;
};
for (const [i, { patch, answer }] of cases.entries()) {
  const found = textOf(judge(host, targets[i], known, fresh));
  if (found !== answer) throw new Error(`${patch.name}: expected ${answer}, found ${found}`);
  if (accepts(offered[i]) === answer.startsWith('REFUSED'))
    throw new Error(`${patch.name}: the floor does not agree`);
}

// ---- the measurement

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Returns the processor time of this process in seconds, which excludes other processes. */
function used() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Returns the rate per second of processor time, in one round of about `roundMs`. */
function rate(work, batch) {
  const start = used();
  let done = 0;
  while (used() - start < Number(roundMs) / 1000) {
    work(batch);
    done += batch;
  }
  return done / (used() - start);
}

/** Returns the heap bytes of one judgement. `times` must be low enough to avoid a garbage collection. */
function bytesEach(work, times) {
  collect();
  const before = process.memoryUsage().heapUsed;
  work(times);
  return (process.memoryUsage().heapUsed - before) / times;
}

let collecting = 0;
new PerformanceObserver((seen) => {
  for (const { duration } of seen.getEntries()) collecting += duration;
}).observe({ entryTypes: ['gc'] });
const breath = () => new Promise((resolve) => setTimeout(resolve, 5));

for (let i = 0; i < 5; i++) {
  rate(judgements, 999);
  rate(comparisons, 9999);
}
const bytes = median(Array.from({ length: 25 }, () => bytesEach(judgements, 99)));
await breath();
collecting = 0;

const [judged, compared] = [[], []];
let judging = 0;
for (let i = 0; i < Number(rounds); i++) {
  const start = performance.now();
  judged.push(rate(judgements, 999));
  judging += performance.now() - start;
  compared.push(rate(comparisons, 9999));
  await breath();
}

const [value, floor] = [median(judged), median(compared)].map(Math.round);
const ratio = Number((value / floor).toFixed(3));
console.table({
  'judgements a second (median)': value.toLocaleString('en'),
  'slowest and fastest round': [Math.min(...judged), Math.max(...judged)]
    .map((one) => Math.round(one).toLocaleString('en'))
    .join(' to '),
  'state rule alone, a second (the floor)': floor.toLocaleString('en'),
  'share of the floor': ratio,
  'bytes taken by one judgement': Math.round(bytes),
  'share of the time spent collecting them': `${((100 * collecting) / judging).toFixed(2)} %`,
});
console.log(
  JSON.stringify({
    bench: 'engine',
    metric: 'judgements',
    value,
    unit: '1/s',
    floor,
    ratio,
    bytes: Math.round(bytes),
    collecting: Number((collecting / judging).toFixed(4)),
  }),
);
