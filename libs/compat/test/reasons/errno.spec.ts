import { predictErrno } from '../../src/reasons/errno.js';
import { loaderOrder, type Reason } from '../../src/reasons/reasons.js';
import {
  type Asked,
  ask,
  capabilities,
  unlisted,
  leftover,
  listed,
  manifest,
  newer,
  older,
  promising,
} from '../../src/testing/index.js';

const higher = manifest('newer', { 7: 2 });
const busy = (over = newer): Asked => ({ list: [listed(over, { transition: true })], published: [over] });
const other = manifest('older', { 7: 1 }, { buildId: 'another-build' });
const unreadable = manifest('unreadable', {}, { states: null, impact: 'UNREADABLE' });
const still: Asked['host'] = { leftovers: [leftover(other)] };

// The loader's order: EPERM, signature, ENOEXEC, EEXIST, structure, state check, symbols, objects, EBUSY,
// pre_patch, ftrace. The first one decides, all are listed.
test.each<[sentence: string, asked: Asked, errno: string | null, codes: string[]]>([
  ['nothing stands in the way', {}, null, []],
  [
    'only doubts: no error number is predicted',
    { catalog: { sightings: () => [] } },
    null,
    ['SYMBOLS_UNVERIFIED'],
  ],
  [
    'another kernel',
    { to: { ...older, kernelRelease: '6.1.0' } },
    'ENOEXEC',
    ['TARGET_NOT_BUILT_FOR_KERNEL', 'SYMBOLS_UNVERIFIED'],
  ],
  [
    'no livepatch support: the loader itself turns the module away',
    { list: [], host: { capabilities: capabilities({ livepatch: false }) } },
    'ENOEXEC',
    ['NOT_A_LIVEPATCH'],
  ],
  ['the name is still loaded', { host: still, published: [other] }, 'EEXIST', ['MODULE_STILL_LOADED']],
  ['not marked as a livepatch', { to: { ...older, livepatch: false } }, 'EINVAL', ['NOT_A_LIVEPATCH']],
  ['incompatible', { list: [higher] }, 'EINVAL', ['STATE_VERSION_TOO_LOW']],
  ['busy', busy(), 'EBUSY', ['TRANSITION_IN_PROGRESS']],
  [
    'incompatible and busy: the state check comes first',
    busy(higher),
    'EINVAL',
    ['STATE_VERSION_TOO_LOW', 'TRANSITION_IN_PROGRESS'],
  ],
  [
    'a doubt that comes before the refusal: no error number is predicted',
    { ...busy(), catalog: { sightings: () => [] } },
    null,
    ['SYMBOLS_UNVERIFIED', 'TRANSITION_IN_PROGRESS'],
  ],
  [
    'a doubt that comes after the refusal',
    { list: [higher], catalog: { sightings: () => [] } },
    'EINVAL',
    ['STATE_VERSION_TOO_LOW', 'SYMBOLS_UNVERIFIED'],
  ],
  [
    'modules are disabled',
    { host: { gates: { modulesDisabled: true, ftraceEnabled: true } } },
    'EPERM',
    ['MODULES_DISABLED'],
  ],
  [
    'it is not known whether modules are disabled: that comes before everything',
    { list: [higher], host: { gates: { modulesDisabled: null, ftraceEnabled: true } } },
    null,
    ['HOST_GATES_UNKNOWN', 'STATE_VERSION_TOO_LOW'],
  ],
  [
    'it is not known whether ftrace is on: that comes after everything',
    { ...busy(), host: { gates: { modulesDisabled: false, ftraceEnabled: null } } },
    'EBUSY',
    ['HOST_GATES_UNKNOWN', 'TRANSITION_IN_PROGRESS'],
  ],
  [
    'ftrace is off',
    { host: { gates: { modulesDisabled: false, ftraceEnabled: false } } },
    'EBUSY',
    ['FTRACE_DISABLED'],
  ],
  [
    'an unsigned file, and a name that is loaded: the signature comes first',
    { host: { ...still, capabilities: capabilities({ signatureEnforced: true }) }, published: [other] },
    'EKEYREJECTED',
    ['MODULE_STILL_LOADED', 'SIGNATURE_REQUIRED'],
  ],
  [
    'a module of that name is still loading',
    { list: [higher], host: { leftovers: [leftover(other, { moduleState: 'LOADING' })] } },
    null,
    ['MODULE_STILL_LOADING', 'STATE_VERSION_TOO_LOW'],
  ],
  [
    'a module of that name is still loading, which the route would remove: it cannot',
    {
      list: [promising('newer', { 7: 1 })],
      to: { ...older, livepatch: false },
      host: { leftovers: [leftover(other, { moduleState: 'LOADING' })] },
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    null,
    ['MODULE_STILL_LOADING', 'NOT_A_LIVEPATCH'],
  ],
  [
    'a listed patch cannot be read, and a transition is open',
    busy(manifest('newer', {}, { states: null, impact: 'UNREADABLE' })),
    null,
    ['TRANSITION_IN_PROGRESS', 'STATES_UNREADABLE'],
  ],
  [
    'the target cannot be read, and a transition is open',
    { ...busy(), to: unreadable },
    null,
    ['TRANSITION_IN_PROGRESS', 'STATES_UNREADABLE'],
  ],
  [
    'incompatible and the name still loaded: the loader comes first',
    { list: [higher], host: still, published: [other] },
    'EEXIST',
    ['MODULE_STILL_LOADED', 'STATE_VERSION_TOO_LOW'],
  ],
  [
    'another kernel and the name still loaded: the version comes first',
    { to: { ...older, kernelRelease: '6.1.0' }, host: still, published: [other] },
    'ENOEXEC',
    ['TARGET_NOT_BUILT_FOR_KERNEL', 'MODULE_STILL_LOADED', 'SYMBOLS_UNVERIFIED'],
  ],
  [
    'not a livepatch and incompatible: both are EINVAL',
    { list: [higher], to: { ...older, livepatch: false } },
    'EINVAL',
    ['NOT_A_LIVEPATCH', 'STATE_VERSION_TOO_LOW'],
  ],
  [
    'everything at once',
    {
      ...busy(higher),
      to: { ...older, kernelRelease: '6.1.0', livepatch: false },
      host: still,
      published: [higher, other],
    },
    'ENOEXEC',
    [
      'TARGET_NOT_BUILT_FOR_KERNEL',
      'MODULE_STILL_LOADED',
      'NOT_A_LIVEPATCH',
      'STATE_VERSION_TOO_LOW',
      'SYMBOLS_UNVERIFIED',
      'TRANSITION_IN_PROGRESS',
    ],
  ],
  [
    'what is on its way out already is not disabled again',
    {
      list: [listed(promising('newer', { 7: 2 }), { transition: true, enabled: false })],
      published: [promising('newer', { 7: 2 })],
      to: { kind: 'ORIGINAL' },
    },
    'EINVAL',
    ['TRANSITION_IN_PROGRESS'],
  ],
  [
    'while another patch is on its way out nothing is disabled',
    {
      list: [
        listed(promising('newer', { 7: 2 }), { transition: true, enabled: false }),
        promising('above', { 8: 1 }, { replace: false }),
      ],
      published: [promising('newer', { 7: 2 })],
      to: { kind: 'ORIGINAL' },
    },
    'EBUSY',
    ['TRANSITION_IN_PROGRESS'],
  ],
  [
    'disabling looks at no state, only at an open transition',
    { ...busy(promising('newer', { 7: 2 })), to: { kind: 'ORIGINAL' } },
    'EBUSY',
    ['TRANSITION_IN_PROGRESS'],
  ],
  [
    'what disables first fails there, and never reaches the loader',
    {
      ...busy(promising('newer', { 7: 2 })),
      host: { leftovers: [leftover(other, { referenced: true, pinned: true })] },
      published: [promising('newer', { 7: 2 }), other],
      question: { routes: ['DISABLE_THEN_LOAD'] },
    },
    'EBUSY',
    ['MODULE_PINNED', 'TRANSITION_IN_PROGRESS'],
  ],
  [
    'so does what a state forbids to disable',
    {
      list: [promising('banned', { 7: 1 }, { states: [{ id: 7n, version: 1, blockDisable: true }] })],
      to: manifest('older', { 8: 1 }),
      host: { leftovers: [leftover(other, { referenced: true, pinned: true })] },
      published: [other],
      question: { routes: ['DISABLE_THEN_LOAD'], rules: 'block-disable' },
    },
    'EINVAL',
    ['MODULE_PINNED', 'PATCH_BLOCKS_DISABLE'],
  ],
  [
    'a doubt about a patch that left the list: the kernel does not look at it',
    { host: { ...still, unlisted: [unlisted(unreadable, 'DISABLED')] }, published: [other, unreadable] },
    'EEXIST',
    ['MODULE_STILL_LOADED', 'STATES_UNREADABLE'],
  ],
  [
    'a doubt about a patch that left the list, and nothing is loaded',
    {
      list: [promising('newer', { 7: 2 })],
      host: { unlisted: [unlisted(unreadable, 'DISABLED')] },
      to: { kind: 'ORIGINAL' },
      published: [unreadable],
    },
    null,
    ['STATES_UNREADABLE'],
  ],
  [
    'an open transition, and a patch that left the list and is not catalogued',
    { ...busy(), host: { unlisted: [unlisted(unreadable, 'DISABLED')] } },
    'EBUSY',
    ['TRANSITION_IN_PROGRESS', 'PATCH_NOT_CATALOGUED'],
  ],
])('%s', (_, asked, errno, codes) => {
  const verdict = ask(asked);
  expect(verdict.reasons.map((reason) => reason.code)).toEqual(codes);
  expect(verdict.errno).toBe(errno);
});

test.each<[sentence: string, reasons: Reason[], errno: string | null]>([
  ['the kernel compares it', [{ code: 'STATES_UNREADABLE', patch: 'lp', buildId: 'one' }], null],
  ['it is not published', [{ code: 'PATCH_NOT_CATALOGUED', patch: 'lp', buildId: 'one' }], null],
  ['it is another build', [{ code: 'STATES_UNREADABLE', patch: 'lp', buildId: 'two' }], 'EBUSY'],
  ['it has another name', [{ code: 'STATES_UNREADABLE', patch: 'other', buildId: 'one' }], 'EBUSY'],
  ['its build is not known', [{ code: 'STATES_UNREADABLE', patch: 'nameless' }], null],
  [
    'the state check refuses anyway',
    [{ code: 'STATES_UNREADABLE', patch: 'lp', buildId: 'one' }, { code: 'STATE_VERSION_TOO_LOW' }],
    'EINVAL',
  ],
  [
    'another setting is not known, and modules are disabled',
    [{ code: 'HOST_GATES_UNKNOWN', detail: 'lockdown not reported' }, { code: 'MODULES_DISABLED' }],
    'EPERM',
  ],
])('a patch is in doubt while a transition is open: %s', (_, reasons, errno) => {
  const compared = [
    { name: 'lp', buildId: 'one' },
    { name: 'nameless', buildId: null },
  ];
  expect(
    predictErrno([...reasons, { code: 'TRANSITION_IN_PROGRESS' }], { disablesFirst: false, compared }),
  ).toBe(errno);
});

test('the gate that the kernel reads last has its place by its name, and no other reason has that place', () => {
  const detail = 'kernel.ftrace_enabled';
  expect(loaderOrder({ code: 'HOST_GATES_UNKNOWN', detail })).toBe(loaderOrder({ code: 'FTRACE_DISABLED' }));
  expect(loaderOrder({ code: 'HOST_GATES_UNKNOWN' })).toBe(loaderOrder({ code: 'MODULES_DISABLED' }));
  expect(loaderOrder({ code: 'REPORT_INCOMPLETE', detail })).toBe(Number.POSITIVE_INFINITY);
});

test('to disable a patch on its way in would reverse the transition: the reason says which route that is', () => {
  const detail = 'disabling it now would reverse the transition, which is the route REVERSE';
  const on = (enabled: boolean): Asked => ({
    list: [listed(newer, { transition: true, enabled })],
    published: [newer],
    to: { kind: 'ORIGINAL' },
  });
  expect(ask(on(true)).reasons.find((reason) => reason.code === 'TRANSITION_IN_PROGRESS')).toMatchObject({
    detail,
  });
  expect(
    ask(on(false)).reasons.find((reason) => reason.code === 'TRANSITION_IN_PROGRESS'),
  ).not.toHaveProperty('detail');
});
