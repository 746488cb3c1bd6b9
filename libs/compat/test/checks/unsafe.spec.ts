import {
  type Asked,
  ask,
  authorState,
  capabilities,
  unlisted,
  leftover,
  listed,
  manifest,
  newer,
  NO_CALLBACKS,
  older,
  promising,
  UNPATCH_CALLBACKS,
  statement,
} from '../../src/testing/index.js';
import { reasonTable } from '../reason-table.js';

const original: Asked = { to: { kind: 'ORIGINAL' } };
const disabling = (patch: ReturnType<typeof manifest>): Asked => ({ ...original, list: [patch] });
const declaring = (
  name: string,
  id: number,
  version: number,
  restore: 'CALLBACKS' | 'NOT_NEEDED' | 'IMPOSSIBLE' | 'UNKNOWN' = 'UNKNOWN',
  differs = {},
) =>
  manifest(
    name,
    {},
    { impact: 'UNDECLARED', author: statement({ states: [authorState(id, version, restore)] }), ...differs },
  );
const promised = (
  restore: 'CALLBACKS' | 'NOT_NEEDED' | 'IMPOSSIBLE' | 'UNKNOWN',
  callbacks = UNPATCH_CALLBACKS,
) => manifest('p', { 7: 1 }, { callbacks, author: statement({ states: [authorState(7, 1, restore)] }) });
const gone = manifest('gone', { 9: 2 });
const on74 = { kernelRelease: '7.4.0' };
const old54 = { kernelRelease: '5.4.0' };
const unchecked = {
  host: { kernelRelease: '5.4.0', capabilities: capabilities({ symbols: ['klp_enable_patch'] }) },
};
const n = (name: string, written = {}, differs = {}) =>
  manifest(name, written, { replace: false, ...differs });

reasonTable('STATE_LEFT_BEHIND', [
  [
    'if the states of a target cannot be read, it is not known what it leaves behind',
    { list: [newer], to: manifest('dyn', {}, { states: null, impact: 'UNREADABLE' }) },
    [],
  ],
  [
    'what was disabled and not removed is not taken for replaced',
    { host: { unlisted: [unlisted(gone, 'DISABLED')], leftovers: [leftover(gone)] }, published: [gone] },
    [],
  ],
  [
    'a kernel that may or may not have the check',
    {
      list: [{ ...newer, kernelRelease: '5.3.0' }],
      to: manifest('t', {}, { kernelRelease: '5.3.0' }),
      host: { kernelRelease: '5.3.0', capabilities: capabilities({ symbols: null, stateFields: null }) },
    },
    [{ stateId: 7n }],
  ],
  [
    'the module holds a higher version than its author says',
    {
      list: [manifest('newer', { 9: 1 })],
      to: manifest('older', { 9: 1 }),
      host: {
        unlisted: [
          unlisted(manifest('gone', { 9: 2 }, { author: statement({ states: [authorState(9, 1)] }) })),
        ],
      },
      published: [manifest('gone', { 9: 2 }, { author: statement({ states: [authorState(9, 1)] }) })],
    },
    [{ patch: 'gone', need: 2 }],
  ],
  [
    'a replace drops a state that only the author declares',
    { list: [declaring('newer', 9, 2)] },
    [{ kind: 'UNSAFE', patch: 'newer', buildId: 'id-of-newer', stateId: 9n, need: 2, clearedBy: 'AUTHOR' }],
  ],
  [
    'a replace lowers its version',
    { list: [declaring('newer', 9, 2)], to: declaring('older', 9, 1) },
    [{ stateId: 9n, need: 2 }],
  ],
  [
    'a promise of callbacks does not help: by replace they never run',
    { list: [declaring('newer', 9, 2, 'CALLBACKS', { callbacks: UNPATCH_CALLBACKS })] },
    [{ stateId: 9n }],
  ],
  [
    '"not needed" is stated about disabling, not about replacing',
    { list: [declaring('newer', 9, 2, 'NOT_NEEDED')] },
    [{ stateId: 9n }],
  ],
  [
    'a kernel without the check accepts a lower version',
    { ...unchecked, list: [manifest('newer', { 7: 2 }, old54)], to: { ...older, ...old54 } },
    [{ stateId: 7n, need: 2 }],
  ],
  [
    'a replaced patch left a state behind earlier',
    { host: { unlisted: [unlisted(gone)] }, published: [gone] },
    [{ patch: 'gone', stateId: 9n, need: 2 }],
  ],
  ['a leftover did', { host: { leftovers: [leftover(gone)] }, published: [gone] }, [{ patch: 'gone' }]],
  [
    'a replaced patch did, and no patch is listed that could hold it',
    { list: [], to: { kind: 'ORIGINAL' }, host: { unlisted: [unlisted(gone)] }, published: [gone] },
    [{ patch: 'gone', stateId: 9n }],
  ],
  [
    'the kernel refuses for another state, and this one is its author’s alone',
    { list: [manifest('newer', { 7: 2 }, { author: statement({ states: [authorState(9, 1)] }) })] },
    [{ stateId: 9n }],
  ],
  [
    'no rules describe the kernel: what it may leave behind is a reason all the same',
    {
      ...unchecked,
      host: { kernelRelease: '4.18.0', capabilities: capabilities({ symbols: null }) },
      list: [manifest('newer', { 7: 2 })],
    },
    [{ stateId: 7n, need: 2 }],
  ],
  [
    'of two possible rule sets the one refuses for this state, the other for another',
    {
      list: [manifest('newer', { 7: 1, 8: 1 }, { ...on74, replaceSet: 1n })],
      to: { ...older, ...on74 },
      host: { ...on74, capabilities: capabilities({ symbols: null, replaceSetAttribute: null }) },
    },
    [{ stateId: 8n }],
  ],
  ['the target takes it over', { list: [declaring('newer', 9, 2)], to: declaring('older', 9, 2) }, []],
  ['the kernel refuses, so that nothing is left behind', { list: [manifest('newer', { 7: 2 })] }, []],
  [
    'a listed patch covers what an earlier one left',
    {
      list: [manifest('newer', { 9: 2 })],
      to: manifest('older', { 9: 2 }),
      host: { unlisted: [unlisted(gone)] },
      published: [gone],
    },
    [],
  ],
  [
    'what was disabled is judged by its callbacks instead',
    { host: { unlisted: [unlisted(gone, 'DISABLED')] }, published: [gone] },
    [],
  ],
]);

reasonTable('STATE_IRREVERSIBLE', [
  [
    'a patch that stays holds it',
    {
      list: [n('stays', { 7: 1 }), { ...promised('IMPOSSIBLE'), replace: false }],
      to: { kind: 'PATCH', patch: n('stays', { 7: 1 }), leaving: ['p'] },
      question: { routes: ['DISABLE'] },
    },
    [],
  ],
  [
    'its author says that it cannot be restored, and it is disabled',
    disabling(promised('IMPOSSIBLE')),
    [{ kind: 'UNSAFE', patch: 'p', stateId: 7n, clearedBy: 'REBOOT' }],
  ],
  [
    'and it is replaced by what does not hold it',
    { list: [declaring('newer', 9, 1, 'IMPOSSIBLE')] },
    [{ patch: 'newer', stateId: 9n }],
  ],
  [
    'and it left the list earlier',
    {
      host: { unlisted: [unlisted(declaring('gone', 9, 1, 'IMPOSSIBLE'))] },
      published: [declaring('gone', 9, 1, 'IMPOSSIBLE')],
    },
    [{ patch: 'gone' }],
  ],
  [
    'the target holds it',
    { list: [declaring('newer', 9, 1, 'IMPOSSIBLE')], to: declaring('older', 9, 1) },
    [],
  ],
  ['its author says that callbacks restore it', disabling(promised('CALLBACKS')), []],
]);

reasonTable('STATE_NOT_RESTORED', [
  [
    'to ORIGINAL, and there is no unpatch callback',
    disabling(newer),
    [{ kind: 'UNSAFE', patch: 'newer', stateId: 7n, need: 1, clearedBy: 'AUTHOR' }],
  ],
  [
    'a promise of callbacks where there are none',
    disabling(promised('CALLBACKS', NO_CALLBACKS)),
    [{ patch: 'p' }],
  ],
  [
    'a patch disabled earlier in this boot',
    { host: { unlisted: [unlisted(gone, 'DISABLED')] }, published: [gone] },
    [{ patch: 'gone', stateId: 9n }],
  ],
  [
    'the target would hold it, but could not take it over from a patch that is gone',
    {
      list: [newer],
      question: { routes: ['DISABLE_THEN_LOAD'] },
      to: manifest('newer', { 7: 1 }, { buildId: 'rebuilt' }),
    },
    [{ patch: 'newer' }],
  ],
  [
    'it was disabled earlier, and a listed patch holds it',
    {
      host: { unlisted: [unlisted(manifest('gone', { 7: 1 }), 'DISABLED')] },
      published: [manifest('gone', { 7: 1 })],
    },
    [],
  ],
  ['there is an unpatch callback', disabling(promised('UNKNOWN')), []],
  ['its author says that nothing needs restoring', disabling(promised('NOT_NEEDED', NO_CALLBACKS)), []],
  [
    'a patch that stays holds it too',
    {
      list: [n('stays', { 7: 1 }), n('goes', { 7: 1 })],
      to: { kind: 'PATCH', patch: n('stays', { 7: 1 }), leaving: ['goes'] },
      question: { routes: ['DISABLE'] },
    },
    [],
  ],
]);

test.each<[sentence: string, patch: ReturnType<typeof manifest>, kind: string]>([
  ['no callback', newer, 'UNSAFE'],
  ['unpatch callbacks, and no promise', promised('UNKNOWN'), 'UNKNOWN'],
  ['unpatch callbacks, and a promise', promised('CALLBACKS'), 'SAFE'],
  [
    'only a pre_unpatch callback, and a promise',
    promised('CALLBACKS', { ...NO_CALLBACKS, preUnpatch: true }),
    'SAFE',
  ],
  ['no callback, and none is needed', promised('NOT_NEEDED', NO_CALLBACKS), 'SAFE'],
  ['it cannot be restored', promised('IMPOSSIBLE'), 'UNSAFE'],
  ['no state at all', manifest('none'), 'SAFE'],
])('to ORIGINAL, judged by callbacks: %s', (_, patch, kind) => {
  expect(ask(disabling(patch))).toMatchObject({
    kind,
    route: 'DISABLE',
    steps: [
      { action: 'DISABLE', patch: patch.name },
      { action: 'WAIT', patch: patch.name },
    ],
  });
});

const theirs = n('theirs', {}, { owner: 'vendor' });
reasonTable('FOREIGN_PATCH_DISCARDED', [
  [
    'a non-cumulative target replaces only what is named',
    {
      list: [theirs],
      to: { kind: 'PATCH', patch: n('ours'), leaving: ['theirs'] },
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [],
  ],
  [
    'a cumulative target throws away a patch of another owner',
    { list: [newer, theirs] },
    [{ kind: 'UNSAFE', patch: 'theirs', detail: 'vendor' }],
  ],
  [
    'it is disabled because it stands in the way',
    {
      list: [promising('theirs', { 8: 1 }, { owner: 'vendor' })],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [{ patch: 'theirs' }],
  ],
  [
    'a target that goes on top throws nothing away',
    { list: [theirs], to: n('ours'), question: { routes: ['STACK'] } },
    [],
  ],
  ['who asks for ORIGINAL names it', { ...original, list: [theirs] }, []],
  ['the owner is the same', {}, []],
]);

reasonTable('TARGET_RECALLED', [
  [
    'the target is recalled',
    { to: { ...older, recalled: true } },
    [{ kind: 'UNSAFE', patch: 'older', buildId: 'id-of-older' }],
  ],
  [
    'the only build of a release is',
    {
      to: { kind: 'RELEASE', release: 'lp' },
      published: [manifest('lp', { 7: 1 }, { release: 'lp', recalled: true })],
    },
    [{ patch: 'lp' }],
  ],
  [
    'the earlier list is',
    {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-older'] },
      published: [{ ...older, recalled: true }],
    },
    [{ patch: 'older' }],
  ],
  [
    'a release has another build that is not',
    {
      to: { kind: 'RELEASE', release: 'lp' },
      published: [
        manifest('lp', { 7: 1 }, { release: 'lp', recalled: true }),
        manifest('lp2', { 7: 1 }, { release: 'lp' }),
      ],
    },
    [],
  ],
  ['only what is left is recalled', { list: [{ ...newer, recalled: true }] }, []],
]);

const forAnother = manifest('older', { 7: 1 }, { kernelRelease: '6.1.0', modversions: true });
const withVersions = { ...newer, modversions: true };
reasonTable('TARGET_BUILT_FOR_OTHER_KERNEL', [
  [
    'kernel and module have symbol versions: the loader may accept it',
    { list: [withVersions], to: forAnother },
    [{ kind: 'UNSAFE', patch: 'older' }],
  ],
  ['it is not known whether the kernel has them', { list: [], to: forAnother }, [{ patch: 'older' }]],
  ['a listed module shows that the kernel has none: the loader refuses', { to: forAnother }, []],
  [
    'a listed module that was built for another kernel shows nothing',
    { list: [{ ...newer, kernelRelease: '6.12.94' }], to: forAnother },
    [{ patch: 'older' }],
  ],
  [
    'a listed module that is not published shows nothing',
    { list: [listed(newer)], to: forAnother },
    [{ patch: 'older' }],
  ],
  [
    'what an unsigned upload says of a listed module shows nothing',
    { list: [{ ...newer, evidence: 'UNSIGNED' }], to: forAnother },
    [{ patch: 'older' }],
  ],
  [
    'the module has none: the loader refuses',
    { list: [withVersions], to: { ...forAnother, modversions: false } },
    [],
  ],
  [
    'another architecture it always refuses',
    { list: [withVersions], to: { ...forAnother, arch: 'aarch64' } },
    [],
  ],
  ['this kernel', { to: { ...older, modversions: true } }, []],
]);

test('a build for another kernel that symbol versions may let in is harm and a doubt, not a refusal', () => {
  const { kind, errno, reasons } = ask({ list: [withVersions], to: forAnother });
  expect({ kind, errno, codes: reasons.map(({ code }) => code) }).toEqual({
    kind: 'UNSAFE',
    errno: null,
    codes: ['TARGET_BUILT_FOR_OTHER_KERNEL', 'SYMBOLS_UNVERIFIED'],
  });
});

test('a refusal that passes with time may hide harm, and the verdict says so', () => {
  const undone = { ...declaring('newer', 9, 1) };
  expect(ask({ list: [listed(undone, { transition: true })], published: [undone] })).toMatchObject({
    kind: 'REFUSED',
    harmful: true,
  });
  expect(ask({ list: [listed(newer, { transition: true })], published: [newer] })).toMatchObject({
    kind: 'REFUSED',
    harmful: false,
  });
});
