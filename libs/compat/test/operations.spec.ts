import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ListedPatch, Manifest, Verdict } from '../src/index.js';
import { ask, leftover, listed, manifest, NO_CALLBACKS } from '../src/testing/index.js';

interface WirePatch {
  name: string;
  replace: boolean;
  states: { id: string; version: number }[];
  enabled?: boolean;
  transition?: boolean;
}
interface Operation {
  target: string;
  kernel: string;
  scenario: string;
  op: string;
  installed: WirePatch[];
  modulesLoaded: string[];
  candidate?: WirePatch;
  accepted: boolean;
  err: string;
  dmesg: string[];
}
interface Module {
  knobs: Record<string, string>;
}

const { vectors, modules } = JSON.parse(readFileSync(path.join(__dirname, '../fixtures/operations.json'), 'utf8')) as {
  vectors: Operation[];
  modules: Record<string, Module>;
};
const loads = vectors.filter((operation) => operation.op === 'load' && operation.candidate !== undefined) as (Operation & { candidate: WirePatch })[];

/** What the registry would know of a lab module: what its C source declares, for the kernel that it was built for. */
function built({ name, replace, states }: WirePatch, kernelRelease: string, buildId: string): Manifest {
  const knobs = modules[name]?.knobs ?? {};
  const callbacks = { ...NO_CALLBACKS, prePatch: 'CB' in knobs };
  const functions = ['vmlinux:a,1', ...('TGT' in knobs ? ['lab_target:b,1'] : [])];
  return manifest(
    name,
    states.map(({ id, version }) => [BigInt(id), version] as const),
    { buildId, kernelRelease, replace, callbacks, functions, livepatch: !('NOINFO' in knobs) },
  );
}

/** Which modules have been on the list of a kernel before? As the fixture goes on, more have. */
const loadedBefore = new Set<string>();

function judgeLoad(operation: Operation & { candidate: WirePatch }): Verdict {
  const { kernel, installed, candidate, modulesLoaded } = operation;
  const published = installed.map((patch) => built(patch, kernel, `listed-${patch.name}`));
  const list = installed.map((patch, i): ListedPatch => listed(published[i]!, { enabled: patch.enabled === true, transition: patch.transition === true }));
  const names = new Set(installed.map((patch) => patch.name));
  const leftovers = modulesLoaded.filter((name) => !names.has(name)).map((name) => leftover(manifest(name, {}, { buildId: `left-${name}` })));
  return ask({
    list,
    published,
    to: built(candidate, kernel, `candidate-${candidate.name}`),
    host: { kernelRelease: kernel, leftovers },
    catalog: { hasLoaded: () => loadedBefore.has(`${kernel} ${candidate.name}`), hasPatched: () => false },
    question: { routes: [candidate.replace ? 'REPLACE' : 'STACK'] },
  });
}

/** Why the kernel refused, where that is one of the things that no one outside can see before the first load. */
function unforeseeable({ dmesg, candidate }: Operation): string | null {
  if (dmesg.some((line) => /symbol .*not found|unresolvable ambiguity/.test(line))) return 'SYMBOLS_UNVERIFIED';
  if (dmesg.some((line) => line.includes('pre-patch callback failed'))) return 'PRE_PATCH_MAY_REFUSE';
  // Modules that are broken in themselves: functions without a name or twice, an object twice, a function that ftrace does not know.
  return ['lab_nofuncs', 'lab_dupobj', 'lab_dupfunc', 'lab_noftrace'].includes(candidate?.name ?? '') ? 'SYMBOLS_UNVERIFIED' : null;
}

const told = loads.map((operation) => {
  const verdict = judgeLoad(operation);
  if (operation.accepted) loadedBefore.add(`${operation.kernel} ${operation.candidate.name}`);
  const agrees = (verdict.errno ?? 'OK') === operation.err;
  const doubt = unforeseeable(operation);
  const outcome = agrees ? 'right' : doubt !== null && verdict.reasons.some((reason) => reason.code === doubt) ? 'cannot be known' : 'wrong';
  return { operation: `${operation.kernel} ${operation.scenario} ${operation.candidate.name}: ${operation.err}`, kernel: operation.err, verdict, outcome };
});
const those = (outcome: string) => told.filter((one) => one.outcome === outcome);

test('the error number of every load on real kernels is the predicted one, or could not be known', () => {
  expect(those('wrong').map((one) => one.operation)).toEqual([]);
  expect({ right: those('right').length, unknowable: those('cannot be known').length }).toMatchInlineSnapshot(`
{
  "right": 876,
  "unknowable": 22,
}
`);
});

test('no load that a real kernel refused was called safe', () => {
  expect(told.filter((one) => one.kernel !== 'OK' && one.verdict.kind === 'SAFE').map((one) => one.operation)).toEqual([]);
});

test('no load that a real kernel accepted was called refused', () => {
  expect(told.filter((one) => one.kernel === 'OK' && one.verdict.kind === 'REFUSED').map((one) => one.operation)).toEqual([]);
});

// Disabling a patch whose own transition is open turns that round: the route REVERSE, judged elsewhere.
const disables = vectors.filter(
  ({ op, installed, target }) => op === 'disable' && installed.some((patch) => patch.name === target && patch.transition !== true),
);

test('the error number of every disabling on real kernels is the predicted one', () => {
  const wrong = disables.filter((operation) => {
    const { kernel, installed, target, err } = operation;
    const published = installed.map((patch) => built(patch, kernel, `listed-${patch.name}`));
    const list = installed.map((patch, i) => listed(published[i]!, { enabled: patch.enabled === true, transition: patch.transition === true }));
    const previous = installed.filter((patch) => patch.name !== target).map((patch) => `listed-${patch.name}`);
    const { errno, route } = ask({ list, published, to: { kind: 'PREVIOUS' }, host: { kernelRelease: kernel, previous }, question: { routes: ['DISABLE'] } });
    return route !== 'DISABLE' || (errno ?? 'OK') !== err;
  });
  expect(disables.length).toBeGreaterThan(50);
  expect(wrong).toEqual([]);
});
