import { plainTarget, formatTarget } from '../src/registry/target.js';
import { TinyRegistry } from './tiny-registry.js';
import { klpreg } from './environment.js';

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
