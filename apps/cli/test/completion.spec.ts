import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { completionTable } from '../src/completion/table.js';
import { allCommands } from '../src/commands/all.js';
import { programFor } from '../src/program.js';
import { klpreg, TestEnvironment } from './environment.js';

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));
const script = (shell: string) => path.join(folder, shell);
beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(script(shell), (await klpreg(['completion', shell])).out);
});

const table = completionTable(programFor(new TestEnvironment(), allCommands, () => {}));

/** What a shell offers after these words; the last one is being typed. */
type Ask = (lines: readonly (readonly string[])[]) => string[][];

/** bash splits words at `=`, as its `COMP_WORDBREAKS` says. */
const bash: Ask = (lines) => {
  const asks = lines.map((words) => {
    const split = words
      .flatMap((word) => word.split(/(=)/))
      .filter((word, i, all) => word !== '' || i === all.length - 1);
    const typed = split.at(-2) === '=' && split.at(-1) === '' ? split.slice(0, -1) : split;
    return (
      `COMP_WORDS=(${typed.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${typed.length - 1}; ` +
      `_klpreg; echo "\${COMPREPLY[*]}"`
    );
  });
  const out = execFileSync('bash', ['--norc', '-uc', `source ${script('bash')}\n${asks.join('\n')}`], {
    encoding: 'utf8',
  });
  return out.split('\n').map((line) => line.split(' ').filter((word) => word !== ''));
};

const fish: Ask = (lines) => {
  const asks = lines.map((words) => `complete -C '${words.join(' ')}'; echo end`);
  const out = execFileSync('fish', ['-N', '-c', [`source ${script('fish')}`, ...asks].join('\n')], {
    encoding: 'utf8',
    env: { ...process.env, HOME: folder },
  });
  return out.split('end\n').map((part) => part.split('\n').map((line) => line.split('\t')[0]!));
};

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0;
const SHELLS: [string, Ask][] = [
  ['bash', bash],
  ...(isInstalled('fish') ? ([['fish', fish]] as [string, Ask][]) : []),
];

describe.each(SHELLS)('%s', (_shell, ask) => {
  test('completes the words of every command', () => {
    const offered = ask(table.map(({ path: at }) => [...at.split(' '), '']));
    for (const [i, { path: at, subcommands, values }] of table.entries())
      expect([at, offered[i]]).toEqual([
        at,
        expect.arrayContaining([...subcommands.map(({ name }) => name), ...values]),
      ]);
  });

  test('completes the options of every command, and those of the commands above it', () => {
    const offered = ask(table.map(({ path: at }) => [...at.split(' '), '--']));
    for (const [i, { path: at, options }] of table.entries())
      expect([at, offered[i]]).toEqual([
        at,
        expect.arrayContaining([
          ...options.flatMap(({ names }) => names.filter((name) => name.startsWith('--'))),
          '--output',
        ]),
      ]);
  });

  test('completes closed lists of values', () => {
    expect(
      ask([
        ['klpreg', 'can-i-downgrade', '--to', 'x', '--route', 'dis'],
        ['klpreg', 'hosts', '-o', ''],
        ['klpreg', 'hosts', '--output=j'],
        ['klpreg', '--output', 'ya'],
        ['klpreg', 'token', 'create', 'x', '--role', 'g'],
        ['klpreg', 'can-i-deploy', 'x', '--allow', 'SYMBOLS_UN'],
        ['klpreg', 'completion', 'b'],
      ])
        .slice(0, 7)
        .map((words) =>
          words
            .filter(Boolean)
            .map((word) => word.replace(/^.*=/, ''))
            .toSorted(),
        ),
    ).toEqual([
      ['disable', 'disable-then-load'],
      ['github', 'json', 'junit', 'sarif', 'table', 'yaml'],
      ['json', 'junit'],
      ['yaml'],
      ['gate'],
      ['SYMBOLS_UNVERIFIED'],
      ['bash'],
    ]);
  });
});

test('bash leaves other values to the completion of file names', () => {
  expect(
    bash([
      ['klpreg', 'hosts', '--where', 'h'],
      ['klpreg', 'patch', 'lint', 'x'],
    ]).slice(0, 2),
  ).toEqual([[], []]);
});

test('another shell is a usage error', async () => {
  const { exit, err } = await klpreg(['completion', 'ksh']);
  expect([exit, err]).toEqual([2, expect.stringContaining('Allowed choices are bash, zsh, fish')]);
});

test('zsh accepts the script', () => {
  if (isInstalled('zsh')) execFileSync('zsh', ['-n', script('zsh')]);
  // each command is a case of its own
  expect(table.map(({ path: at }) => at)).toContain('klpreg enrolment token create');
});
