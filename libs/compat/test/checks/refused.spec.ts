import { type Manifest, type Patch, RULE_SETS } from '../../src/index.js';
import {
  capabilities,
  cumulative,
  unlisted,
  leftover,
  listed,
  manifest,
  newer,
  older,
  promising,
  states,
} from '../../src/testing/index.js';
import { reasonsOf, reasonTable } from '../reason-table.js';

const one = manifest('v1', { 1: 1 });
const two = manifest('v2', { 1: 2 });
const both = manifest('both', { 1: 1, 2: 1 });
const n = (name: string, written = {}, differs = {}) =>
  manifest(name, written, { replace: false, ...differs });
const namesake = manifest('older', { 7: 1 }, { buildId: 'another-build' });
const enabling = listed(two, { transition: true });
const disabling = listed(two, { transition: true, enabled: false });
const asked = (rules: 'block-disable' | 'replace-set') => ({ question: { rules } });
const banned = (ban: boolean) =>
  promising('banned', { 7: 1 }, { states: [{ id: 7n, version: 1, blockDisable: ban }] });
const tooLow = {
  code: 'STATE_VERSION_TOO_LOW',
  kind: 'REFUSED',
  errno: 'EINVAL',
  patch: 'v2',
  stateId: 1n,
  need: 2,
  have: 1,
} as const;

reasonTable('STATE_MISSING_IN_TARGET', [
  [
    'a cumulative target lacks an id that a listed patch has',
    { list: [both], to: one },
    [
      {
        kind: 'REFUSED',
        errno: 'EINVAL',
        patch: 'both',
        stateId: 2n,
        need: 1,
        have: null,
        clearedBy: 'AUTHOR',
      },
    ],
  ],
  [
    'it has the id only behind an id 0',
    {
      list: [both],
      to: manifest('v1', [
        [1, 1],
        [0, 0],
        [2, 1],
      ]),
    },
    [{ stateId: 2n }],
  ],
  [
    'only the patch that is on its way out holds it',
    {
      list: [listed(manifest('out', { 1: 1 }), { enabled: false, transition: true })],
      published: [manifest('out', { 1: 1 })],
      to: manifest('v0'),
    },
    [{ patch: 'out', clearedBy: 'TIME' }],
  ],
  ['the target has every id', { list: [both], to: manifest('v3', { 1: 1, 2: 1 }) }, []],
  [
    'a non-cumulative target may omit ids',
    { list: [both], to: n('v1', { 1: 1 }), question: { routes: ['STACK'] } },
    [],
  ],
  [
    'what a disabled patch held is not asked for',
    { list: [], host: { unlisted: [unlisted(both, 'DISABLED')] }, published: [both], to: one },
    [],
  ],
  [
    'what only its author declares the kernel does not compare',
    { list: [manifest('v1', { 1: 1 }, { author: promising('x', { 2: 1 }).author })], to: one },
    [],
  ],
]);

reasonTable('STATE_VERSION_TOO_LOW', [
  [
    'a patch below one that is being put on top stays',
    { list: [two, listed(n('top'), { transition: true })], published: [n('top')], to: one },
    [{ patch: 'v2', clearedBy: 'AUTHOR' }],
  ],
  [
    'back from {1: v2} to a cumulative {1: v1}',
    { list: [two], to: one },
    [{ ...tooLow, clearedBy: 'AUTHOR' }],
  ],
  [
    'it binds a non-cumulative target too',
    { list: [two], to: n('v1', { 1: 1 }), question: { routes: ['STACK'] } },
    [tooLow],
  ],
  [
    'a patch that is being enabled counts',
    { list: [enabling], published: [two], to: one },
    [{ ...tooLow, clearedBy: 'AUTHOR' }],
  ],
  [
    'a patch that is being disabled counts, and goes with time',
    { list: [disabling], published: [two], to: one },
    [{ ...tooLow, clearedBy: 'TIME' }],
  ],
  [
    'a patch that is being replaced counts, and goes with time; the one that replaces it stays',
    {
      list: [two, listed(manifest('v3', { 1: 3 }), { transition: true })],
      published: [manifest('v3', { 1: 3 })],
      to: one,
    },
    [
      { patch: 'v2', clearedBy: 'TIME' },
      { patch: 'v3', need: 3, clearedBy: 'AUTHOR' },
    ],
  ],
  [
    'what the live kernel holds decides, not the file',
    {
      list: [
        listed(one, {
          reading: {
            evidence: 'LIVE',
            replace: true,
            states: states({ 1: 2 }),
            impact: 'DECLARED',
            callbacks: null,
          },
        }),
      ],
      published: [one],
      to: manifest('t', { 1: 1 }),
    },
    [{ patch: 'v1', need: 2, have: 1 }],
  ],
  ['the same version', { list: [two], to: manifest('again', { 1: 2 }) }, []],
  ['a higher version', { list: [one], to: two }, []],
]);

reasonTable('TRANSITION_IN_PROGRESS', [
  [
    'another patch is being enabled',
    { list: [listed(newer, { transition: true })], published: [newer] },
    [{ kind: 'REFUSED', errno: 'EBUSY', patch: 'newer', clearedBy: 'TIME' }],
  ],
  [
    'another patch is being disabled',
    { list: [listed(newer, { transition: true, enabled: false })], published: [newer] },
    [{ patch: 'newer' }],
  ],
  [
    'disabling has to wait too',
    {
      list: [listed(promising('p', { 7: 1 }), { transition: true })],
      published: [promising('p', { 7: 1 })],
      to: { kind: 'ORIGINAL' },
    },
    [{ patch: 'p' }],
  ],
  ['the list is settled', {}, []],
]);

reasonTable('MODULE_STILL_LOADED', [
  [
    'the target’s module left the list and was not removed',
    { host: { leftovers: [leftover(older)] } },
    [{ kind: 'REFUSED', errno: 'EEXIST', patch: 'older', buildId: 'id-of-older', clearedBy: 'RMMOD' }],
  ],
  [
    'another build of that name was not removed',
    { host: { leftovers: [leftover(namesake)] }, published: [namesake] },
    [{ buildId: 'another-build' }],
  ],
  [
    'a reference seen once need not last',
    { host: { leftovers: [leftover(older, { referenced: true })] } },
    [{ clearedBy: 'RMMOD' }],
  ],
  [
    'the route itself removes it',
    {
      list: [promising('p', { 7: 1 })],
      host: { leftovers: [leftover(older)] },
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [],
  ],
  [
    'a module of another name',
    {
      host: { leftovers: [leftover(manifest('other', { 7: 1 }))] },
      published: [manifest('other', { 7: 1 })],
    },
    [],
  ],
]);

reasonTable('MODULE_NAME_TAKEN', [
  [
    'a listed patch has the target’s name and another build-id',
    { list: [namesake] },
    [{ kind: 'REFUSED', errno: 'EEXIST', patch: 'older', buildId: 'another-build' }],
  ],
  [
    'a dash and an underscore are the same',
    { list: [listed(newer, { name: 'lp-1' })], published: [newer], to: manifest('lp_1', { 7: 1 }) },
    [{ patch: 'lp_1' }],
  ],
  [
    'the target itself is on its way in',
    { list: [newer, listed(older, { transition: true })], published: [older] },
    [{ patch: 'older', clearedBy: 'TIME' }],
  ],
  [
    'the route disables and removes it first',
    {
      list: [promising('older', { 7: 1 }, { buildId: 'another-build' })],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [],
  ],
  [
    'two builds of that name are said to be listed',
    { list: [namesake, { ...namesake, buildId: 'a-third-build' }] },
    [{ buildId: 'another-build' }, { buildId: 'a-third-build' }],
  ],
  ['another name', {}, []],
]);

reasonTable('MODULE_PINNED', [
  [
    'it can never go',
    { host: { leftovers: [leftover(older, { referenced: true, pinned: true })] } },
    [{ kind: 'REFUSED', errno: 'EEXIST', patch: 'older', clearedBy: 'REBOOT' }],
  ],
  [
    'not on the route that would remove it either',
    {
      list: [promising('p', { 7: 1 })],
      host: { leftovers: [leftover(older, { referenced: true, pinned: true })] },
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    [{ patch: 'older' }],
  ],
  ['it could be removed', { host: { leftovers: [leftover(older)] } }, []],
  [
    'it is loading again: it may go',
    { host: { leftovers: [leftover(older, { pinned: true, moduleState: 'LOADING' })] } },
    [],
  ],
]);

reasonTable('TARGET_NOT_BUILT_FOR_KERNEL', [
  [
    'another release',
    { to: { ...older, kernelRelease: '6.1.0' } },
    [{ kind: 'REFUSED', errno: 'ENOEXEC', patch: 'older' }],
  ],
  [
    'another architecture',
    { to: { ...older, arch: 'aarch64' } },
    [
      {
        patch: 'older',
        detail: 'built for 6.12.95+deb13-amd64 aarch64, the host runs 6.12.95+deb13-amd64 x86_64',
      },
    ],
  ],
  [
    'a release that has no build for this kernel',
    {
      to: { kind: 'RELEASE', release: 'lp' },
      published: [manifest('lp', {}, { release: 'lp', kernelRelease: '6.1.0' })],
    },
    [{ patch: 'lp', detail: 'no build for 6.12.95+deb13-amd64 x86_64' }],
  ],
  [
    'a release that has one',
    { to: { kind: 'RELEASE', release: 'lp' }, published: [manifest('lp', { 7: 1 }, { release: 'lp' })] },
    [],
  ],
  ['built for this kernel', {}, []],
]);

reasonTable('NOT_A_LIVEPATCH', [
  [
    'the module lacks livepatch=Y',
    { to: { ...older, livepatch: false } },
    [{ kind: 'REFUSED', errno: 'EINVAL', patch: 'older', detail: 'the module lacks livepatch=Y' }],
  ],
  [
    'the kernel has no livepatch support, and its loader says so',
    { list: [], host: { capabilities: capabilities({ livepatch: false }) } },
    [{ errno: 'ENOEXEC', clearedBy: 'NOTHING', detail: 'the kernel has no livepatch support' }],
  ],
  ['a livepatch on a kernel that takes it', {}, []],
]);

reasonTable('PATCH_BLOCKS_DISABLE', [
  [
    'a state forbids disabling its patch',
    { list: [banned(true)], to: { kind: 'ORIGINAL' }, ...asked('block-disable') },
    [{ kind: 'REFUSED', errno: 'EINVAL', patch: 'banned', stateId: 7n }],
  ],
  [
    'also where it is not known whether that patch is cumulative',
    { list: [{ ...banned(true), replace: null }], to: { kind: 'ORIGINAL' }, ...asked('block-disable') },
    [{ patch: 'banned' }],
  ],
  ['it forbids nothing', { list: [banned(false)], to: { kind: 'ORIGINAL' }, ...asked('block-disable') }, []],
  ['today’s kernels know no such ban', { list: [banned(true)], to: { kind: 'ORIGINAL' } }, []],
]);

test('under block-disable a cumulative target must know the states that forbid disabling, at any version', () => {
  const found = (code: 'STATE_MISSING_IN_TARGET' | 'STATE_VERSION_TOO_LOW', list: Manifest[], to: Manifest) =>
    reasonsOf(code, { list, to, ...asked('block-disable') }).length;
  expect(found('STATE_MISSING_IN_TARGET', [banned(true)], manifest('t'))).toBe(1);
  expect(found('STATE_MISSING_IN_TARGET', [banned(false)], manifest('t'))).toBe(0);
  expect(found('STATE_VERSION_TOO_LOW', [two], one)).toBe(0);
});

reasonTable('REPLACE_SET_CONFLICT', [
  ['within one set nothing is in conflict', { ...asked('replace-set') }, []],
  [
    'each function that another set has too',
    {
      list: [
        manifest('held', {}, { replaceSet: 1n, functions: ['vmlinux:f,1', 'vmlinux:g,1', 'vmlinux:h,1'] }),
      ],
      to: manifest('t', {}, { functions: ['vmlinux:f,1', 'vmlinux:g,1'] }),
      question: { rules: 'replace-set' },
    },
    [{ function: 'vmlinux:f,1' }, { function: 'vmlinux:g,1' }],
  ],
]);

// No source tells a patch's set yet, so only the rule itself can be shown two of them.
test.each<[sentence: string, holder: Partial<Patch>, refused: string[]]>([
  ['a state id shared across sets', { replaceSet: 1n, states: states({ 7: 1 }) }, ['REPLACE_SET_CONFLICT 7']],
  [
    'a function shared across sets',
    { replaceSet: 1n, functions: ['vmlinux:f,1'] },
    ['REPLACE_SET_CONFLICT vmlinux:f,1'],
  ],
  [
    'nothing shared across sets',
    { replaceSet: 1n, states: states({ 8: 1 }), functions: ['vmlinux:g,1'] },
    [],
  ],
  [
    'what stands behind an id 0 is not shared',
    {
      replaceSet: 1n,
      states: states([
        [0, 0],
        [7, 1],
      ]),
    },
    [],
  ],
  ['within a set every id must be there', { states: states({ 8: 1 }) }, ['STATE_MISSING_IN_TARGET 8']],
  ['within a set no version may be lower', { states: states({ 7: 2 }) }, ['STATE_VERSION_TOO_LOW 7']],
])('replace sets: %s', (_, holder, refused) => {
  const target: Patch = { ...cumulative('t', { 7: 1 }), functions: ['vmlinux:f,1'] };
  const found = RULE_SETS['replace-set'].findStateRefusals(target, [{ ...cumulative('held'), ...holder }]);
  expect(found.map((reason) => `${reason.code} ${reason.stateId ?? reason.function}`)).toEqual(refused);
});
