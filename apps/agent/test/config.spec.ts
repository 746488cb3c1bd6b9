import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configure } from '../src/config/configure.js';
import type { Settings } from '../src/settings.js';
import { agent } from './agent.js';
import { temporaryFolder } from './trees.js';

const folder = temporaryFolder();
const file = (text: string): string => {
  const path = join(folder, `${Math.abs(Date.now())}-${Math.random()}.toml`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
const none = file('');

test('the later wins: file, environment, flags; labels are joined', () => {
  const config = file(
    'url = "http://file"\ntoken = "from-file"\ntimeout = 10\nlabels = { ' +
      'env = "prod", role = "web" }\nmodules = ["/a"]\n',
  );
  const environment = {
    KLPREG_URL: 'http://environment/',
    KLPREG_TIMEOUT: '20',
    KLPREG_LABELS: 'role=api',
    KLPREG_MODULES: '/b:/c',
    KLPREG_PORT: 'of another program',
    KLPREG_HOSTNAME: '',
  };
  const settings = configure({ config, timeout: '30', labels: ['rack=7'] }, environment);
  expect(settings).toMatchObject({
    url: 'http://environment',
    token: 'from-file',
    timeout: 30,
    hostname: null,
    labels: { env: 'prod', role: 'api', rack: '7' },
    modules: ['/b', '/c'],
  });
});

test('a token file of a later source replaces a token of an earlier', () => {
  const token = file('s3cret\n');
  expect(configure({ config: file('token = "old"'), token_file: token }, {}).token).toBe('s3cret');
  expect(configure({ config: file(`token_file = "${token}"`), token: 'new' }, {}).token).toBe('new');
});

test.each<[what: string, flags: Record<string, unknown>, roots: Partial<Settings['roots']>, isTree: boolean]>(
  [
    [
      'this host',
      {},
      {
        root: '/',
        sys: '/sys',
        proc: '/proc',
        libModules: '/lib/modules',
        kpatch: '/var/lib/kpatch',
        system: '/',
      },
      false,
    ],
    [
      'a tree',
      { root: '/t' },
      {
        sys: '/t/sys',
        proc: '/t/proc',
        libModules: '/t/lib/modules',
        kpatch: '/t/var/lib/kpatch',
        system: '/t',
      },
      true,
    ],
    [
      'another sys and proc: nothing is taken from this host’s /etc',
      { sys: '/h/sys', proc: '/h/proc' },
      { root: '/', sys: '/h/sys', proc: '/h/proc', system: null },
      true,
    ],
  ],
)('roots of %s', (_what, flags, roots, isTree) =>
  expect(configure({ config: none, ...flags }, {})).toMatchObject({ roots, isTree }),
);

test('state: /var/lib for root, the user’s own state directory else', () => {
  expect(configure({ config: none }, {}, 0).state).toBe('/var/lib/klpreg');
  expect(configure({ config: none }, { XDG_STATE_HOME: '/x' }, 1000).state).toBe('/x/klpreg');
  expect(configure({ config: none }, {}, 1000).state).toMatch(/\/\.local\/state\/klpreg$/);
});

test.each<[what: string, flags: Record<string, unknown>, environment: NodeJS.ProcessEnv, message: RegExp]>([
  [
    'a URL that is none',
    { url: 'registry' },
    {},
    /^the command line: --url: found "registry"; allowed: an http:\/\/ or https:\/\/ URL/,
  ],
  ['a URL with a password', { url: 'http://u:p@h' }, {}, /--url: found/],
  [
    'a label without a value',
    { labels: ['env'] },
    {},
    /^the command line: --label: found \["env"\]; allowed: key=value/,
  ],
  [
    'a boot id that is none',
    {},
    { KLPREG_BOOT_ID: '1' },
    /^the environment: KLPREG_BOOT_ID: found "1"; allowed: a UUID/,
  ],
  [
    'a timeout that is none',
    { config: file('timeout = "soon"') },
    {},
    /\.toml: timeout: found "soon"; allowed: seconds, 1 to 3600/,
  ],
  ['an unknown field', { config: file('urls = "x"') }, {}, /\.toml: urls is unknown; allowed are url, token/],
  [
    'a file that is not TOML',
    { config: file('url = "x"\ntoken = s3cret') },
    {},
    /\.toml: line 2, column \d+: is not TOML$/,
  ],
  ['a file that is not there', { config: '/none.toml' }, {}, /^\/none\.toml: there is no such file$/],
  ['two tokens', { token: 'a', token_file: '/b' }, {}, /set --token or --token-file, not both/],
  [
    'a token file that is not there',
    { token_file: '/none' },
    {},
    /token_file: \/none: there is no such file/,
  ],
])('%s', (_what, flags, environment, message) => {
  expect(() => configure({ config: none, ...flags }, environment)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) }),
  );
});

test.each<[mode: number, allowed: boolean]>([
  [0o600, true],
  [0o400, true],
  [0o640, true],
  [0o644, false],
  [0o660, false],
  [0o604, false],
])('a secret of mode %i: %s', (mode, allowed) => {
  const [token, config] = [file('s3cret'), file('token = "s3cret"')];
  for (const path of [token, config]) chmodSync(path, mode);
  const link = join(folder, `link-${mode}`);
  symlinkSync(token, link);
  for (const flags of [{ token_file: token }, { token_file: link }, { config }])
    if (allowed) expect(configure({ config: none, ...flags }, {}).token).toBe('s3cret');
    else
      expect(() => configure({ config: none, ...flags }, {})).toThrow(
        expect.objectContaining({
          code: 'USAGE',
          message: expect.stringMatching(
            /can be read or changed by other users \(mode 0\d{3}\); make it 0600 or 0640$/,
          ),
        }),
      );
});

test('a configuration file without a token may be read by others, and not changed', () => {
  const config = file('url = "http://registry"');
  chmodSync(config, 0o644);
  expect(configure({ config }, {}).url).toBe('http://registry');
  chmodSync(config, 0o646);
  expect(() => configure({ config }, {})).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringMatching(/can be changed by every user \(mode 0646\); make it 0644$/),
    }),
  );
});

test('a secret is never shown', () => {
  for (const wrong of [{ token: 's3cret with spaces' }, { token_file: file('s3cret with spaces') }]) {
    let said = '';
    try {
      configure({ config: none, ...wrong }, {});
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(/found \(not shown\)/);
    expect(said).not.toMatch(/s3cret/);
  }
});

test('help and version are answers; a wrong word is exit 2', async () => {
  expect(await agent('--version')).toEqual({ exit: 0, out: '0.1.0\n', err: '' });
  expect(await agent('--help')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/never writes below \/sys or \/proc[\s\S]*Exit codes:/),
  });
  expect(await agent('dmp')).toMatchObject({ exit: 2, err: expect.stringMatching(/unknown command 'dmp'/) });
  expect(await agent('report', '--root', folder, '--config', none)).toMatchObject({
    exit: 2,
    err: expect.stringMatching(/no registry is configured/),
  });
});
