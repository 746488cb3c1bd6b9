// Every bench, every figure that it gives, and what the design wants of each; null where it wants nothing. A bench that gives another figure, or not all of these, has failed.

/** Of no fleet: each is a program of its own. */
export const PIECES = {
  engine: { 'engine judgements': '2,000,000 1/s' },
  module: {
    'module read 10 MB': '20 ms, ahead of readelf -a',
    'module read 10 MB, the first of a process': null,
    'module read 10 MB, one section': '20 ms, ahead of readelf -a',
    'module hash 10 MB': null,
  },
  agent: { 'agent processor time of a report': '150 ms', 'agent memory at most': '70 MiB' },
};

/** Of a fleet in a database. */
export const FLEETS = {
  question: { 'question p50': '5 ms, 20 times GROUP BY', 'question p99': '25 ms' },
  postgraphile: { 'question p50 beside PostGraphile': '50 times' },
  host: { 'host p50': null, 'host p99': '10 ms' },
  page: { 'page p50, page 1': null, 'page p99, page 1': '25 ms', 'page p50, deep in the list': null, 'page p99, deep in the list': '25 ms' },
  heartbeat: { 'heartbeat confirmed': '60 % of the floor, 17,000 1/s' },
  report: { 'report stored': '50 % of the floor', 'report stored, beside a Prisma upsert each': null },
  several: {
    'several heartbeats, 1 server': null,
    'several heartbeats, 2 servers': null,
    'several heartbeats, 4 servers': null,
    'several reports, 1 server': null,
    'several reports, 2 servers': null,
    'several reports, 4 servers': null,
  },
  rollout: {
    'rollout questions’ p99, paced': 'twice the quiet one at most',
    'rollout questions’ p50, paced': null,
    'rollout hosts that changed, paced': null,
    'rollout questions’ p99, in one go': 'twice the quiet one at most',
    'rollout questions’ p50, in one go': null,
    'rollout hosts that changed, in one go': null,
  },
  memory: { 'memory resident': null, 'memory resident at most': '300 MiB', 'memory database on disk': null },
  herd: {
    'herd agents': null,
    'herd every host fresh after': '300 s',
    'herd documents acknowledged': null,
    'herd slowest request': '15 s, the agent’s time limit',
    'herd requests past their time limit': 'none',
    'herd connections that broke': null,
    'herd answers that said later': null,
    'herd connections at once': null,
    'memory resident after a herd': null,
    'memory resident at most in a herd': null,
  },
};

/** Of a fleet where almost every host has labels of its own, in a database of its own. */
export const OWN = {
  'own-labels': {
    'own-labels hosts in a cohort': null,
    'own-labels question p50': null,
    'own-labels question p99': null,
    'own-labels host p50': null,
    'own-labels host p99': null,
    'own-labels page p50, page 1': null,
    'own-labels page p99, page 1': null,
    'own-labels page p50, deep in the list': null,
    'own-labels page p99, deep in the list': null,
  },
};

/** Figures that not every run of their bench gives: where the fleet was there already, and what takes two fleets. */
export const SOMETIMES = { 'fill reports, in batches': null, 'question as many hosts cost': '1.5 times at most' };

export const BENCHES = { ...PIECES, ...FLEETS, ...OWN };
/** They would take the small run beyond three minutes, the herd alone a minute and a half by its agents' clocks: by --full, or by their names. */
export const LONG = ['herd', 'several', 'own-labels'];

const WANTED = Object.assign({}, SOMETIMES, ...Object.values(BENCHES));

/** What the design wants of a figure; null: nothing, or it is not known here. */
export const wanted = ({ bench, metric }) => WANTED[`${bench} ${metric}`] ?? null;

/** What is wrong with the rows of these benches: figures that are missing, or not known here. Nothing, always. */
export function findMistakes(benches, rows) {
  const given = new Set(rows.map(({ bench, metric }) => `${bench} ${metric}`));
  const missing = benches.flatMap((bench) => Object.keys(BENCHES[bench]).filter((name) => !given.has(name)));
  const unknown = [...given].filter((name) => !Object.hasOwn(WANTED, name));
  return [...missing.map((name) => `no row: ${name}`), ...unknown.map((name) => `not in figures.mjs: ${name}`)];
}
