import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MAX_MODULE } from '@klpreg/module';
import { readFileTarget } from '../src/module-file/file-target.js';
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

const BUILD_ID = 'ab'.repeat(20);
test.each<[name: string, content: string, wrong: string | null]>([
  ['a manifest', JSON.stringify({ buildId: BUILD_ID }), null],
  ['a text', 'buildId', MODULE_FILE.noJson],
  ['no object', 'null', MODULE_FILE.noBuildIdField],
  ['a manifest without a build-id', '{}', MODULE_FILE.noBuildIdField],
  ['a manifest with a build-id that is none', '{"buildId":"<b>"}', MODULE_FILE.noBuildIdField],
])('%s in a .json file is read, or refused with what to do next', async (_, content, wrong) => {
  expect(await readFileTarget(new File([content], 'x.json'))).toEqual(
    wrong === null
      ? { name: 'x.json', buildId: BUILD_ID, manifest: content }
      : { wrong: MODULE_FILE.noManifest('x.json', wrong) },
  );
});
