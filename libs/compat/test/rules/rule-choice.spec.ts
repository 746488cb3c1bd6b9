import { chooseRules, RULE_SETS } from '../../src/index.js';
import { capabilities } from '../../src/testing/index.js';

const without = ['klp_enable_patch'];

test.each<
  [
    sentence: string,
    release: string,
    probed: Parameters<typeof capabilities>[0],
    sets: string[],
    basis: string,
  ]
>([
  ['the state check is among the symbols', '6.12.95', {}, ['klp-5.5'], 'KALLSYMS'],
  ['a distribution that backported it', '4.18.0-553.el8', {}, ['klp-5.5'], 'KALLSYMS'],
  ['5.1 or newer, all symbols read, and no state check', '5.4.0', { symbols: without }, ['none'], 'KALLSYMS'],
  [
    'no symbols, and a mainline release',
    '5.10.0',
    { symbols: null, stateFields: null },
    ['klp-5.5'],
    'RELEASE',
  ],
  ['7.3 is the last that was read', '7.3.4', { symbols: null, stateFields: null }, ['klp-5.5'], 'RELEASE'],
  [
    'symbols cut short, before the state check came',
    '5.4.0',
    { symbols: without, symbolsComplete: false },
    ['none', 'klp-5.5'],
    'NOTHING',
  ],
  [
    'no symbols, newer than 7.3',
    '7.4.0',
    { symbols: null, stateFields: null },
    ['klp-5.5', 'block-disable', 'replace-set'],
    'NOTHING',
  ],
  [
    'no symbols, newer than 7.3, and states have a version',
    '7.4.0',
    { symbols: null },
    ['klp-5.5', 'replace-set'],
    'NOTHING',
  ],
  ['states without a version', '7.4.0', { stateFields: ['id', 'callbacks'] }, ['block-disable'], 'BTF'],
  [
    'the symbol that forbids disabling',
    '7.4.0',
    { symbols: ['klp_patch_disable_blocked', 'klp_is_patch_compatible'] },
    ['block-disable'],
    'KALLSYMS',
  ],
  ['the attribute of replace sets', '7.4.0', { replaceSetAttribute: true }, ['replace-set'], 'SYSFS'],
  ['older than 5.1', '4.18.0', { symbols: without }, [], 'NOTHING'],
  ['a release that is no number', 'custom', { symbols: null, stateFields: null }, [], 'NOTHING'],
  [
    '5.5 is the first with the state check',
    '5.5.0',
    { symbols: null, stateFields: null },
    ['klp-5.5'],
    'RELEASE',
  ],
  ['5.1 is the first that this knows', '5.1.0', { symbols: without }, ['none'], 'KALLSYMS'],
  ['5.1 without symbols', '5.1.0', { symbols: null, stateFields: null }, ['none', 'klp-5.5'], 'NOTHING'],
  [
    'a release that only ends in a number',
    'custom-6.12.0',
    { symbols: null, stateFields: null },
    [],
    'NOTHING',
  ],
  [
    'a release of two digits',
    '12.1.0',
    { symbols: null, stateFields: null },
    ['klp-5.5', 'block-disable', 'replace-set'],
    'NOTHING',
  ],
  [
    '5.50 is newer than 5.5 and older than 7.3',
    '5.50.0',
    { symbols: null, stateFields: null },
    ['klp-5.5'],
    'RELEASE',
  ],
  ['6.99 is older than 7.0', '6.99.0', { symbols: null, stateFields: null }, ['klp-5.5'], 'RELEASE'],
  ['6.100 is not 7.0', '6.100.0', { symbols: null, stateFields: null }, [], 'NOTHING'],
])('%s', (_, release, probed, sets, basis) => {
  const choice = chooseRules(capabilities(probed), release);
  expect({ sets: choice.candidates.map((rules) => rules.name), basis: choice.basis }).toEqual({
    sets,
    basis,
  });
});

test.each(['klp_is_patch_compatible', 'klp_get_state', 'klp_get_prev_state'])(
  '%s alone shows the state check',
  (symbol) =>
    expect(chooseRules(capabilities({ symbols: [...without, symbol] }), '5.4.0').chosen).toEqual({
      sets: ['klp-5.5'],
      basis: 'KALLSYMS',
    }),
);

test('who asks for rules gets them', () => {
  expect(chooseRules(capabilities({ symbols: null }), '4.4.0', 'replace-set')).toMatchObject({
    candidates: [{ name: 'replace-set' }],
    basis: 'QUESTION',
  });
});

test('a patch on an empty list replaces none, whether or not it is cumulative, or if that is not known', () => {
  for (const rules of Object.values(RULE_SETS))
    expect([rules.replacedBy({ replace: true }, []), rules.replacedBy({ replace: null }, [])]).toEqual([
      [],
      [],
    ]);
});
