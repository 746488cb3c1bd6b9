import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Report } from '@klpreg/wire';
import { dumped } from './agent.js';
import { livepatch, livepatchModule, loadedLine, plant, PLAIN } from './tree.js';
import { temporaryFolder, unpackModules, unpackTrees } from './trees.js';

const folder = temporaryFolder();
const trees = unpackTrees(folder, '7.3');
const unpacked = unpackModules(folder, '7.3');
const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' }).map((name) =>
  join(unpacked, name),
);
const fileOf = (module: string): string => files.find((file) => basename(file) === `${module}.ko`)!;

/** `lab_r_1v2_2v1_a` is on: cumulative, states 1 and 2. */
const readSample = (...words: string[]): Promise<Report> =>
  dumped('--root', trees.at('one-replace/on'), '--instance', 'x', '--state', join(folder, 'state'), ...words);
const readingOf = async (...words: string[]) => (await readSample(...words)).livepatches[0]?.reading;
const DECLARED = {
  evidence: 'FILE',
  replace: true,
  states: [
    { id: '1', version: 2 },
    { id: '2', version: 1 },
  ],
  unreadable: null,
  impact: 'DECLARED',
};

/** A folder with copies under other names. */
function holding(copies: Record<string, Buffer>): string {
  const at = mkdtempSync(join(folder, 'holding-'));
  for (const [name, bytes] of Object.entries(copies)) {
    mkdirSync(join(at, name, '..'), { recursive: true });
    writeFileSync(join(at, name), bytes);
  }
  return at;
}
const right = () => readFileSync(fileOf('lab_r_1v2_2v1_a'));
const wrong = () => readFileSync(fileOf('lab_r_1v1_a'));
/** Of `lab_r_1v1_a`, as sysfs showed it. */
const WRONG_BUILD_ID = 'd844a43e4b18ad2c99dfe84b7534eacbdeed5fe3';

test('no file: nothing is said of its states', async () => expect(await readingOf()).toBeNull());

test('matching is by build-id, never by name', async () => {
  expect(await readingOf('--modules', holding({ 'lab_r_1v2_2v1_a.ko': wrong() }))).toBeNull();
  expect(
    await readingOf('--modules', holding({ 'lab_r_1v2_2v1_a.ko': wrong(), 'deep/er/renamed.ko': right() })),
  ).toMatchObject(DECLARED);
});

test('compressed files, links to files, and files of the tree itself', async () => {
  expect(await readingOf('--modules', holding({ 'a.ko.gz': gzipSync(right()) }))).toMatchObject(DECLARED);

  const linked = holding({ 'store/hidden': right() });
  symlinkSync(join(linked, 'store/hidden'), join(linked, 'lab_r_1v2_2v1_a.ko'));
  expect(await readingOf('--modules', linked)).toMatchObject(DECLARED);

  const tree = trees.at('one-replace/off');
  mkdirSync(join(tree, 'lib/modules/7.3.4+deb13-cloud-amd64/extra/lab'), { recursive: true });
  copyFileSync(fileOf('lab_r_1v2_2v1_a'), join(tree, 'lib/modules/7.3.4+deb13-cloud-amd64/extra/lab/lab.ko'));
  const { leftovers } = await dumped('--root', tree, '--instance', 'x', '--state', join(folder, 'state'));
  expect(leftovers).toMatchObject([{ name: 'lab_r_1v2_2v1_a', reading: DECLARED }]);
});

test.each(['usr/lib/kpatch', 'usr/lib/livepatch', 'usr/lib/livepatch-vendor'])(
  'a vendor’s folder: %s/RELEASE',
  async (vendor) => {
    const tree = plant(
      mkdtempSync(join(folder, 'vendor-')),
      PLAIN,
      livepatch('lab_r_1v1_a', { buildId: WRONG_BUILD_ID }),
      {
        'proc/modules': loadedLine('lab_r_1v1_a'),
        [`${vendor}/6.12.9-amd64/anything.ko`]: wrong(),
      },
    );
    const { livepatches } = await dumped('--root', tree, '--instance', 'x', '--state', join(folder, 'state'));
    expect(livepatches).toMatchObject([
      { name: 'lab_r_1v1_a', reading: { evidence: 'FILE', states: [{ id: '1', version: 1 }] } },
    ]);
  },
);

test('two equal files are one; two that differ tell nothing', async () => {
  expect(
    await readingOf('--modules', holding({ 'lab_r_1v2_2v1_a.ko': right(), 'b/lab-r_1v2_2v1_a.ko': right() })),
  ).toMatchObject(DECLARED);

  const changed = Buffer.concat([right(), Buffer.from('appended')]);
  expect(
    await readingOf('--modules', holding({ 'lab_r_1v2_2v1_a.ko': right(), 'b/lab-r_1v2_2v1_a.ko': changed })),
  ).toMatchObject({
    sha256: null,
    replace: null,
    states: null,
    impact: 'UNREADABLE',
    unreadable: expect.stringMatching(
      /^two files with this build-id differ: lab-r_1v2_2v1_a\.ko \(SHA-256 [0-9a-f]{12}…\) and lab_r_1v2_2v1_a\.ko/,
    ),
  });
});

test('a file that is broken behind its build-id says so', async () => {
  const cut = holding({ 'lab_r_1v2_2v1_a.ko': right() });
  const bytes = right();
  bytes.fill(0xff, 0x28, 0x30); // where the section headers are
  writeFileSync(join(cut, 'lab_r_1v2_2v1_a.ko'), bytes);
  expect(await readingOf('--modules', cut)).toMatchObject({
    states: null,
    impact: 'UNREADABLE',
    callbacks: null,
    unreadable: expect.stringMatching(/^[A-Z_0-9]+: /),
  });
});

test('what is no module is passed over', async () => {
  const at = holding({
    'lab_r_1v2_2v1_a.ko': Buffer.from('no module'),
    'a.ko.xz': Buffer.from('no xz'),
    'b.ko.gz': Buffer.from('no gzip'),
    'empty.ko': Buffer.alloc(0),
    'z.ko': right(),
  });
  expect(await readingOf('--modules', at)).toMatchObject(DECLARED);
  appendFileSync(join(at, 'readme.txt'), 'not looked at');
});

describe('what would be loaded at the next boot', () => {
  const release = '6.12.9-amd64';
  const host = { ...PLAIN, ...livepatch('lp_1'), 'proc/modules': loadedLine('lp_1') };
  const boot = async (...planted: Parameters<typeof plant>[1][]) => {
    const tree = plant(
      mkdtempSync(join(folder, 'boot-')),
      host,
      livepatchModule('lp_1', { refcnt: 1 }),
      ...planted,
    );
    return (await dumped('--root', tree, '--instance', 'x', '--state', join(folder, 'state')))
      .bootPersistence;
  };
  const enabled = { 'etc/systemd/system/multi-user.target.wants/kpatch.service': '' };

  test('kpatch.service is enabled: everything in its folder for this kernel', async () => {
    const loads = await boot(enabled, {
      [`var/lib/kpatch/${release}/lab-a.ko`]: wrong(),
      [`var/lib/kpatch/${release}/not-a-module.ko`]: 'x',
      [`var/lib/kpatch/${release}/notes.txt`]: 'x',
    });
    expect(loads).toMatchObject({
      source: 'kpatch.service',
      kernelRelease: release,
      loads: [
        { name: 'lab_r_1v1_a', buildId: expect.stringMatching(/^[0-9a-f]{40}$/) },
        { name: 'not_a_module', buildId: null },
      ],
    });
  });
  test('an empty folder loads nothing, and that can be told', async () =>
    expect(await boot(enabled, { [`var/lib/kpatch/${release}/`]: '' })).toMatchObject({ loads: [] }));
  test('the service is not enabled: cannot be told', async () =>
    expect(
      await boot({ 'etc/systemd/system/': '', [`var/lib/kpatch/${release}/a.ko`]: wrong() }),
    ).toBeNull());
  test('no systemd to ask: cannot be told', async () =>
    expect(await boot({ [`var/lib/kpatch/${release}/a.ko`]: wrong() })).toBeNull());
  test('no folder for this kernel: cannot be told', async () => expect(await boot(enabled)).toBeNull());
});
