// One process that tries mutants: told what to do by its parent, killed by it when it takes too long.

import { performance } from 'node:perf_hooks';
import { load } from './spec.mjs';

const root = process.argv[2];
/** In so many worlds each law is tried. */
process.env['LAW_RUNS'] = '30';
const switches = (globalThis.__stryker__ = {});
const timed = (work) => {
  const begun = performance.now();
  const result = work();
  return [result, performance.now() - begun];
};

/** What does each test of this spec reach, when it runs alone? What is reached while the spec loads counts for all of them. */
function survey({ spec }) {
  const { tests, loading } = loadCounted(spec);
  return { loading, tests: tests.map((_, i) => surveyTest(spec, i)) };
}

function loadCounted(spec) {
  switches.mutantCoverage = { static: {}, perTest: {} };
  const [tests, ms] = timed(() => load(root, spec));
  return { tests, loading: { ms, hits: { ...switches.mutantCoverage.static } } };
}

function surveyTest(spec, i) {
  const { tests } = loadCounted(spec);
  switches.currentTestId = 'this one';
  const [, ms] = timed(tests[i].run);
  switches.currentTestId = undefined;
  return { ms, hits: switches.mutantCoverage.perTest['this one'] ?? {} };
}

/** Which test, of those that reach it, fails while this mutant lives? */
function attempt({ mutant, trials, hitLimit }) {
  Object.assign(switches, { activeMutant: mutant, hitCount: 0, hitLimit });
  try {
    for (const { spec, tests } of trials) {
      const failed = firstFailure(spec, tests);
      if (failed !== null) return { spec, killedBy: `${spec}: ${failed}` };
    }
    return { killedBy: null };
  } finally {
    switches.activeMutant = undefined;
  }
}

function firstFailure(spec, tests) {
  let sentence = 'it cannot be loaded';
  try {
    const found = load(root, spec);
    for (const i of tests) {
      sentence = found[i]?.sentence ?? 'it has fewer tests';
      found[i].run();
    }
    return null;
  } catch {
    return sentence;
  }
}

process.on('message', (order) => {
  try {
    process.send({ result: order.mutant === undefined ? survey(order) : attempt(order) });
  } catch (error) {
    process.send({ error: `${order.spec}: ${error.stack}` });
  }
});
