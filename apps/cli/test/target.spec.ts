import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openModule } from '@klpreg/module';
import { Manifest } from '@klpreg/wire';
import { manifestFrom } from '../src/module/manifest.js';
import { plainTarget, formatTarget } from '../src/registry/target.js';
import { TinyRegistry } from './tiny-registry.js';
import { klpreg } from './environment.js';
import { unpackModules } from './modules.js';

const BUILD = '00112233445566778899aabbccddeeff00112233';

test.each<[words: string, target: object | null, said: string]>([
  ['original', { original: true }, 'the original code'],
  ['ORIGINAL', { original: true }, 'the original code'],
  ['previous', { previous: true }, 'the previous list'],
  ['release:original', { release: 'original' }, 'release original'],
  ['release:a:b', { release: 'a:b' }, 'release a:b'],
  ['name:lp_1', { name: 'lp_1' }, 'module lp_1'],
  [`build-id:${BUILD.toUpperCase()}`, { buildId: BUILD }, `build ${BUILD}`],
  ['build-id:0011223344556677', { buildId: '0011223344556677' }, 'build 0011223344556677'],
  [BUILD, { buildId: BUILD }, `build ${BUILD}`],
  ['lp_1', null, ''],
  ['0011223344556677', null, ''],
])('%s', (words, target, said) => {
  expect(plainTarget(words)).toEqual(target);
  if (target !== null) expect(formatTarget(plainTarget(words)!)).toBe(said);
});

test.each<[rule: string, release: string[], name: string[], asked: object | null, said: RegExp]>([
  ['a release of that name', ['aa'], [], { release: 'web-1' }, /^$/],
  ['a module of that name', [], ['aa'], { name: 'web-1' }, /^$/],
  ['both, and they are the same builds', ['aa', 'bb'], ['bb', 'aa'], { release: 'web-1' }, /^$/],
  ['both, and they differ', ['aa', 'bb'], ['aa'], null, /write release:web-1 or name:web-1/],
  ['neither', [], [], null, /no release and no module named 'web-1'/],
])('a bare name: %s', async (_rule, release, name, asked, said) => {
  const builds = (ids: string[]) => ({
    nodes: ids.map((buildId) => ({ buildId })),
    totalCount: ids.length,
    pageInfo: { hasNextPage: false, endCursor: null },
  });
  const registry = await TinyRegistry.open((request) =>
    request.operation === 'NamedBuilds'
      ? { body: { data: { ofRelease: builds(release), ofName: builds(name) } } }
      : 'hang up',
  );
  const { exit, err } = await klpreg(['can-i-downgrade', '--to', 'web-1', '--url', registry.url]);
  await registry.close();
  expect(registry.requests[0]!.variables).toEqual({
    release: { releases: ['web-1'] },
    name: { names: ['web_1'] },
  });
  if (asked === null) {
    expect(err).toMatch(said);
    expect(exit).toBe(2);
  } else expect(registry.requests[1]!.variables['to']).toEqual(asked);
});

describe('a file is a target that is not published', () => {
  const NAMES = [
    'lab_r_1v2_a',
    'lab_r_1v1_cb',
    'lab_r_1v1_dyn',
    'lab_r_u64max_a',
    'lab_n_1v1_z9_2v1_a',
    'lab_r_s0_a',
  ];
  const folder = unpackModules('7.3', NAMES);

  test('a module has a manifest, with the facts that are read from it', async () => {
    for (const file of NAMES.map((name) => `${name}.ko`)) {
      const module = await openModule(readFileSync(path.join(folder, file)));
      const manifest = Manifest.parse(JSON.parse(await manifestFrom(path.join(folder, file), 'web')));
      expect(manifest).toMatchObject({
        buildId: module.buildId,
        owner: 'web',
        facts: {
          sha256: module.sha256,
          replace: module.replace,
          impact: module.impact,
          states: module.states?.map(({ id, version }) => ({ id: id.toString(), version })) ?? null,
        },
      });
    }
  });

  test('it is sent with the question, which says "what if"', async () => {
    const registry = await TinyRegistry.open(() => 'hang up');
    const file = path.join(folder, 'lab_r_1v2_a.ko');
    const { exit } = await klpreg(['can-i-downgrade', '--to', file, '--url', registry.url]);
    await registry.close();
    const { to } = registry.requests[0]!.variables as { to: { manifest: string } };
    expect({ exit, said: formatTarget(to) }).toEqual({
      exit: 4,
      said: 'the unpublished module lab_r_1v2_a (what if)',
    });
  });

  test.each([
    [['--to', 'none.ko'], /none\.ko: .*ENOENT/],
    [['--to', 'none.json'], /none\.json cannot be read/],
    [['--to', 'lp-10', '--owner', 'web'], /--owner is for a target that is a file/],
  ])('%j is a usage error', async (words, message) => {
    const { exit, err } = await klpreg(['can-i-downgrade', ...words, '--url', 'http://127.0.0.1:9']);
    expect({ exit, err }).toEqual({ exit: 2, err: expect.stringMatching(message) });
  });
});
