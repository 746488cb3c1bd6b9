import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { manifestOf, MAX_MODULE, type ModuleError, openModule } from '../src/index.js';
import { KERNELS, readCaptured, readCapturedModule } from './captured.js';

const FIXTURES = path.join(__dirname, '..', 'fixtures');

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-browser-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The captured modules, each kind of compression, and files that are refused. */
function fixtures(): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const kernel of KERNELS)
    for (const [name, bytes] of readCaptured(kernel).files)
      if (name.endsWith('.ko')) files.set(`${kernel}-${name.replaceAll('/', '-')}`, bytes);
  for (const name of readdirSync(path.join(FIXTURES, 'compressed')))
    files.set(name, readFileSync(path.join(FIXTURES, 'compressed', name)));
  const packed = gzipSync(readCapturedModule('7.3', 'lab_data'));
  files.set('packed.ko.gz', packed);
  files.set('cut.ko.gz', packed.subarray(0, -100));
  files.set(
    'changed.ko.gz',
    packed.map((byte, at) => (at === 100 ? byte ^ 1 : byte)),
  );
  files.set('bomb.ko.gz', gzipSync(new Uint8Array(MAX_MODULE + 1)));
  files.set('text.ko', new TextEncoder().encode('no module'));
  return files;
}

test('a browser reads the same manifest from each file, or refuses it with the same code', async () => {
  const files = fixtures();
  const expected: Record<string, unknown> = {};
  for (const [name, bytes] of files) {
    writeFileSync(path.join(folder, name), bytes);
    expected[name] = await openModule(bytes).then(
      (reading) => manifestOf(reading, { release: 'r', owner: 'o' }),
      (error: ModuleError) => error.code,
    );
  }
  const program = path.join(__dirname, 'read-as-a-browser.mjs');
  const output = execFileSync(process.execPath, ['--conditions=browser', program, folder], {
    encoding: 'utf8',
    maxBuffer: 64e6,
  });
  expect(JSON.parse(output)).toEqual(expected);
  expect(files.size).toBeGreaterThan(200);
  expect(expected).toMatchObject({
    'packed.ko.gz': { facts: { name: 'lab_data' } },
    'cut.ko.gz': 'COMPRESSION_BROKEN',
    'changed.ko.gz': 'COMPRESSION_BROKEN',
    'bomb.ko.gz': 'TOO_LARGE',
    'text.ko': 'NOT_ELF',
  });
});
