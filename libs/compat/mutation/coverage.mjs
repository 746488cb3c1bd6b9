// Measures which tests reach which mutant. Only these can kill it.

import { runOrders } from './worker-pool.mjs';

/** Enough for the slowest spec, test by test, on a busy machine. */
const MEASURE_LIMIT_MS = 600_000;
/** Time limit of a mutant: a constant, and a multiple of the time of its tests without it. */
const TIME = { ms: 5_000, times: 5 };
/** Property tests take longer than this, rows do not. */
const SLOW_MS = 50;
/** Limit of passes of a switch: a constant, and a multiple of those without the mutant. More is a loop. */
const HITS = { atLeast: 10_000, times: 100 };

/**
 * Measures which mutants each test of each spec reaches, and how long the test takes.
 *
 * @throws if a test fails without a mutant
 */
export async function measureCoverage(root, specs, workers) {
  const coverage = [];
  await runOrders(
    root,
    specs.map((spec) => ({ spec, limitMs: MEASURE_LIMIT_MS })),
    workers,
    ({ spec }, answer) => {
      if (answer === null) throw new Error(`${spec} does not end without a mutant`);
      coverage.push({ spec, ...answer });
    },
  );
  return coverage;
}

/**
 * Returns the order that tries a mutant: the tests that reach it, with limits.
 *
 * Fast specs come first, and those that have killed mutants of the same file. The slow tests of a spec are a
 * trial of their own.
 *
 * @param kills number of mutants of the same file that each spec has killed
 */
export function orderFor({ id }, coverage, kills) {
  const worth = ({ spec, ms }) => (1 + (kills.get(spec) ?? 0)) / (10 + ms);
  const trials = coverage
    .flatMap(({ spec, loading, tests }) => {
      const reaching = tests
        .map((test, i) => ({ i, ...test }))
        .filter(({ hits }) => id in loading.hits || id in hits)
        .toSorted((a, b) => a.ms - b.ms);
      const isSlow = ({ ms }) => ms > SLOW_MS;
      return [reaching.filter((test) => !isSlow(test)), reaching.filter(isSlow)].map((part) => ({
        spec,
        tests: part.map(({ i }) => i),
        ms: loading.ms + sum(part.map(({ ms }) => ms)),
      }));
    })
    .filter(({ tests }) => tests.length > 0)
    .toSorted((a, b) => worth(b) - worth(a));
  const hits = sum(
    coverage.map(
      ({ loading, tests }) => (loading.hits[id] ?? 0) + sum(tests.map((test) => test.hits[id] ?? 0)),
    ),
  );
  return {
    mutant: id,
    trials: trials.map(({ spec, tests }) => ({ spec, tests })),
    limitMs: TIME.ms + TIME.times * sum(trials.map(({ ms }) => ms)),
    hitLimit: HITS.atLeast + HITS.times * hits,
  };
}

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
