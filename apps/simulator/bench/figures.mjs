// The benches, the figures of each, and the design target of each figure; null if it has none.
// A bench fails if it emits another figure or not all of these.

/** Benches without a fleet. Each is a program. */
export const PIECES = {
  engine: { 'engine judgements': null },
  credential: { 'credential check': null },
  module: {
    'module read 10 MB': '20 ms, ahead of readelf -a',
    'module read 10 MB, the first of a process': null,
    'module read 10 MB, one section': '20 ms, ahead of readelf -a',
    'module hash 10 MB': null,
  },
  agent: { 'agent processor time of a report': '150 ms', 'agent memory at most': '70 MiB' },
};

/** Benches of a fleet in a database. */
export const FLEETS = {
  question: { 'question p50': '5 ms, 20 times GROUP BY', 'question p99': '25 ms' },
  overdue: { 'overdue question p50': 'at most 3 times the p50 of a fresh fleet' },
  postgraphile: { 'question p50, compared with PostGraphile': '50 times' },
  host: { 'host p50': null, 'host p99': '10 ms' },
  page: {
    'page p50, page 1': null,
    'page p99, page 1': '25 ms',
    'page p50, deep in the list': null,
    'page p99, deep in the list': '25 ms',
  },
  heartbeat: {
    'heartbeat confirmed': '60 % of the floor, 17,000 1/s',
    'heartbeat confirmed, by credentials of hosts': '90 % of those by a token',
  },
  report: { 'report stored': '50 % of the floor', 'report stored, compared with a Prisma upsert each': null },
  several: {
    'several heartbeats, 1 server': null,
    'several heartbeats, 2 servers': null,
    'several heartbeats, 4 servers': null,
    'several reports, 1 server': null,
    'several reports, 2 servers': null,
    'several reports, 4 servers': null,
  },
  rollout: {
    'rollout questions’ p99, paced': 'at most twice the idle one',
    'rollout questions’ p50, paced': null,
    'rollout hosts that changed, paced': null,
    'rollout questions’ p99, in one go': 'at most twice the idle one',
    'rollout questions’ p50, in one go': null,
    'rollout hosts that changed, in one go': null,
  },
  memory: { 'memory resident': null, 'memory resident at most': '450 MiB', 'memory database on disk': null },
  herd: {
    'herd agents': null,
    'herd every host fresh after': '300 s',
    'herd documents acknowledged': null,
    'herd slowest request': '15 s, the agent’s time limit',
    'herd requests past their time limit': 'none',
    'herd connections closed early': null,
    'herd replies that asked to retry': null,
    'herd connections at once': null,
    'memory resident after a herd': null,
    'memory resident at most in a herd': null,
  },
};

/** Benches of a fleet in which almost every host has a unique label, in a separate database. */
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

/** Figures that a run emits only if it loads the fleet, or has two fleets. */
export const OPTIONAL = {
  'fill reports, in batches': null,
  'question relative to 10,000 hosts': '1.5 times at most',
};

export const BENCHES = { ...PIECES, ...FLEETS, ...OWN };
/** Benches that run only by name or with --full: with them, the default run takes more than three minutes. */
export const LONG = ['herd', 'several', 'own-labels'];

const TARGETS = Object.assign({}, OPTIONAL, ...Object.values(BENCHES));

/** Returns the design target of a figure; null if it has none or is not listed. */
export const target = ({ bench, metric }) => TARGETS[`${bench} ${metric}`] ?? null;

/** Returns an error for each figure that is missing in the rows of the benches, or that is not listed. */
export function findErrors(benches, rows) {
  const emitted = new Set(rows.map(({ bench, metric }) => `${bench} ${metric}`));
  const missing = benches.flatMap((bench) =>
    Object.keys(BENCHES[bench]).filter((name) => !emitted.has(name)),
  );
  const unknown = [...emitted].filter((name) => !Object.hasOwn(TARGETS, name));
  return [
    ...missing.map((name) => `no row: ${name}`),
    ...unknown.map((name) => `not in figures.mjs: ${name}`),
  ];
}
