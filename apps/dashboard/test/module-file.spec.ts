import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MAX_MODULE } from '@klpreg/module';
import { readModuleFile } from '../src/module-file/read-module-file.js';
import { MODULE_FILE } from '../src/texts/module-file.js';

const PACKED = readFileSync(path.join(__dirname, '../../../libs/module/fixtures/compressed/lab_data.ko.xz'));

test('a module file gives what a question about it needs', async () => {
  const module = await readModuleFile(new File([PACKED], 'lab_data.ko.xz'));
  expect(module).toMatchObject({
    name: 'lab_data',
    summary: { arch: 'x86_64', functions: 3, signed: false },
  });
  expect(JSON.parse(module.manifest)).toMatchObject({
    schema: 'manifest/v1',
    buildId: module.buildId,
    release: 'unpublished',
    owner: 'unpublished',
    author: null,
    facts: { kernelRelease: module.kernelRelease, states: module.summary.states },
  });
});

test.each<[name: string, content: BlobPart, message: string]>([
  ['a text', 'no module', MODULE_FILE.notAModule],
  ['half a file', PACKED.subarray(0, PACKED.length / 2), MODULE_FILE.damaged('').slice(0, 20)],
  ['a file that is too large', new Uint8Array(MAX_MODULE + 1), 'at most 67108864 allowed'],
])('%s is refused with what to do next', async (_, content, message) => {
  await expect(readModuleFile(new File([content], 'x.ko'))).rejects.toMatchObject({
    name: 'ModuleFileError',
    message: expect.stringContaining(message),
  });
});
