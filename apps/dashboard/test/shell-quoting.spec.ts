import { execFileSync } from 'node:child_process';
import { quoted } from '../src/address/question.js';
import { commandOf } from '../src/back/same-question.js';
import * as rollout from '../src/rollout/same-question.js';

/** The arguments that a shell hands to a command. */
const argumentsOf = (command: string): string[] =>
  execFileSync('sh', ['-c', `klpreg() { printf '%s\\0' "$@"; }\n${command}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

const TEXTS = [
  ['a substitution', '$(touch /tmp/run)'],
  ['backticks', '`touch /tmp/run`'],
  ['a variable', '$HOME ${PATH}'],
  ['single quotes', "it's '; touch /tmp/run; '"],
  ['double quotes', '"; touch /tmp/run; "'],
  ['a newline and a tab', 'a\n\ttouch /tmp/run\n'],
  ['a backslash at the end', 'a\\'],
  ['separators and redirections', 'a; b & c | d > e < f'],
  ['a history expansion and a comment', '!! # a'],
  ['a home directory and patterns', '~ * ? [a]'],
  ['nothing', ''],
  ['characters that change the direction', '\u202Eko.exe\u2066'],
] as const;

test.each(TEXTS)('%s is one argument for a shell, which runs nothing of it', (_, text) => {
  expect(argumentsOf(`klpreg ${quoted(text)}`)).toEqual([text]);
  expect(argumentsOf(commandOf({ to: 'original', where: text, asOf: text }))).toEqual([
    'can-i-downgrade',
    '--to',
    'original',
    '--where',
    text,
    '--as-of',
    text,
  ]);
  expect(argumentsOf(commandOf({ where: 'a=b' }, text)).at(2)).toBe(`./${text}`);
  expect(argumentsOf(rollout.commandOf({ what: text, where: text }))).toEqual([
    'can-i-deploy',
    text,
    '--where',
    text,
  ]);
});
