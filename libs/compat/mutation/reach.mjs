// Which tests could kill a mutant? Those that reach it.

import { work } from './crew.mjs';

/** The slowest spec, surveyed test by test on a busy machine. */
const SURVEY_LIMIT_MS = 600_000;
/** A mutant may take so long, and so many times as long as its tests do without it. */
const PATIENCE = { ms: 5_000, times: 5 };
/** Whoever passes a switch so many times more often than without the mutant is in a loop. */
const HITS = { atLeast: 10_000, times: 100 };

/**
 * What does each test of each spec reach, and how long does it take?
 *
 * A test that fails without any mutant ends it: then there is nothing to measure by.
 */
export async function survey(root, specs, workers) {
  const surveyed = [];
  await work(
    root,
    specs.map((spec) => ({ spec, limitMs: SURVEY_LIMIT_MS })),
    workers,
    ({ spec }, answer) => {
      if (answer === null) throw new Error(`${spec} does not come to an end without a mutant`);
      surveyed.push({ spec, ...answer });
    },
  );
  return surveyed;
}

/**
 * What is to be done to try this mutant? Nothing where no test reaches it.
 *
 * @param kills how often each spec has killed a mutant of the same file: who did it before does it again, and the quick ones are asked first
 */
export function orderFor({ id }, surveyed, kills) {
  const worth = ({ spec, ms }) => (1 + (kills.get(spec) ?? 0)) / (10 + ms);
  const trials = surveyed
    .map(({ spec, loading, tests }) => {
      const reaching = tests
        .map((test, i) => ({ i, ...test }))
        .filter(({ hits }) => id in loading.hits || id in hits);
      return {
        spec,
        tests: reaching.toSorted((a, b) => a.ms - b.ms).map(({ i }) => i),
        ms: loading.ms + sum(reaching.map(({ ms }) => ms)),
      };
    })
    .filter(({ tests }) => tests.length > 0)
    .toSorted((a, b) => worth(b) - worth(a));
  const hits = sum(
    surveyed.map(
      ({ loading, tests }) => (loading.hits[id] ?? 0) + sum(tests.map((test) => test.hits[id] ?? 0)),
    ),
  );
  return {
    mutant: id,
    trials: trials.map(({ spec, tests }) => ({ spec, tests })),
    limitMs: PATIENCE.ms + PATIENCE.times * sum(trials.map(({ ms }) => ms)),
    hitLimit: HITS.atLeast + HITS.times * hits,
  };
}

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
