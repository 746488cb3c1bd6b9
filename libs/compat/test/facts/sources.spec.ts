import fc from 'fast-check';
import {
  type Callbacks,
  effectiveStates,
  type Evidence,
  type Manifest,
  type Patch,
  type Reading,
  resolvePatch,
  RULE_SETS,
  type State,
} from '../../src/index.js';
import { conflictsOf, kernelStates, provesNone, sourcesOf } from '../../src/facts/sources.js';
import { catalog, manifest, NO_CALLBACKS, states } from '../../src/testing/index.js';
import { rawStates, runs, stack } from '../arbitrary.js';

const file = (differs: Partial<Manifest> = {}): Manifest =>
  manifest('p', { 7: 1, 8: 1 }, { replace: true, ...differs });
const live = (differs: Partial<Reading> = {}): Reading => ({
  evidence: 'LIVE',
  replace: true,
  states: states({ 7: 1, 8: 1 }),
  impact: 'DECLARED',
  callbacks: NO_CALLBACKS,
  ...differs,
});
const seen = (reading: Reading | null, differs = {}) => ({
  name: 'p',
  buildId: 'id-of-p',
  reading,
  ...differs,
});
const orderOf = (reading: Evidence, manifest: Evidence): string =>
  sourcesOf(seen(live({ evidence: reading })), file({ evidence: manifest }))
    .map(({ evidence }) => evidence)
    .join(' ');

test.each<[sentence: string, host: Evidence, registry: Evidence, order: string]>([
  ['the running kernel knows better than the file', 'LIVE', 'MODULE', 'LIVE MODULE'],
  [
    'the file that the registry has read knows better than one on the host’s disk',
    'INFERRED',
    'MODULE',
    'MODULE INFERRED',
  ],
])('the strongest source comes first: %s', (_, host, registry, order) =>
  expect(orderOf(host, registry)).toBe(order),
);

test('of two that are as strong, the host’s own comes first', () => {
  const read = live({ evidence: 'MODULE' });
  expect(sourcesOf(seen(read), file())[0]).toBe(read);
});

test('a host that reports nothing, and an unpublished patch, are no sources', () => {
  expect(sourcesOf(seen(null), file())).toEqual([file()]);
  expect(sourcesOf(seen(live()), null)).toEqual([live()]);
  expect(sourcesOf(seen(null), null)).toEqual([]);
});

/** An id 0 ends the array. */
const BEHIND_AN_END = states([
  [0, 0],
  [9, 1],
]);
const READ = ['what the host read'];
const only = (name: keyof Callbacks): Callbacks => ({ ...NO_CALLBACKS, [name]: true });
const forbidding = (own: readonly State[]): State[] => own.map((state) => ({ ...state, blockDisable: true }));
const guess: Partial<Reading> = { evidence: 'INFERRED' };

test.each<[sentence: string, reading: Reading | null, manifest: Manifest | null, conflicts: string[]]>([
  ['both say the same', live(), file(), []],
  ['the file has a state that the kernel has not', live({ states: states({ 7: 1 }) }), file(), READ],
  [
    'the kernel has a state that the file has not',
    live({ states: states({ 7: 1, 8: 1, 9: 1 }) }),
    file(),
    READ,
  ],
  ['a state has another id', live({ states: states({ 7: 1, 9: 1 }) }), file(), READ],
  ['the first has another id', live({ states: states({ 6: 1, 8: 1 }) }), file(), READ],
  ['a state has another version', live({ states: states({ 7: 1, 8: 2 }) }), file(), READ],
  [
    'the same states stand in another order',
    live({
      states: states([
        [8, 1],
        [7, 1],
      ]),
    }),
    file(),
    [],
  ],
  [
    'a state stands twice, and the kernel would take another for the one that is loaded',
    live({
      states: states([
        [7, 3],
        [7, 1],
      ]),
    }),
    file({
      states: states([
        [7, 1],
        [7, 3],
      ]),
    }),
    READ,
  ],
  [
    'a state stands twice, and a higher version is held',
    live({
      states: states([
        [7, 1],
        [7, 3],
      ]),
    }),
    file({ states: states({ 7: 1 }) }),
    READ,
  ],
  [
    'a state stands twice, and that changes nothing',
    live({
      states: states([
        [7, 3],
        [8, 1],
        [7, 1],
      ]),
    }),
    file({ states: states({ 7: 3, 8: 1 }) }),
    [],
  ],
  [
    'a state stands three times, and the one in the middle changes nothing',
    live({
      states: states([
        [7, 1],
        [7, 3],
      ]),
    }),
    file({
      states: states([
        [7, 1],
        [7, 2],
        [7, 3],
      ]),
    }),
    [],
  ],
  [
    'only one has a state that forbids disabling',
    live({ states: forbidding(states({ 7: 1, 8: 1 })) }),
    file(),
    READ,
  ],
  [
    'a state behind an id 0 is not there in another order',
    live({
      states: states([
        [8, 1],
        [0, 0],
        [7, 1],
      ]),
    }),
    file(),
    READ,
  ],
  [
    'what stands behind an id 0 does not count',
    live({ states: [...states({ 7: 1, 8: 1 }), ...BEHIND_AN_END] }),
    file(),
    [],
  ],
  ['the file cannot tell states, the kernel can', live(), file({ states: null }), []],
  ['the kernel does not tell states, the file does', live({ states: null }), file(), []],
  ['neither is the kernel, and only one can tell states', live({ ...guess, states: null }), file(), READ],
  ['neither is the kernel, and only the other can', live(guess), file({ states: null }), READ],
  ['its states cannot be known', live({ ...guess, states: null }), file({ states: null }), []],
  ['only one has a pre_patch callback', live(), file({ callbacks: only('prePatch') }), READ],
  ['only one has a post_patch callback', live(), file({ callbacks: only('postPatch') }), READ],
  ['only one has a pre_unpatch callback', live(), file({ callbacks: only('preUnpatch') }), READ],
  ['only one has a post_unpatch callback', live(), file({ callbacks: only('postUnpatch') }), READ],
  ['only the file shows callbacks', live({ callbacks: null }), file({ callbacks: only('prePatch') }), []],
  ['only the host shows callbacks', live({ callbacks: only('prePatch') }), file({ callbacks: null }), []],
  ['the replace flags differ', live({ replace: false }), file(), READ],
  ['only the file knows the flag', live({ replace: null }), file(), []],
  ['only the host knows the flag', live(), file({ replace: null }), []],
  ['two uploads disagree, whatever the host says', null, file({ conflicts: ['sha256'] }), ['sha256']],
  [
    'two uploads disagree, and the host with both',
    live({ replace: false }),
    file({ conflicts: ['sha256'] }),
    ['sha256', ...READ],
  ],
  ['there is only the host', live(), null, []],
  ['there is only the file', null, file(), []],
])('on what do two sources disagree: %s', (_, reading, manifest, conflicts) => {
  const sighting = seen(reading);
  expect(conflictsOf(sighting, manifest, sourcesOf(sighting, manifest))).toEqual(conflicts);
});

/**
 * Everything that a kernel can be asked about a patch with these states and one other state, under any rules:
 * as the one that comes in, as one that is listed, as one that is disabled.
 */
function answersAbout(own: readonly State[], ids: readonly bigint[], versions: readonly number[]): string {
  const patch = (name: string, replace: boolean, has: readonly State[]): Patch => ({
    name,
    replace,
    states: effectiveStates(has),
  });
  const accepted = (target: Patch, listed: Patch): boolean[] =>
    Object.values(RULE_SETS).map((rules) => rules.findStateRefusals(target, [listed]).length === 0);
  const answers = [true, false].flatMap((replace) => {
    const it = patch('it', replace, own);
    return ids.flatMap((id) => [
      ...versions.flatMap((version) => [
        ...accepted(it, patch('held', true, forbidding([{ id, version }]))),
        // what else is needed is there, at any version
        ...accepted(
          patch('target', replace, [
            { id, version },
            ...ids.map((other) => ({ id: other, version: 0xffffffff })),
          ]),
          it,
        ),
      ]),
      ...accepted(
        patch(
          'target',
          true,
          ids.filter((other) => other !== id).map((other) => ({ id: other, version: 0xffffffff })),
        ),
        it,
      ),
    ]);
  });
  const disabled = Object.values(RULE_SETS).map(
    (rules) => rules.findDisableRefusals(patch('it', true, own)).length === 0,
  );
  return JSON.stringify([answers, disabled]);
}

/** Now and then a state forbids disabling. */
const anyStates = fc
  .array(fc.nat(5), { minLength: 4, maxLength: 4 })
  .chain((forbid) =>
    rawStates.map((own) =>
      own.map((state, i) => (forbid[i] === 0 ? { ...state, blockDisable: true } : state)),
    ),
  );
/** Two lists that have much in common. */
const twoLists = fc.oneof(
  fc.tuple(anyStates, anyStates),
  anyStates.chain((own) => fc.tuple(fc.constant(own), fc.shuffledSubarray(own, { minLength: own.length }))),
  anyStates.chain((own) =>
    fc.tuple(fc.constant(own), fc.shuffledSubarray([...own, ...own], { minLength: own.length })),
  ),
);
const disagree = (one: readonly State[], other: readonly State[]): boolean =>
  conflictsOf(seen(null), null, [live({ states: one }), file({ states: other })]).length > 0;

test('two sources disagree about states exactly where a kernel would answer differently about them', () => {
  fc.assert(
    fc.property(twoLists, ([one, other]) => {
      const all = [...one, ...other];
      const ids = [...new Set(all.map(({ id }) => id))].filter((id) => id !== 0n);
      const versions = [...new Set(all.flatMap(({ version }) => [version, Math.max(version - 1, 0)]))];
      return (
        disagree(one, other) === (answersAbout(one, ids, versions) !== answersAbout(other, ids, versions))
      );
    }),
    runs(5000),
  );
});

test('where they agree, a kernel answers the same about both whatever else is listed or comes', () => {
  fc.assert(
    fc.property(twoLists, stack, ([one, other], others) => {
      const answers = (own: readonly State[]) =>
        [true, false].flatMap((replace) => {
          const it: Patch = { name: 'it', replace, states: effectiveStates(own) };
          return Object.values(RULE_SETS).flatMap((rules) => [
            rules.findStateRefusals(it, others).length === 0,
            ...others.map((target) => rules.findStateRefusals(target, [it, ...others]).length === 0),
          ]);
        });
      return disagree(one, other) || answers(one).join() === answers(other).join();
    }),
    runs(5000),
  );
});

test.each<[sentence: string, sysfs: boolean | null | undefined, flag: boolean | null, conflicts: string[]]>([
  ['sysfs shows the same', true, true, []],
  ['sysfs shows another', false, true, ['replace']],
  ['sysfs does not show it', null, true, []],
  ['it is not listed', undefined, true, []],
  ['the file does not know it', false, null, []],
])('the flag in sysfs and in the file: %s', (_, replace, flag, conflicts) => {
  const sighting = seen(null, { replace });
  expect(conflictsOf(sighting, file({ replace: flag }), [file({ replace: flag })])).toEqual(conflicts);
});

test('sysfs shows what the host has read, and the file has another flag: both are said', () => {
  const sighting = seen(live({ replace: false }), { replace: false });
  expect(conflictsOf(sighting, file(), sourcesOf(sighting, file()))).toEqual([...READ, 'replace']);
});

test.each<[sentence: string, source: Reading | undefined, read: object | null]>([
  ['there is no source', undefined, null],
  ['it cannot tell', live({ states: null }), null],
  ['the file’s own are written at run time', file({ impact: 'UNREADABLE' }), null],
  ['the kernel shows what was written at run time', live({ impact: 'UNREADABLE' }), states({ 7: 1, 8: 1 })],
  ['the file shows them', file(), states({ 7: 1, 8: 1 })],
  [
    'behind an id 0 the kernel sees none',
    file({ states: [...states({ 7: 1 }), ...BEHIND_AN_END] }),
    states({ 7: 1 }),
  ],
])('which states does the kernel see: %s', (_, source, read) => expect(kernelStates(source)).toEqual(read));

test.each<[sentence: string, source: Reading | undefined, proves: boolean]>([
  ['the file shows none', manifest('none'), true],
  ['the running kernel shows none', live({ states: [], impact: 'NONE' }), true],
  ['no source shows its callbacks', manifest('none', {}, { callbacks: null }), true],
  ['there is no source', undefined, false],
  ['it has states', file(), false],
  ['someone says so', manifest('none', {}, { evidence: 'MANIFEST' }), false],
  ['there is a callback', manifest('none', {}, { callbacks: only('postPatch') }), false],
])('does it prove that nothing is changed: %s', (_, source, proves) =>
  expect(provesNone(source)).toBe(proves),
);

test('the strongest source that shows callbacks tells them, and how well they are known', () => {
  const shown = file({ callbacks: only('prePatch') });
  const known = resolvePatch(seen(live({ callbacks: null })), catalog([shown]));
  expect(known).toMatchObject({ evidence: 'LIVE', callbacks: only('prePatch'), callbacksEvidence: 'MODULE' });
});
