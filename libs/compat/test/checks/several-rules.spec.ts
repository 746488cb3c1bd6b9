import { RULE_SETS } from '../../src/index.js';
import {
  type Asked,
  ask,
  capabilities,
  cumulative,
  leftover,
  listed,
  manifest,
  older,
  plain,
  statement,
} from '../../src/testing/index.js';

// What each rule set says alone, and what is said where several may hold.

const two = manifest('two', { 7: 2, 8: 1 });
const target = manifest('target', { 7: 1, 8: 1 });
const codes = (asked: Asked): string[] =>
  ask(asked).reasons.map(({ code, stateId, detail }) =>
    code === 'RULES_UNKNOWN'
      ? `${code} ${detail}`
      : [code, stateId].filter((part) => part !== undefined).join(' '),
  );
const on = (kernelRelease: string, differs: Parameters<typeof capabilities>[0]): Asked => ({
  list: [manifest('two', { 7: 2, 8: 1 }, { kernelRelease })],
  to: { ...target, kernelRelease },
  host: { kernelRelease, capabilities: capabilities(differs) },
});
const OLD = { symbols: null, stateFields: null, replaceSetAttribute: null };

test.each<[sentence: string, asked: Asked, codes: string[]]>([
  [
    'under the kernel’s own rules a low version is refused, and nothing is left behind',
    { list: [two], to: target },
    ['STATE_VERSION_TOO_LOW 7'],
  ],
  [
    'without a state check it is left behind',
    { list: [two], to: target, question: { rules: 'none' } },
    ['STATE_LEFT_BEHIND 7'],
  ],
  [
    'where either may hold, both are said, and the rules are a doubt',
    on('5.4.0', OLD),
    ['RULES_UNKNOWN none or klp-5.5', 'STATE_VERSION_TOO_LOW 7', 'STATE_LEFT_BEHIND 7'],
  ],
  [
    'where both refuse it is said once, and nothing is left behind',
    on('7.4.0', { replaceSetAttribute: null }),
    ['RULES_UNKNOWN klp-5.5 or replace-set', 'STATE_VERSION_TOO_LOW 7'],
  ],
  [
    'where one of three does not refuse it, it may be left behind',
    on('7.4.0', OLD),
    [
      'RULES_UNKNOWN klp-5.5 or block-disable or replace-set',
      'STATE_VERSION_TOO_LOW 7',
      'STATE_LEFT_BEHIND 7',
    ],
  ],
  [
    'where both accept, the rules are no doubt',
    { ...on('5.4.0', OLD), to: manifest('target', { 7: 2, 8: 1 }, { kernelRelease: '5.4.0' }) },
    [],
  ],
  [
    'a proposal’s rules rest on what no file tells',
    {
      ...on('7.4.0', { replaceSetAttribute: true }),
      to: manifest('target', { 7: 2, 8: 1 }, { kernelRelease: '7.4.0' }),
    },
    ['RULES_UNKNOWN replace-set'],
  ],
  ['unless nothing is listed', { ...on('7.4.0', { replaceSetAttribute: true }), list: [] }, []],
])('%s', (_, asked, expected) => expect(codes(asked)).toEqual(expected));

test('no kernel without a state check refuses', () => {
  const { none } = RULE_SETS;
  expect([
    none.findStateRefusals(cumulative('a'), [cumulative('b', { 7: 1 })]),
    none.findDisableRefusals(cumulative('b', { 7: 1 })),
  ]).toEqual([[], []]);
});

test('disabling is refused only where a state may forbid it', () => {
  const banning = { ...cumulative('a', { 7: 1 }), states: [{ id: 7n, version: 1, blockDisable: true }] };
  expect(
    Object.values(RULE_SETS).map((rules) => [rules.name, rules.findDisableRefusals(banning).length]),
  ).toEqual([
    ['none', 0],
    ['klp-5.5', 0],
    ['block-disable', 1],
    ['replace-set', 0],
  ]);
  expect(RULE_SETS['block-disable'].findStateRefusals(plain('b'), [banning])).toEqual([]);
});

test.each<[sentence: string, asked: Asked, errno: string | null]>([
  [
    'a kernel without livepatches turns the module away before it looks at names',
    { host: { capabilities: capabilities({ livepatch: false }), leftovers: [leftover(older)] } },
    'ENOEXEC',
  ],
  [
    'a name that is loaded comes before states',
    { list: [two], to: target, host: { leftovers: [leftover(target)] } },
    'EEXIST',
  ],
  [
    'states come before an open transition',
    { list: [listed(two, { transition: true })], published: [two], to: target },
    'EINVAL',
  ],
])('%s', (_, asked, errno) => expect(ask(asked).errno).toBe(errno));

test.each<[code: string, asked: Asked]>([
  ['TARGET_UNRESOLVED', { to: { kind: 'PREVIOUS' } }],
  ['REPLACE_UNKNOWN', { to: manifest('target', { 7: 1 }, { replace: null }) }],
  ['EVIDENCE_CONFLICT', { to: manifest('target', { 7: 1 }, { conflicts: ['states'] }) }],
])('%s is never waved through', (code, asked) => {
  const verdict = ask({ ...asked, question: { allow: [code] } });
  expect(verdict.reasons.map((reason) => reason.code)).toContain(code);
  expect({ kind: verdict.kind, allowed: verdict.allowed }).toEqual({ kind: 'UNKNOWN', allowed: [] });
});

test('the evidence of an author statement is in the reason', () => {
  const promise = { states: [{ id: 7n, version: 1, restore: 'CALLBACKS' as const }] };
  const own = (evidence: 'UNSIGNED' | 'MANIFEST', file: 'MODULE' | 'UNSIGNED') =>
    manifest(
      'own',
      { 7: 1 },
      {
        evidence: file,
        callbacks: { prePatch: false, postPatch: false, preUnpatch: true, postUnpatch: false },
        author: statement({ ...promise, evidence }),
      },
    );
  const details = (patch: ReturnType<typeof own>) =>
    ask({ list: [patch], to: { kind: 'ORIGINAL' } }).reasons.map(({ detail }) => detail);
  expect(details(own('UNSIGNED', 'MODULE'))).toEqual([
    'its author statement is UNSIGNED, MANIFEST is required',
  ]);
  expect(details(own('MANIFEST', 'UNSIGNED'))).toEqual([
    'its states are UNSIGNED, MODULE is required',
    'its callbacks are UNSIGNED, MODULE is required',
  ]);
});
