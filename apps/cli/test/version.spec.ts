import { readFileSync } from 'node:fs';
import path from 'node:path';
import { VERSION } from '../src/version.js';
import { klpreg } from './environment.js';
import { TinyRegistry } from './tiny-registry.js';

const versions = async (body: unknown, status = 200) => {
  const registry = await TinyRegistry.open(() => ({ body, status }));
  const { exit, out, err } = await klpreg(['version', '--json', '--url', registry.url]);
  await registry.close();
  return { exit, data: JSON.parse(out) as { registry: string | null; rules: string | null }, err };
};

test('is that of package.json', () => {
  const { version } = JSON.parse(readFileSync(path.join(__dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  expect(VERSION).toBe(version);
});

test('of the registry and of its rules', async () => {
  expect(await versions({ name: 'x', version: '1.2.3', rules: '2026-11-27', links: {} })).toMatchObject({
    exit: 0,
    data: { schemaVersion: 1, klpreg: VERSION, registry: '1.2.3', rules: '2026-11-27' },
    err: '',
  });
});

test.each<[what: string, body: unknown, status: number, said: string]>([
  ['an older registry, which does not tell its rules', { version: '1' }, 200, 'rules should be text'],
  ['a page', '<html>', 200, 'unknown form'],
  ['a wrong token', { title: 'Unauthorized', status: 401 }, 401, 'does not tell its version'],
])('of this program alone: %s', async (_what, body, status, said) => {
  expect(await versions(body, status)).toMatchObject({
    exit: 0,
    data: { klpreg: VERSION, registry: null, rules: null },
    err: expect.stringContaining(said) as string,
  });
});

test('of this program alone: no registry', async () => {
  const { exit, out, err } = await klpreg(['version', '-o', 'table', '--url', 'http://127.0.0.1:1']);
  expect([exit, out, err]).toEqual([0, `klpreg  ${VERSION}\n`, expect.stringContaining('cannot be reached')]);
});
