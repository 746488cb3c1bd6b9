import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../../..');
const text = readFileSync(path.join(root, 'docs/operating/security.md'), 'utf8');
const specs = [...text.matchAll(/`([\w/-]+\.spec)`/g)].map(([, name]) => name!);

test('docs/operating/security.md names specs that exist', () => {
  expect(specs.length).toBeGreaterThan(15);
  const exists = (name: string) =>
    [root, __dirname].some((folder) => existsSync(path.join(folder, `${name}.ts`)));
  expect(specs.filter((name) => !exists(name))).toEqual([]);
});
