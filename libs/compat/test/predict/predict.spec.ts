import {
  type KernelAnswer,
  disabling,
  enabling,
  type Manifest,
  type Operation,
  predict,
  type ReasonCode,
  resolveSituation,
  resolveManifest,
  resolvePatch,
  RULE_SETS,
} from '../../src/index.js';
import { summarise } from '../../src/predict/prediction.js';
import {
  capabilities,
  catalog,
  leftover,
  listed,
  manifest,
  NO_CALLBACKS,
  running,
  sightings,
} from '../../src/testing/index.js';

// What the fixture of real kernels does not have: proposals, doubts, and the order of several refusals at
// once.

const held = manifest('held', { 7: 2 });
const low = manifest('low', { 7: 1 });
const same = manifest('same', { 7: 2 });
const torn = manifest('torn', { 7: 2 }, { conflicts: ['states'] });
interface At {
  list?: Parameters<typeof running>[0];
  host?: Parameters<typeof running>[1];
  published?: Manifest[];
  loaded?: boolean;
  rules?: keyof typeof RULE_SETS;
}
const load = (patch: Manifest): Operation => ({ action: 'LOAD', patch: resolveManifest(patch) });
const remove = (patch: string): Operation => ({ action: 'REMOVE_MODULE', patch });
const opening = listed(held, { transition: true });
const unreadable = manifest('unreadable', {}, { states: null, impact: 'UNREADABLE' });

const answer = (
  operation: Operation,
  { list = [held], host: differs = {}, published = [], loaded = true, rules }: At,
) => {
  const known = catalog([held, low, same, unreadable, ...published], loaded ? {} : { sightings: () => [] });
  const host = resolveSituation(running(list, differs), known);
  return predict(
    host,
    operation,
    known,
    rules === undefined
      ? undefined
      : { candidates: [RULE_SETS[rules]], basis: 'QUESTION', chosen: { sets: [rules], basis: 'QUESTION' } },
  );
};

test.each<
  [sentence: string, operation: Operation, at: At, answer: KernelAnswer | 'UNKNOWN', likely?: KernelAnswer]
>([
  ['everything fits', load(same), {}, 'OK'],
  ['its symbols were never seen on this kernel', load(same), { loaded: false }, 'UNKNOWN', 'OK'],
  ['a state is refused before any symbol is looked up', load(low), { loaded: false }, 'EINVAL'],
  [
    'a symbol is looked up before the transition is',
    load(same),
    { loaded: false, list: [opening] },
    'UNKNOWN',
    'EBUSY',
  ],
  ['busy, with nothing hidden', load(same), { list: [opening] }, 'EBUSY'],
  ['a name is refused before a state', load(low), { host: { leftovers: [leftover(low)] } }, 'EEXIST'],
  [
    'another kernel is refused before a name',
    load({ ...low, kernelRelease: '6.1.0' }),
    { host: { leftovers: [leftover(low)] } },
    'ENOEXEC',
  ],
  [
    'a kernel without livepatch support turns it away before its name is looked at',
    load(low),
    { list: [], host: { leftovers: [leftover(low)], capabilities: capabilities({ livepatch: false }) } },
    'ENOEXEC',
  ],
  ['what sources disagree about is taken at its word', load(same), { list: [torn], published: [torn] }, 'OK'],
  [
    'with symbol versions another kernel may do',
    load({ ...same, kernelRelease: '6.1.0', modversions: true }),
    { list: [] },
    'UNKNOWN',
    'OK',
  ],
  [
    'a kernel without symbol versions refuses another',
    load({ ...same, kernelRelease: '6.1.0', modversions: true }),
    {},
    'ENOEXEC',
  ],
  [
    'modules are disabled: that comes first',
    load(low),
    { host: { gates: { modulesDisabled: true, ftraceEnabled: true } } },
    'EPERM',
  ],
  [
    'modules are disabled: none can be removed',
    remove('low'),
    { host: { leftovers: [leftover(low)], gates: { modulesDisabled: true, ftraceEnabled: true } } },
    'EPERM',
  ],
  [
    'it is not known whether modules are disabled',
    load(low),
    { host: { gates: { modulesDisabled: null, ftraceEnabled: true } } },
    'UNKNOWN',
    'EINVAL',
  ],
  [
    'it is not known whether a module can be removed',
    remove('low'),
    { host: { leftovers: [leftover(low)], gates: { modulesDisabled: null, ftraceEnabled: true } } },
    'UNKNOWN',
    'OK',
  ],
  [
    'ftrace is off: that comes last',
    load(same),
    { host: { gates: { modulesDisabled: false, ftraceEnabled: false } } },
    'EBUSY',
  ],
  [
    'ftrace is off, and it is not known what the module patches',
    { action: 'LOAD', patch: resolvePatch({ name: 'new', buildId: 'new', reading: null }, catalog([])) },
    { host: { gates: { modulesDisabled: false, ftraceEnabled: false } } },
    'UNKNOWN',
    'OK',
  ],
  [
    'ftrace is off, and a state is refused before',
    load(low),
    { host: { gates: { modulesDisabled: false, ftraceEnabled: false } } },
    'EINVAL',
  ],
  [
    'it is not known whether ftrace is on: a state is refused before',
    load(low),
    { host: { gates: { modulesDisabled: false, ftraceEnabled: null } } },
    'EINVAL',
  ],
  [
    'it is not known whether ftrace is on',
    load(same),
    { host: { gates: { modulesDisabled: false, ftraceEnabled: null } } },
    'UNKNOWN',
    'OK',
  ],
  [
    'a module of that name is still loading',
    load(low),
    { host: { leftovers: [leftover(low, { moduleState: 'LOADING' })] } },
    'UNKNOWN',
    'EBUSY',
  ],
  [
    'the state of the module of that name is not reported',
    load(low),
    { host: { leftovers: [leftover(low, { moduleState: null })] } },
    'UNKNOWN',
    'EEXIST',
  ],
  [
    'a module that is still loading is not removed',
    remove('low'),
    { host: { leftovers: [leftover(low, { moduleState: 'LOADING' })] } },
    'UNKNOWN',
    'EBUSY',
  ],
  [
    'an unsigned file where signatures are enforced',
    load(low),
    { host: { capabilities: capabilities({ signatureEnforced: true }) } },
    'EKEYREJECTED',
  ],
  [
    'an unsigned file where the kernel is locked down',
    load(low),
    { host: { capabilities: capabilities({ lockdown: 'integrity' }) } },
    'EPERM',
  ],
  [
    'the kernel’s object spelled and by NULL',
    load({ ...same, spellsVmlinux: true }),
    {},
    'UNKNOWN',
    'EEXIST',
  ],
  ['the state check comes before the objects', load({ ...low, spellsVmlinux: true }), {}, 'EINVAL'],
  [
    'a signature is looked at before all else',
    load({ ...low, files: [{ sha256: 'x', signed: true, signer: 'key' }] }),
    { loaded: false, host: { capabilities: capabilities({ signatureEnforced: true }) } },
    'UNKNOWN',
    'EINVAL',
  ],
  [
    'its own pre_patch may refuse in the end',
    load({ ...same, callbacks: { ...NO_CALLBACKS, prePatch: true } }),
    { loaded: false },
    'UNKNOWN',
    'OK',
  ],
  ['a listed patch cannot be read', load(same), { list: [unreadable] }, 'UNKNOWN', 'OK'],
  [
    'a listed patch cannot be read, and another one refuses anyway',
    load(low),
    { list: [unreadable, held] },
    'EINVAL',
  ],
  ['its own states cannot be read', load(unreadable), {}, 'UNKNOWN', 'OK'],
  [
    'it is not known whether it is cumulative',
    load({ ...manifest('flag'), replace: null }),
    {},
    'UNKNOWN',
    'OK',
  ],
  [
    'the kernel’s rules are not known',
    load({ ...low, kernelRelease: '7.4.0' }),
    { host: { kernelRelease: '7.4.0', capabilities: capabilities({ replaceSetAttribute: null }) } },
    'UNKNOWN',
    'EINVAL',
  ],
  ['disabling asks for no state', disabling('held'), {}, 'OK'],
  ['there is no directory', disabling('low'), {}, 'ENOENT'],
  ['another transition is open', disabling('low'), { list: [low, opening] }, 'EBUSY'],
  ['its own transition is reversed', disabling('held'), { list: [opening] }, 'OK'],
  [
    'it is on its way out already',
    disabling('held'),
    { list: [listed(held, { transition: true, enabled: false })] },
    'EINVAL',
  ],
  [
    'on its way out, it is reversed',
    enabling('held'),
    { list: [listed(held, { transition: true, enabled: false })] },
    'OK',
  ],
  ['it is enabled already', enabling('held'), {}, 'EINVAL'],
  [
    'a disabled one has no directory any more',
    enabling('held'),
    { list: [], host: { leftovers: [leftover(held)] } },
    'ENOENT',
  ],
  [
    'forcing ends its own transition',
    { action: 'WRITE', patch: 'held', attribute: 'force', value: '1' },
    { list: [opening] },
    'OK',
  ],
  [
    'forcing without a transition',
    { action: 'WRITE', patch: 'held', attribute: 'force', value: 'on' },
    {},
    'EINVAL',
  ],
  ['a listed module is held by the kernel', remove('held'), {}, 'EAGAIN'],
  ['a leftover goes', remove('low'), { host: { leftovers: [leftover(low)] } }, 'OK'],
  [
    'a pinned leftover stays',
    remove('low'),
    { host: { leftovers: [leftover(low, { pinned: true })] } },
    'EAGAIN',
  ],
  ['nothing of that name is loaded', remove('low'), {}, 'ENOENT'],
  [
    'a leftover goes, unless modules are disabled',
    remove('low'),
    { host: { leftovers: [leftover(low)], gates: { modulesDisabled: null, ftraceEnabled: true } } },
    'UNKNOWN',
    'OK',
  ],
  [
    'under replace-set a lower version in the same set',
    load({ ...low, replace: false }),
    { rules: 'replace-set' },
    'EINVAL',
  ],
  ['without a state check nothing is incompatible', load(low), { rules: 'none' }, 'OK'],
])('%s', (_, operation, at, expected, likely = expected as KernelAnswer) => {
  const prediction = answer(operation, at);
  expect(prediction).toMatchObject({ answer: expected, likely });
  // What cannot be told is always said with its reason.
  expect(prediction.answer !== 'UNKNOWN' || prediction.reasons.length > 0).toBe(true);
});

test.each<[sentence: string, values: string[], answer: KernelAnswer]>([
  ['yes, in every way that the kernel takes', ['1', 'y', 'Y', 'on', 'ON', 'yes, please'], 'EINVAL'],
  ['no, in every way that the kernel takes', ['0', 'n', 'N', 'off', 'OFF', 'oFten'], 'OK'],
])('a patch is enabled, and someone writes %s', (_, values, expected) => {
  const answers = values.map(
    (value) => answer({ action: 'WRITE', patch: 'held', attribute: 'enabled', value }, {}).answer,
  );
  expect(answers).toEqual(values.map(() => expected));
});

test.each(['', '2', 'x1', 'x0', ' 1', 'o', 'ox', 'an', 'af', 'at', 'ae', 'ad'])(
  'it is neither yes nor no: %j',
  (value) => {
    const force = { action: 'WRITE', patch: 'held', attribute: 'force', value } as const;
    expect([
      value,
      answer(force, { list: [opening] }),
      answer({ ...force, attribute: 'enabled' }, {}),
    ]).toEqual([
      value,
      { answer: 'EINVAL', likely: 'EINVAL', reasons: [], doubt: null },
      { answer: 'EINVAL', likely: 'EINVAL', reasons: [], doubt: null },
    ]);
  },
);

test.each<[sentence: string, release: string, values: string[], answer: KernelAnswer | 'UNKNOWN']>([
  ['true, since 5.19', '6.12.95', ['t', 'True'], 'EINVAL'],
  ['false, since 5.19', '6.12.95', ['f', 'False'], 'OK'],
  ['true, of a kernel that is enabled already: refused either way', '5.10.0', ['t', 'True'], 'EINVAL'],
  ['false, where a distribution may have backported it', '5.10.0', ['f', 'False'], 'UNKNOWN'],
  ['false, on a kernel of unknown release', 'custom', ['f'], 'UNKNOWN'],
  ['enable', '7.3.0', ['e', 'Enable'], 'EINVAL'],
  ['disable, which only newer kernels take', '7.3.0', ['d', 'Disabled'], 'UNKNOWN'],
])('a patch is enabled, and someone writes %s', (_, kernelRelease, values, expected) => {
  for (const value of values) {
    const prediction = answer(
      { action: 'WRITE', patch: 'held', attribute: 'enabled', value },
      { host: { kernelRelease } },
    );
    const doubt = expected === 'UNKNOWN' ? `not every kernel takes '${value}' for no` : null;
    expect({ value, ...prediction }).toMatchObject({ value, answer: expected, doubt });
  }
});

test.each<[sentence: string, kernelRelease: string, value: string, prediction: object]>([
  [
    'true, where a distribution may have backported it',
    '5.10.0',
    't',
    { answer: 'UNKNOWN', likely: 'OK', doubt: "not every kernel takes 't' for yes" },
  ],
  ['true, since 5.19', '5.19.0', 't', { answer: 'OK', likely: 'OK', doubt: null }],
  [
    'enable, which only newer kernels take',
    '6.12.95',
    'enable',
    { answer: 'UNKNOWN', likely: 'OK', doubt: "not every kernel takes 'enable' for yes" },
  ],
  ['false: it is on its way out already', '5.10.0', 'f', { answer: 'EINVAL', likely: 'EINVAL', doubt: null }],
])('a patch is on its way out, and someone writes %s', (_, kernelRelease, value, prediction) => {
  const list = [listed(held, { transition: true, enabled: false })];
  const write = { action: 'WRITE', patch: 'held', attribute: 'enabled', value } as const;
  expect(answer(write, { list, host: { kernelRelease } })).toMatchObject(prediction);
});

test.each<[sentence: string, codes: ReasonCode[], answer: KernelAnswer | 'UNKNOWN', likely: KernelAnswer]>([
  ['nothing', [], 'OK', 'OK'],
  [
    'of two refusals the one that the kernel meets first, in any order',
    ['TRANSITION_IN_PROGRESS', 'STATE_VERSION_TOO_LOW'],
    'EINVAL',
    'EINVAL',
  ],
  ['and so the other way round', ['STATE_VERSION_TOO_LOW', 'TRANSITION_IN_PROGRESS'], 'EINVAL', 'EINVAL'],
  ['harm is no answer of the kernel', ['STATE_LEFT_BEHIND'], 'OK', 'OK'],
  ['nor is an advisory, before a refusal', ['CVE_REOPENED', 'TRANSITION_IN_PROGRESS'], 'EBUSY', 'EBUSY'],
])('which answer do reasons make: %s', (_, codes, expected, likely) => {
  const reasons = codes.map((code) => ({ code }));
  expect(summarise(reasons)).toEqual({ answer: expected, likely, reasons, doubt: null });
});

test.each<[sentence: string, operation: Operation, at: At, reasons: object[]]>([
  [
    'whether it is cumulative',
    load({ ...manifest('flag'), replace: null }),
    { published: [manifest('flag')] },
    [{ code: 'REPLACE_UNKNOWN', patch: 'flag', buildId: 'id-of-flag' }],
  ],
  [
    'what a listed patch declares',
    load(same),
    { list: [unreadable] },
    [{ code: 'STATES_UNREADABLE', patch: 'unreadable', buildId: 'id-of-unreadable' }],
  ],
  [
    'whether the module to remove is still loading',
    remove('low'),
    { host: { leftovers: [leftover(low, { moduleState: 'LOADING' })] } },
    [
      {
        code: 'MODULE_STILL_LOADING',
        patch: 'low',
        buildId: 'id-of-low',
        detail: 'its module is in state LOADING',
      },
    ],
  ],
  [
    'whether modules can be removed',
    remove('low'),
    { host: { leftovers: [leftover(low)], gates: { modulesDisabled: null, ftraceEnabled: true } } },
    [{ code: 'HOST_GATES_UNKNOWN', detail: 'kernel.modules_disabled' }],
  ],
])('the only doubt is %s', (_, operation, at, reasons) =>
  expect(answer(operation, at)).toMatchObject({ answer: 'UNKNOWN', reasons }),
);

test('keys of other machines are not taken to be the keys of this one', () => {
  const signed = manifest('signed', {}, { files: [{ sha256: 'sha', signed: true, signer: 'key' }] });
  const known = catalog([signed], { sightings: () => sightings(signed, { verified: true }) });
  const enforcing = running([], { capabilities: capabilities({ signatureEnforced: true }) });
  expect(predict(resolveSituation(enforcing, known), load(signed), known)).toMatchObject({
    answer: 'UNKNOWN',
    reasons: [{ code: 'SIGNATURE_UNVERIFIED' }],
  });
});

test('what two possible rule sets refuse alike is said once', () => {
  const { reasons } = answer(load({ ...low, kernelRelease: '7.4.0' }), {
    host: { kernelRelease: '7.4.0', capabilities: capabilities({ replaceSetAttribute: null }) },
  });
  expect(reasons.map(({ code }) => code)).toEqual([
    'RULES_UNKNOWN',
    'STATE_VERSION_TOO_LOW',
    'SYMBOLS_UNVERIFIED',
  ]);
});

test('a ban on disabling refuses it, under the rules that have one', () => {
  const banned = { ...held, states: [{ id: 7n, version: 2, blockDisable: true }] };
  const at = { list: [listed(banned)], published: [banned] };
  const known = catalog([banned]);
  const rules = {
    candidates: [RULE_SETS['block-disable']],
    basis: 'QUESTION',
    chosen: { sets: ['block-disable'], basis: 'QUESTION' },
  } as const;
  expect(predict(resolveSituation(running(at.list), known), disabling('held'), known, rules)).toMatchObject({
    answer: 'EINVAL',
    reasons: [{ code: 'PATCH_BLOCKS_DISABLE', stateId: 7n }],
  });
});
