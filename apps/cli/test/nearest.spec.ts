import { HOSTS, PATCHES } from '../src/registry/generated/operations.js';
import { nearest } from '../src/registry/nearest.js';
import { klpreg } from './environment.js';
import { madeUpAnswer } from './made-up.js';
// cspell:ignore originall
import { TinyRegistry } from './tiny-registry.js';

test.each<[word: string, names: string[], near: string | null]>([
  ['web-1.amd', ['db-1.ams', 'web-1.ams', 'web-11.ams'], 'web-1.ams'],
  ['WEB-1', ['web-1'], 'web-1'],
  ['cumulative-2026.9', ['cumulative-2026.09', 'cumulative-2026.10'], 'cumulative-2026.09'],
  ['originall', ['original', 'previous'], 'original'],
  ['router', ['web-1', 'db-1'], null],
  ['x', [], null],
])('%s among %j is %j', (word, names, near) => {
  expect(nearest(word, names)).toBe(near);
});

const onePage = { totalCount: 1, pageInfo: { hasNextPage: false, endCursor: null } };
const none = { nodes: [], totalCount: 0, pageInfo: onePage.pageInfo };

test.each<[what: string, words: string[], said: RegExp]>([
  ['host', ['explain', 'web-l.ams'], /no host 'web-l.ams'\n {2}did you mean web-1.ams\?/],
  [
    'release',
    ['explain', 'web-1.ams', '--to', 'lp-21'],
    /named 'lp-21' is published\n {2}did you mean lp-12\?/,
  ],
])('a misspelt %s is a usage error with the one that is near', async (_what, words, said) => {
  const registry = await TinyRegistry.open(({ operation, variables }) => {
    const [host] = (madeUpAnswer(HOSTS.text) as { hosts: { nodes: object[] } }).hosts.nodes;
    const [patch] = (madeUpAnswer(PATCHES.text) as { patches: { nodes: object[] } }).patches.nodes;
    const found = { id: 'x', hostname: 'web-1.ams', labels: [] };
    const data: Record<string, unknown> = {
      FindHost: { host: variables['hostname'] === 'web-1.ams' ? found : null },
      Hosts: { hosts: { nodes: [{ ...host, hostname: 'web-1.ams' }], ...onePage } },
      NamedBuilds: { ofRelease: none, ofName: none },
      Patches: { patches: { nodes: [{ ...patch, release: 'lp-12' }], ...onePage } },
    };
    return { body: { data: data[operation] } };
  });
  const { exit, err } = await klpreg([...words, '--url', registry.url]);
  await registry.close();
  expect([exit, err]).toEqual([2, expect.stringMatching(said)]);
});

test('a hint that cannot be given changes no exit code', async () => {
  const registry = await TinyRegistry.open(({ operation }) =>
    operation === 'FindHost' ? { body: { data: { host: null } } } : 'hang up',
  );
  const { exit, err } = await klpreg(['explain', 'web-1', '--url', registry.url]);
  await registry.close();
  expect([exit, err]).toEqual([2, expect.stringMatching(/there is no host 'web-1'\n {2}klpreg hosts lists/)]);
});
