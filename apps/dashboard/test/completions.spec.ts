import { parseWhere } from '@klpreg/where';
import { completionsOf } from '../src/address/completions.js';

const known = {
  labels: [
    { key: 'agent.env', value: 'prod' },
    { key: 'env', value: 'staging' },
    { key: 'agent.env', value: 'prod' },
    { key: 'kernel', value: 'own' },
    { key: 'note', value: 'two words' },
    { key: 'note', value: 'h'.repeat(10_000) },
  ],
  facts: { kernel: ['6.1.0-56-cloud-amd64', '7.3.4'], running: ['release:2026.09'] },
};

describe('what the filter of the hosts may become', () => {
  it.each<[name: string, typed: string, expected: string[]]>([
    ['a label, also without the prefix of the host', 'en', ['env=']],
    ['the values of a label', 'env=', ['env=prod', 'env=staging']],
    ['the values that begin as typed, whatever their case', 'env=S', ['env=staging']],
    ['a label that has the name of a fact', 'label:', ['label:kernel=']],
    ['the values of such a label', 'label:kernel=', ['label:kernel=own']],
    ['a fact', 'ker', ['kernel=']],
    ['the values of a fact that the registry knows', 'kernel=7', ['kernel=7.3.4']],
    ['the words of a fact', 'transition=', ['transition=open', 'transition=stalled', 'transition=none']],
    ['a release that runs', 'running=r', ['running=release:2026.09']],
    ['a value with a space in quotes, and none of 10,000 characters', 'note=', ['note="two words"']],
    ['the last term only', 'env=prod, boot=s', ['env=prod, boot=same']],
    ['a term after a list of values', 'role in (web,api),fresh', ['role in (web,api),freshness=']],
    ['nothing within a list of values', 'role in (web,e', []],
    ['nothing within quotes', 'note="a,e', []],
    ['nothing for a key that no host has', 'team=', []],
    ['nothing more for a whole term', 'env=prod', []],
  ])('%s', (_, typed, expected) => {
    expect(completionsOf(typed, known)).toEqual(expected);
  });

  it('has labels before facts, and is a filter once it has a value', () => {
    expect(completionsOf('', known).slice(0, 4)).toEqual(['env=', 'label:kernel=', 'note=', 'hostname=']);
    for (const key of completionsOf('', known))
      for (const whole of completionsOf(key, known)) expect(parseWhere(whole)).toHaveLength(1);
  });

  it('is short', () => {
    const labels = Array.from({ length: 500 }, (_, index) => ({ key: `k${index}`, value: 'v' }));
    expect(completionsOf('', { labels, facts: {} })).toHaveLength(100);
  });
});
