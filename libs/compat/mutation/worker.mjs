// A worker process: takes orders from its parent, which kills it after the time limit of an order.

import { performance } from 'node:perf_hooks';
import { freshRequire, load } from './spec-runner.mjs';

const root = process.argv[2];
/** Number of runs of each property test. */
process.env['LAW_RUNS'] = '30';
const switches = (globalThis.__stryker__ = {});
const timed = (work) => {
  const start = performance.now();
  const result = work();
  return [result, performance.now() - start];
};

/** Measures which mutants each test of a spec reaches alone, and which the loading of the spec reaches. */
function measureSpec({ spec }) {
  const { tests, loading } = loadCounted(spec);
  return { loading, tests: tests.map((_, i) => measureTest(spec, i)) };
}

function loadCounted(spec) {
  switches.mutantCoverage = { static: {}, perTest: {} };
  const [tests, ms] = timed(() => load(root, spec));
  return { tests, loading: { ms, hits: { ...switches.mutantCoverage.static } } };
}

function measureTest(spec, i) {
  const { tests } = loadCounted(spec);
  switches.currentTestId = 'this one';
  const [, ms] = timed(tests[i].run);
  switches.currentTestId = undefined;
  return { ms, hits: switches.mutantCoverage.perTest['this one'] ?? {} };
}

/** Returns the first test that fails while the mutant is active. Each module is loaded once for it. */
function attempt({ mutant, trials, hitLimit }) {
  Object.assign(switches, { activeMutant: mutant, hitCount: 0, hitLimit });
  const require = freshRequire();
  const loaded = new Map();
  const testsOf = (spec) => {
    if (!loaded.has(spec)) loaded.set(spec, load(root, spec, require));
    return loaded.get(spec);
  };
  try {
    for (const { spec, tests } of trials) {
      const failed = firstFailure(() => testsOf(spec), tests);
      if (failed !== null) return { spec, killedBy: `${spec}: ${failed}` };
    }
    return { killedBy: null };
  } finally {
    switches.activeMutant = undefined;
  }
}

function firstFailure(load, tests) {
  let name = 'the spec cannot be loaded';
  try {
    const found = load();
    for (const i of tests) {
      name = found[i]?.name ?? 'the spec has fewer tests';
      found[i].run();
    }
    return null;
  } catch {
    return name;
  }
}

process.on('message', (order) => {
  try {
    process.send({ result: order.mutant === undefined ? measureSpec(order) : attempt(order) });
  } catch (error) {
    process.send({ error: `${order.spec}: ${error.stack}` });
  }
});
