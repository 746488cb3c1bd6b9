import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Failure } from '../src/exits.js';
import { type GlobalFlags, settingsFrom } from '../src/settings.js';
import { TestEnvironment } from './environment.js';

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(text: string): string {
  const name = path.join(folder, `file-${files++}`);
  writeFileSync(name, text, { mode: 0o600 });
  return name;
}

const settingsOf = (flags: GlobalFlags, env: Record<string, string> = {}, tty = false) =>
  settingsFrom(flags, new TestEnvironment(env, { isTTY: tty, columns: 80 }));

test.each<[rule: string, toml: string, env: Record<string, string>, flags: GlobalFlags, expected: object]>([
  [
    'without settings, the defaults hold',
    '',
    {},
    {},
    { url: 'http://127.0.0.1:3000', token: null, output: 'json' },
  ],
  [
    'the file is used',
    'url = "http://f:1"\ntoken = "tf"\noutput = "yaml"',
    {},
    {},
    { url: 'http://f:1', token: 'tf', output: 'yaml' },
  ],
  [
    'the environment wins over the file',
    'url = "http://f:1"\ntoken = "tf"',
    { KLPREG_URL: 'http://e:2', KLPREG_TOKEN: 'te' },
    {},
    { url: 'http://e:2', token: 'te' },
  ],
  [
    'flags win over the environment',
    'url = "http://f:1"',
    { KLPREG_URL: 'http://e:2', KLPREG_TOKEN: 'te' },
    { url: 'http://g:3', token: 'tg', output: 'table' },
    { url: 'http://g:3', token: 'tg', output: 'table' },
  ],
  [
    'each setting is merged separately',
    'token = "tf"',
    { KLPREG_URL: 'http://e:2' },
    { output: 'yaml' },
    { url: 'http://e:2', token: 'tf', output: 'yaml' },
  ],
  [
    'an empty variable is ignored',
    'url = "http://f:1"',
    { KLPREG_URL: '', KLPREG_TOKEN: '' },
    {},
    { url: 'http://f:1', token: null },
  ],
  [
    'a path is kept without its last slash',
    '',
    {},
    { url: 'https://r.example/klp/' },
    { url: 'https://r.example/klp' },
  ],
  [
    'the address of the GraphQL endpoint is that of the registry',
    '',
    {},
    { url: 'https://r.example/klp/graphql' },
    { url: 'https://r.example/klp' },
  ],
])('%s', (_rule, toml, env, flags, expected) => {
  expect(settingsOf({ config: file(toml), ...flags }, env)).toMatchObject(expected);
});

test('a token file is read to the end of its first line, and the later source takes precedence in either form', () => {
  const secret = file('  klp_secret \nsecond line\n');
  expect(settingsOf({ tokenFile: secret }, { KLPREG_TOKEN: 'te' }).token).toBe('klp_secret');
  expect(settingsOf({ token: 'tg', config: file(`token_file = "${secret}"`) }).token).toBe('tg');
  expect(settingsOf({}, { KLPREG_TOKEN_FILE: secret }).token).toBe('klp_secret');
  // A token file that is not used need not exist.
  expect(settingsOf({ token: 'tg', config: file('token_file = "/nowhere/at/all"') }).token).toBe('tg');
});

test.each<[mode: number, allowed: boolean]>([
  [0o600, true],
  [0o640, true],
  [0o644, false],
  [0o660, false],
])('a file with a token of mode %i: %s', (mode, allowed) => {
  const [tokenFile, config] = [file('s3cret'), file('token = "s3cret"')];
  for (const path of [tokenFile, config]) chmodSync(path, mode);
  for (const flags of [{ tokenFile, config: file('') }, { config }])
    if (allowed) expect(settingsOf(flags).token).toBe('s3cret');
    else
      expect(() => settingsOf(flags)).toThrow(
        /is not used: it can be read or changed .*; make it 0600 or 0640$/,
      );
});

test('a configuration file without a token may be read by others, and not changed', () => {
  const config = file('url = "http://f:1"');
  chmodSync(config, 0o644);
  expect(settingsOf({ config }).url).toBe('http://f:1');
  chmodSync(config, 0o646);
  expect(() => settingsOf({ config })).toThrow(/is not used: it can be changed by every user \(mode 0646\)/);
});

test('on a terminal a table, in a pipe JSON', () => {
  expect(settingsOf({}, {}, true).output).toBe('table');
  expect(settingsOf({}, {}, false).output).toBe('json');
});

test.each<[rule: string, flags: () => GlobalFlags, env: Record<string, string>, message: RegExp]>([
  [
    'a configuration file from a flag must exist',
    () => ({ config: '/nowhere/klpreg.toml' }),
    {},
    /\/nowhere\/klpreg.toml cannot be read/,
  ],
  ['broken TOML has a line', () => ({ config: file('url = "a"\ntoken =\n') }), {}, /is not TOML: line 2/],
  ['an unknown key is named', () => ({ config: file('ulr = "http://x"') }), {}, /unknown keys: ulr/],
  ['a value of the wrong type is named', () => ({ config: file('token = 5') }), {}, /token must be a string/],
  ['a URL must be valid', () => ({ url: 'registry' }), {}, /'registry' is not the URL/],
  ['another scheme is refused', () => ({ url: 'ftp://registry' }), {}, /is not the URL/],
  [
    'a password in the URL is refused',
    () => ({ url: 'http://u:p@registry' }),
    {},
    /must not contain a password/,
  ],
  ['an unknown output format', () => ({ output: 'xml' }), {}, /'xml' is not an output format/],
  [
    'two tokens in one source',
    () => ({ token: 'a', tokenFile: 'b' }),
    {},
    /both a token and a token file are set/,
  ],
  [
    'a token file that does not exist',
    () => ({ tokenFile: '/nowhere/token' }),
    {},
    /token file \/nowhere\/token cannot be read/,
  ],
  ['an empty token file', () => ({ tokenFile: file('\n') }), {}, /is empty or has characters/],
  [
    'a token that would break a header',
    () => ({}),
    { KLPREG_TOKEN: 'a\r\nb: c' },
    /is empty or has characters/,
  ],
])('%s', (_rule, flags, env, message) => {
  const given = flags();
  expect(() => settingsOf({ config: file(''), ...given }, env)).toThrow(message);
  try {
    settingsOf({ config: file(''), ...given }, env);
  } catch (error) {
    expect((error as Failure).exit).toBe(2);
  }
});
