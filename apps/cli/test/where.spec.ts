import { hostFilter, parseWhere } from '../src/where/filter.js';
import { suggestions } from '../src/where/suggest.js';

test.each<[selector: string, sentence: string]>([
  ['release=lp-12', "no host has a label 'release'; did you mean running=release:lp-12?"],
  ['host=web-1', "no host has a label 'host'; did you mean hostname=web-1?"],
  ['kernels=6.12.*', "no host has a label 'kernels'; did you mean kernel=6.12.*?"],
  ['rol=web', "no host has a label 'rol'; did you mean role=web?"],
  ['toString=x', "no host has a label 'toString'"],
  ['datacenter', "no host has a label 'datacenter'"],
])('a label that no host has: %s', (selector, sentence) => {
  expect(suggestions(parseWhere(selector), ['role', 'env', 'agent.site'])).toEqual([sentence]);
});

test.each<[name: string, read: () => unknown, message: string, hints: string[]]>([
  [
    '--where shows the place',
    () => hostFilter('env=prod\trole=web'),
    "--where: expected ',' or the end, found 'role'",
    ['env=prod role=web', '         ^'],
  ],
  [
    '--where shows the end',
    () => hostFilter('env='),
    '--where: expected a value (in quotes if it is empty or has one of , = ! ( ) or spaces), found the end',
    ['env=', '    ^'],
  ],
  [
    '--where shows a fact that is wrong',
    () => hostFilter('a,patches=many'),
    '--where: patches takes a number of patches: 0, 2, 2+ or 1-3',
    ['a,patches=many', '  ^'],
  ],
  [
    '--where may not be empty',
    () => hostFilter(''),
    '--where: the selector is empty; to match all hosts, leave it out',
    ['', '^'],
  ],
  [
    'another flag has its own name',
    () => parseWhere('=prod', '--scope'),
    "--scope: expected a label name, found '='",
    ['=prod', '^'],
  ],
])('an error in a selector is a usage error: %s', (_, read, message, hints) => {
  expect(read).toThrow(expect.objectContaining({ exit: 2, message, hints }));
});
