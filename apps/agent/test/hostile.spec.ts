import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Report } from '@klpreg/wire';
import { agent } from './agent.js';
import { buildIdNote, livepatch, livepatchModule, loadedLine, plant, PLAIN, type Files } from './tree.js';
import { temporaryFolder } from './trees.js';

const MKFIFO = 'mkfifo';
const folder = temporaryFolder();
const root = () => mkdtempSync(join(folder, 'tree-'));
const dump = (tree: string) =>
  agent('dump', '--root', tree, '--instance', 'x', '--state', join(folder, 'state'));
const ONE: Files = {
  ...PLAIN,
  ...livepatch('lp_1'),
  'proc/modules': loadedLine('lp_1'),
  'proc/sys/kernel/tainted': '45056\n',
};
const LP = 'sys/kernel/livepatch/lp_1';
const patch = (facts: object) => ({ livepatches: [{ name: 'lp_1', ...facts }] });
const without = (tree: Files, left: RegExp): Files =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !left.test(path)));
const withoutSys = (tree: Files): Files => without(tree, /^sys\//);
const withoutModules = (tree: Files): Files => without(tree, /^(?:sys\/module|proc\/modules)/);

async function read(...trees: Files[]): Promise<Report> {
  const { exit, out, err } = await dump(plant(root(), ...trees));
  expect({ exit, err }).toMatchObject({ exit: 0 });
  return Report.parse(JSON.parse(out));
}

test.each<[what: string, tree: Files, expected: object]>([
  [
    'a kernel without livepatch support has an empty list',
    { ...PLAIN, 'sys/kernel/livepatch/': '' },
    { livepatches: [], capabilities: { livepatch: true } },
  ],
  [
    'an attribute that this kernel does not have is null',
    ONE,
    { livepatches: [{ replace: null, stackOrder: 1, srcversion: null, objects: [{ patched: true }] }] },
  ],
  [
    'a directory with both 0 is off the list, and its module is left over',
    { ...PLAIN, ...livepatch('lp_1', { enabled: 0 }) },
    { livepatches: [], leftovers: [{ name: 'lp_1', refcount: 1 }] },
  ],
  [
    'a pinned module is left over with its references',
    { ...PLAIN, ...livepatchModule('lp_1', { refcnt: 1 }) },
    { livepatches: [], leftovers: [{ name: 'lp_1', refcount: 1 }] },
  ],
  [
    'a module that only /proc/modules has is left over',
    { ...PLAIN, 'proc/modules': loadedLine('lp_1', 0) },
    { leftovers: [{ name: 'lp_1', buildId: null, refcount: 0 }] },
  ],
  [
    'a module without a build-id has none',
    { ...ONE, 'sys/module/lp_2/taint': 'K\n' },
    { leftovers: [{ name: 'lp_2', buildId: null, refcount: null }] },
  ],
  [
    'a function name with a comma keeps it',
    { ...ONE, [`${LP}/vmlinux/a,b,2/`]: '' },
    {
      livepatches: [
        {
          objects: [
            {
              functions: [
                { name: 'a,b', sympos: 2 },
                { name: 'cmdline_proc_show', sympos: 1 },
              ],
            },
          ],
        },
      ],
    },
  ],
  [
    'replace_set is a capability, and no replace is guessed',
    { ...ONE, [`${LP}/replace_set`]: '1\n' },
    { capabilities: { sysfs: { replaceSet: true, replace: false } }, livepatches: [{ replace: null }] },
  ],
  [
    'a comm of junk is shown as question marks',
    {
      ...ONE,
      ...livepatch('lp_1', { transition: 1 }),
      'proc/7/patch_state': '0\n',
      'proc/7/comm': Buffer.from([0xff, 0x1b, 0x41, 10]),
    },
    { transition: { tasks: [{ pid: 7, comm: '??A', patchState: 0 }] } },
  ],
  [
    'threads are reported one by one, without idle ones',
    {
      ...ONE,
      ...livepatch('lp_1', { enabled: 0, transition: 1 }),
      'proc/7/task/7/patch_state': '-1\n',
      'proc/7/task/8/patch_state': '1\n',
      'proc/7/task/8/comm': 'worker\n',
      'proc/7/patch_state': '1\n',
    },
    { transition: { patch: 'lp_1', tasks: [{ pid: 8, comm: 'worker', patchState: 1 }], moreTasks: 0 } },
  ],
  [
    'an unlocked kernel says so',
    {
      ...PLAIN,
      'sys/kernel/security/lockdown': '[none] integrity confidentiality\n',
      'sys/module/module/parameters/sig_enforce': 'N\n',
    },
    { capabilities: { lockdown: 'none', signatureEnforced: false } },
  ],
  [
    'gates are on, off, or not known: never off because they are absent',
    { ...PLAIN, 'proc/sys/kernel/modules_disabled': '1\n', 'proc/sys/kernel/ftrace_enabled': '0\n' },
    {
      gates: { modulesDisabled: true, ftraceEnabled: false },
      capabilities: { signatureEnforced: null, lockdown: null },
    },
  ],
  ['a kernel without these settings', PLAIN, { gates: { modulesDisabled: null, ftraceEnabled: null } }],
  [
    'other live patching systems are named by what shows them',
    {
      ...PLAIN,
      'sys/kernel/kpatch/': '',
      'sys/kernel/kgraft/': '',
      'sys/module/kcare/taint': 'OE\n',
      'proc/modules':
        'ksplice_x 1 0 - Live 0x0 (OE)\nkpatch 1 0 - Live 0x0 (OE)\nkpatch_5_14_0_1 1 0 - Live 0x0 (K)\n',
    },
    {
      otherLivePatching: [
        '/sys/kernel/kgraft',
        '/sys/kernel/kpatch',
        'module kcare',
        'module kpatch',
        'module ksplice_x',
      ],
    },
  ],
  ['none of them', ONE, { otherLivePatching: [] }],
  [
    'the state and the taint of a module, of its line in /proc/modules and of sysfs',
    {
      ...ONE,
      ...livepatchModule('lp_2'),
      'proc/modules': `lp_2 1 0 - Loading 0x0 (OEK+)\n${loadedLine('lp_1')}`,
    },
    {
      livepatches: [{ moduleState: 'Live', moduleTaint: 'OEK' }],
      leftovers: [{ name: 'lp_2', moduleState: 'Loading', moduleTaint: 'OEK' }],
    },
  ],
  [
    'the state of a module that only sysfs has',
    { ...without(ONE, /^proc\/modules/), 'sys/module/lp_1/initstate': 'going\n' },
    { livepatches: [{ moduleState: 'Going', moduleTaint: 'OEK' }] },
  ],
  [
    'the build-id of the kernel',
    { ...PLAIN, 'sys/kernel/notes': buildIdNote('ab'.repeat(20)) },
    { host: { kernelBuildId: 'ab'.repeat(20) } },
  ],
  ['a kernel that does not show its build-id', PLAIN, { host: { kernelBuildId: null } }],
  [
    'a machine id that is not set yet is none',
    { ...PLAIN, 'etc/machine-id': 'uninitialized\n' },
    { host: { machine: null } },
  ],
])('%s', async (_what, tree, expected) => {
  expect(await read(tree)).toMatchObject(expected);
});

test('no sys/kernel/livepatch: the kernel has no livepatch support', async () => {
  const { 'sys/kernel/livepatch/': _none, ...without } = PLAIN;
  expect(await read(without)).toMatchObject({
    livepatches: [],
    capabilities: { livepatch: false, sysfs: null },
  });
});

test('more than a thousand tasks: the rest is counted', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 1_003 }, (_, index) => [`proc/${index + 1}/patch_state`, '0\n']),
  );
  expect((await read(ONE, livepatch('lp_1', { transition: 1 }), many)).transition).toMatchObject({
    moreTasks: 3,
    tasks: { length: 1_000 },
  });
});

/**
 * What puts the livepatches in doubt is in `unread`, everything
 * else in `warnings`; the rest of the report is there.
 */
test.each<[what: string, tree: Files, where: 'unread' | 'warnings', sentence: RegExp, expected: object]>([
  [
    'junk in enabled',
    { ...ONE, [`${LP}/enabled`]: '2\n' },
    'unread',
    /^\/sys\/.*lp_1\/enabled: found "2", expected 0 or 1$/,
    patch({ enabled: null }),
  ],
  [
    'an empty attribute',
    { ...ONE, [`${LP}/transition`]: '' },
    'unread',
    /lp_1\/transition: found "", expected 0 or 1/,
    patch({ transition: null }),
  ],
  [
    'bytes that are not text',
    { ...ONE, [`${LP}/enabled`]: Buffer.from([0xff, 0xfe]) },
    'unread',
    /lp_1\/enabled: is not UTF-8 text/,
    patch({ enabled: null }),
  ],
  [
    'a stack order that is no number',
    { ...ONE, [`${LP}/stack_order`]: 'first\n' },
    'warnings',
    /stack_order: found "first", expected a whole number/,
    patch({ stackOrder: null, enabled: true }),
  ],
  [
    'junk in patched',
    { ...ONE, [`${LP}/vmlinux/patched`]: 'yes\n' },
    'warnings',
    /vmlinux\/patched: found "yes"/,
    patch({ objects: [{ patched: null }] }),
  ],
  [
    'junk in refcnt',
    { ...ONE, 'sys/module/lp_1/refcnt': 'many\n' },
    'warnings',
    /lp_1\/refcnt: found "many"/,
    patch({ refcount: 1 }),
  ],
  [
    'a taint mask below 0',
    { ...ONE, 'proc/sys/kernel/tainted': '-1\n' },
    'warnings',
    /tainted: found -1, expected 0 to 281474976710656/,
    { taint: null },
  ],
  [
    'a folder that is no function',
    { ...ONE, [`${LP}/vmlinux/strange/`]: '' },
    'unread',
    /vmlinux\/strange: found a directory "strange", expected FUNCTION,POSITION/,
    patch({ objects: [{ functions: [{ name: 'cmdline_proc_show', sympos: 1 }] }] }),
  ],
  [
    'a livepatch with a name that no module has',
    { ...ONE, 'sys/kernel/livepatch/a b/enabled': '1\n' },
    'unread',
    /sys\/kernel\/livepatch: holds "a b", which is not a module name; it is left out/,
    patch({}),
  ],
  [
    'a module with a name that no module has',
    { ...ONE, 'sys/module/a b/taint': 'K\n' },
    'unread',
    /sys\/module: holds a livepatch named "a b", which is not a module name; it is left out/,
    patch({}),
  ],
  [
    'junk in a taint',
    { ...ONE, 'sys/module/lp_2/taint': '?\n' },
    'unread',
    /lp_2\/taint: found "\?", expected letters of taints/,
    patch({}),
  ],
  [
    'a directory without enabled, at every look',
    { ...ONE, 'sys/kernel/livepatch/lp_2/transition': '0\n', 'sys/kernel/livepatch/lp_2/stack_order': '2\n' },
    'warnings',
    /lp_2\/enabled: does not exist$/,
    { livepatches: [{ name: 'lp_1' }, { name: 'lp_2', enabled: null, transition: false }] },
  ],
  [
    'no transition: a kernel of another consistency model',
    { ...PLAIN, 'sys/kernel/livepatch/lp_1/enabled': '1\n', 'proc/modules': loadedLine('lp_1') },
    'warnings',
    /lp_1\/transition: does not exist$/,
    patch({ enabled: true, transition: null }),
  ],
  [
    'a note that is no note',
    { ...ONE, 'sys/module/lp_1/notes/.note.gnu.build-id': 'GNU' },
    'warnings',
    /build-id: is not an ELF note with a build-id/,
    patch({ buildId: null }),
  ],
  [
    'a line that is not of /proc/modules',
    { ...ONE, 'proc/modules': `lp_2\n${loadedLine('lp_1')}` },
    'unread',
    /proc\/modules: line 1 is not a line/,
    patch({ moduleState: 'Live' }),
  ],
  [
    'the same stack order twice',
    { ...ONE, ...livepatch('lp_2', { order: 1 }) },
    'unread',
    /two livepatches have the same stack_order/,
    { livepatches: [{}, {}] },
  ],
  [
    'an order that nothing tells',
    { ...PLAIN, ...livepatch('lp_1', { order: null }), ...livepatch('lp_2', { order: null }) },
    'unread',
    /proc\/modules: does not have the order of the list: lp_1 is missing/,
    { livepatches: [{ name: 'lp_1' }, { name: 'lp_2' }] },
  ],
  [
    'a machine id that is none',
    { ...ONE, 'etc/machine-id': 'me\n' },
    'warnings',
    /machine-id: is not a machine id/,
    { ...patch({}), host: { machine: null } },
  ],
  [
    'BTF that is none',
    { ...ONE, 'sys/kernel/btf/vmlinux': 'not BTF, and long enough to be' },
    'warnings',
    /btf\/vmlinux: does not begin with the BTF magic number/,
    { ...patch({}), capabilities: { btf: null } },
  ],
  [
    'junk in lockdown',
    { ...ONE, 'sys/kernel/security/lockdown': 'off\n' },
    'warnings',
    /lockdown: found "off"/,
    { ...patch({}), capabilities: { lockdown: null } },
  ],
  [
    'junk in modules_disabled',
    { ...ONE, 'proc/sys/kernel/modules_disabled': 'no\n' },
    'warnings',
    /modules_disabled: found "no"/,
    { gates: { modulesDisabled: null } },
  ],
  [
    'a list that is too long',
    {
      ...ONE,
      ...Object.fromEntries(
        Array.from({ length: 501 }, (_, index) => [`sys/kernel/livepatch/x_${index}/enabled`, '1\n']),
      ),
    },
    'unread',
    /sys\/kernel\/livepatch: holds more than 500 livepatches/,
    { livepatches: [], leftovers: [{ name: 'lp_1' }], capabilities: { livepatch: true } },
  ],
  [
    'no sysfs at all',
    { ...withoutSys(ONE), 'proc/modules': loadedLine('lp_1') },
    'unread',
    /sys\/kernel: does not exist, so the list of livepatches is unknown/,
    { livepatches: [], leftovers: [{ name: 'lp_1', moduleTaint: 'OEK' }] },
  ],
  [
    'neither /sys/module nor /proc/modules',
    withoutModules(ONE),
    'unread',
    /sys\/module and \/proc\/modules: neither can be read, so the loaded modules are unknown/,
    patch({ moduleState: null }),
  ],
  [
    'a tree that does not say its architecture',
    { ...ONE, 'proc/sys/kernel/osrelease': '6.4.0-default\n' },
    'warnings',
    /the architecture of the tree is unknown/,
    { host: { arch: 'unknown' } },
  ],
])('%s: a partial reading is still a report, and says so', async (_what, tree, where, sentence, expected) => {
  const report = await read(tree);
  expect(report).toMatchObject(expected);
  expect(report[where]).toContainEqual(expect.stringMatching(sentence));
});

test.each<[what: string, tree: Files, message: RegExp]>([
  [
    'two open transitions',
    { ...ONE, ...livepatch('lp_1', { transition: 1 }), ...livepatch('lp_2', { transition: 1, order: 2 }) },
    /two transitions are open \(lp_1, lp_2\)/,
  ],
  [
    'no kernel release',
    { 'sys/kernel/livepatch/': '' },
    /osrelease: does not exist; is this the tree of a host\? --kernel-release can replace it/,
  ],
  [
    'a boot id that is none',
    { ...PLAIN, 'proc/sys/kernel/random/boot_id': '1\n' },
    /boot_id: found "1", expected a UUID/,
  ],
  [
    'neither sysfs nor /proc/modules',
    withoutModules(withoutSys(PLAIN)),
    /proc\/modules: neither this nor .*\/sys\/kernel can be read; are procfs and sysfs mounted\?/,
  ],
])('%s is an error that names the path', async (_what, tree, message) => {
  const { exit, out, err } = await dump(plant(root(), tree));
  expect({ exit, out }).toEqual({ exit: 3, out: '' });
  expect(err).toMatch(message);
});

describe('files that are not files', () => {
  const replaced = (path: string, make: (at: string) => void) => {
    const tree = plant(root(), ONE);
    rmSync(join(tree, path), { recursive: true, force: true });
    mkdirSync(join(tree, path, '..'), { recursive: true });
    make(join(tree, path));
    return dump(tree);
  };

  /** Said in the report; what a report cannot lack is an error. */
  const said = ({ exit, out, err }: Awaited<ReturnType<typeof dump>>) =>
    exit === 0 ? { exit, said: JSON.stringify(JSON.parse(out) as Report) } : { exit, said: err };

  test.each([
    [`${LP}/enabled`, 0],
    ['proc/modules', 0],
    ['proc/kallsyms', 0],
    ['sys/kernel/btf/vmlinux', 0],
    ['sys/kernel/notes', 0],
    ['etc/os-release', 0],
    ['etc/machine-id', 0],
    ['dev/kmsg', 0],
    ['proc/sys/kernel/osrelease', 3],
  ])('a FIFO at %s does not make us wait', async (path, exit) => {
    expect(said(await replaced(path, (at) => execFileSync(MKFIFO, [at])))).toEqual({
      exit,
      said: expect.stringMatching(/is not a regular file/),
    });
  });

  test.each([`${LP}/enabled`, 'proc/modules', 'proc/kallsyms', 'dev/kmsg'])(
    'a link at %s is not followed out of the tree',
    async (path) => {
      const found = said(await replaced(path, (at) => symlinkSync('/etc/hostname', at)));
      expect(found).toEqual({ exit: 0, said: expect.stringMatching(/is a symbolic link, not a file/) });
    },
  );

  test('links in circles end', async () => {
    const tree = plant(root(), ONE, { 'lib/modules/6.12.9-amd64/extra/': '' });
    symlinkSync('.', join(tree, 'sys/kernel/livepatch/circle'));
    symlinkSync('.', join(tree, 'sys/module/circle'));
    symlinkSync('..', join(tree, 'lib/modules/6.12.9-amd64/extra/circle'));
    symlinkSync('circle.ko', join(tree, 'lib/modules/6.12.9-amd64/extra/circle.ko'));
    const { exit, out, err } = await dump(tree);
    expect({ exit, names: (JSON.parse(out) as Report).livepatches.map(({ name }) => name) }).toEqual({
      exit: 0,
      names: ['lp_1'],
    });
    expect(err).toMatch(/circle\.ko: cannot be read \(ELOOP\) \(this module file was skipped\)/);
  });

  test.each([`${LP}/enabled`, 'proc/modules', 'sys/kernel/btf/vmlinux', 'proc/sys/kernel/tainted'])(
    'a huge file at %s is not read to its end',
    async (path) => {
      const found = await replaced(path, (at) => {
        writeFileSync(at, '');
        truncateSync(at, 2 ** 38);
      });
      expect(said(found)).toEqual({ exit: 0, said: expect.stringMatching(/is longer than \d+ bytes/) });
    },
  );
});

test('whatever is in a tree: a report that the registry takes, or an error that names a path in it', async () => {
  const paths = Object.keys({
    ...ONE,
    ...livepatchModule('lp_2'),
    'proc/kallsyms': '',
    'sys/kernel/btf/vmlinux': '',
    'sys/kernel/security/lockdown': '',
    'etc/os-release': '',
    'etc/machine-id': '',
    'proc/9/patch_state': '',
    'proc/sys/kernel/modules_disabled': '',
    'dev/kmsg': '',
    'sys/kernel/notes': '',
    'lib/modules/6.12.9-amd64/extra/lp_1.ko': '',
  }).filter((path) => !path.endsWith('/'));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array)),
    fc
      .constantFrom('0\n', '1\n', '-1\n', '', '18446744073709551616\n', 'K\n')
      .map((text) => Buffer.from(text)),
  );
  const files = fc.dictionary(fc.constantFrom(...paths, `${LP}/replace`, `${LP}/replace_set`), bytes, {
    maxKeys: 4,
  });
  await fc.assert(
    fc.asyncProperty(files, async (junk) => {
      const tree = plant(root(), ONE, livepatchModule('lp_2'), junk);
      const { exit, out, err } = await dump(tree);
      rmSync(tree, { recursive: true });
      if (exit !== 0) return expect({ exit, named: err.includes(tree) }).toEqual({ exit: 3, named: true });
      const report = Report.parse(JSON.parse(out));
      // what is listed is reported, or the report says that it lacks something
      const found = [...report.livepatches, ...report.leftovers].some(({ name }) => name === 'lp_1');
      expect({ found, unread: report.unread }).not.toEqual({ found: false, unread: [] });
    }),
    { numRuns: 80 * Number(process.env['FUZZ'] ?? 1) },
  );
});
