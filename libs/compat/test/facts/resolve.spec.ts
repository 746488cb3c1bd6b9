import {
  type Manifest,
  type Reading,
  resolveSituation,
  resolveManifest,
  resolvePatch,
} from '../../src/index.js';
import {
  authorState,
  catalog,
  leftover,
  listed,
  manifest,
  NO_CALLBACKS,
  running,
  states,
  statement,
} from '../../src/testing/index.js';

// What is known of one patch, from the host, its module and its author together.

const live = (differs: Partial<Reading> = {}): Reading => ({
  evidence: 'LIVE',
  replace: null,
  states: [],
  impact: 'NONE',
  callbacks: null,
  ...differs,
});
/** What is known of a patch that the host has read like this, and that is published like that. */
const known = (reading: Reading | null, published: Manifest | null, differs = {}) =>
  resolvePatch(
    { name: 'p', buildId: 'id-of-p', reading, ...differs },
    catalog(published === null ? [] : [published]),
  );

test('a module without a build-id is looked up nowhere', () => {
  const asked = catalog([], {
    find: (buildId) => {
      throw new Error(`asked for ${buildId}`);
    },
  });
  expect(resolvePatch({ name: 'lp-1', buildId: null, reading: null }, asked)).toMatchObject({
    name: 'lp_1',
    manifest: null,
    states: null,
  });
});

test.each<
  [
    sentence: string,
    sysfs: boolean | null,
    host: boolean | null,
    file: boolean | null,
    replace: boolean | null,
  ]
>([
  ['sysfs knows best', false, true, true, false],
  ['the strongest source that knows it', null, null, true, true],
  ['the host before the file', null, false, true, false],
  ['no source knows it', null, null, null, null],
])('is it cumulative: %s', (_, sysfs, host, file, replace) => {
  const { asPatch, ...rest } = known(live({ replace: host }), manifest('p', {}, { replace: file }), {
    replace: sysfs,
  });
  expect(rest.replace).toBe(replace);
  expect(asPatch?.replace ?? null).toBe(replace);
});

test('its set is that of the strongest source that tells one, and otherwise 0', () => {
  const published = manifest('p', {}, { replaceSet: 2n });
  expect(
    [known(live({ replaceSet: 1n }), published), known(live(), published), known(live(), null)].map(
      ({ replaceSet }) => replaceSet,
    ),
  ).toEqual([1n, 2n, 0n]);
});

test('without states known, or a flag, the rule cannot take it; else it takes what it redirects too', () => {
  expect(known(live({ states: null }), null).asPatch).toBeNull();
  expect(known(live(), null).asPatch).toBeNull();
  expect(known(live({ replace: true }), null).asPatch).not.toHaveProperty('functions');
  expect(known(null, manifest('p')).asPatch).toMatchObject({
    replace: true,
    states: [],
    functions: ['vmlinux:function_of_p,1'],
  });
});

test.each<
  [
    sentence: string,
    reading: Reading | null,
    published: Manifest | null,
    provenNone: boolean,
    undeclared: boolean,
  ]
>([
  ['its file shows nothing', null, manifest('p'), true, false],
  ['the running kernel shows nothing, and there is no file', live(), null, true, false],
  [
    'the running kernel shows no state, and its file a callback',
    live(),
    manifest('p', {}, { impact: 'UNDECLARED' }),
    false,
    true,
  ],
  [
    'its file shows nothing, and its author declares a state',
    null,
    manifest('p', {}, { author: statement({ states: [authorState(7, 1)] }) }),
    false,
    false,
  ],
  ['it declares a state', null, manifest('p', { 7: 1 }), false, false],
  [
    'its author says that nothing changes',
    null,
    manifest('p', {}, { impact: 'UNDECLARED', author: statement({ impactNone: true }) }),
    false,
    false,
  ],
  [
    'its states cannot be read',
    null,
    manifest('p', {}, { states: null, impact: 'UNREADABLE' }),
    false,
    false,
  ],
  ['no source knows anything', null, null, false, false],
])('does it change anything: %s', (_, reading, published, provenNone, undeclared) =>
  expect(known(reading, published)).toMatchObject({ provenNone, undeclared }),
);

test.each<
  [sentence: string, author: [id: number, version: number][], added: [id: number, version: number][]]
>([
  ['nothing', [], []],
  ['what the kernel has at that version', [[7, 2]], []],
  ['what the kernel has at a higher version', [[7, 1]], []],
  ['a state at a higher version', [[7, 3]], [[7, 3]]],
  [
    'a state that the kernel does not know',
    [
      [7, 2],
      [8, 1],
    ],
    [[8, 1]],
  ],
])('what an author adds to what the kernel knows: %s', (_, author, added) => {
  const given = author.map(([id, version]) => authorState(id, version));
  expect(known(null, manifest('p', { 7: 2 }, { author: statement({ states: given }) })).added).toEqual(
    added.map(([id, version]) => authorState(id, version)),
  );
});

test('if its states cannot be read, everything that its author states is added', () =>
  expect(
    known(null, manifest('p', {}, { states: null, author: statement({ states: [authorState(7, 1)] }) }))
      .added,
  ).toEqual([authorState(7, 1)]));

test('everything that is in conflict is named', () => {
  const published = manifest('p', { 7: 1 }, { conflicts: ['sha256'], replace: true });
  expect(
    known(live({ states: states({ 7: 2 }), callbacks: NO_CALLBACKS }), published, { replace: false }).doubts,
  ).toEqual([
    {
      code: 'EVIDENCE_CONFLICT',
      patch: 'p',
      buildId: 'id-of-p',
      detail: 'sha256, what the host read, replace',
    },
  ]);
});

test('of a catalogued patch that is not loaded all is known by its file, once for all hosts', () => {
  const published = manifest('p', { 7: 1 });
  expect(resolveManifest(published)).toEqual(known(null, published));
  expect(resolveManifest(published)).toBe(resolveManifest(published));
});

test('a patch that is neither enabled nor in transition has left the list, and its module is still held', () => {
  const [stays, gone] = [manifest('stays'), manifest('gone')];
  const { list, situation, unlisted } = resolveSituation(
    running([stays, listed(gone, { enabled: false })], { leftovers: [leftover(stays)] }),
    catalog([stays, gone]),
  );
  expect([list, situation.list].map((patches) => patches.map(({ name }) => name))).toEqual([
    ['stays'],
    ['stays'],
  ]);
  expect(situation.leftovers).toEqual([leftover(stays), leftover(gone, { referenced: true })]);
  expect(unlisted).toMatchObject([
    { known: { name: 'stays' }, unlistedBy: 'UNKNOWN' },
    { known: { name: 'gone' }, unlistedBy: 'UNKNOWN' },
  ]);
});
