import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Report } from '@klpreg/wire';
import { agent } from './agent.js';
import { livepatch, livepatchModule, loadedLine, plant, PLAIN, type Files } from './tree.js';
import { temporaryFolder } from './trees.js';

const MKFIFO = 'mkfifo';
const folder = temporaryFolder();
const root = () => mkdtempSync(join(folder, 'tree-'));
const dump = (tree: string) => agent('dump', '--root', tree, '--instance', 'x', '--state', join(folder, 'state'));
const ONE: Files = { ...PLAIN, ...livepatch('lp_1'), 'proc/modules': loadedLine('lp_1') };
const LP = 'sys/kernel/livepatch/lp_1';

async function read(...trees: Files[]): Promise<Report> {
  const { exit, out, err } = await dump(plant(root(), ...trees));
  expect({ exit, err }).toMatchObject({ exit: 0 });
  return Report.parse(JSON.parse(out));
}

test.each<[what: string, tree: Files, expected: object]>([
  ['a kernel without livepatch support has an empty list', { ...PLAIN, 'sys/kernel/livepatch/': '' }, { livepatches: [], capabilities: { livepatch: true } }],
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
  ['a module without a build-id has none', { ...ONE, 'sys/module/lp_2/taint': 'K\n' }, { leftovers: [{ name: 'lp_2', buildId: null, refcount: null }] }],
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
    { ...ONE, ...livepatch('lp_1', { transition: 1 }), 'proc/7/patch_state': '0\n', 'proc/7/comm': Buffer.from([0xff, 0x1b, 0x41, 10]) },
    { transition: { tasks: [{ pid: 7, comm: '??A', patchState: 0 }] } },
  ],
  [
    'threads are told one by one, and idle ones are passed over',
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
    { ...PLAIN, 'sys/kernel/security/lockdown': '[none] integrity confidentiality\n', 'sys/module/module/parameters/sig_enforce': 'N\n' },
    { capabilities: { lockdown: 'none', signatureEnforced: false } },
  ],
  ['a machine id that is not set yet is none', { ...PLAIN, 'etc/machine-id': 'uninitialized\n' }, { host: { machine: null } }],
])('%s', async (_what, tree, expected) => {
  expect(await read(tree)).toMatchObject(expected);
});

test('no sys/kernel/livepatch: the kernel has no livepatch support', async () => {
  const { 'sys/kernel/livepatch/': _none, ...without } = PLAIN;
  expect(await read(without)).toMatchObject({ livepatches: [], capabilities: { livepatch: false, sysfs: null } });
});

test('more than a thousand tasks: the rest is counted', async () => {
  const many = Object.fromEntries(Array.from({ length: 1_003 }, (_, index) => [`proc/${index + 1}/patch_state`, '0\n']));
  expect((await read(ONE, livepatch('lp_1', { transition: 1 }), many)).transition).toMatchObject({ moreTasks: 3, tasks: { length: 1_000 } });
});

test.each<[what: string, tree: Files, message: RegExp]>([
  ['junk in enabled', { ...ONE, [`${LP}/enabled`]: '2\n' }, /lp_1\/enabled: found "2", and it should be 0 or 1/],
  ['an empty attribute', { ...ONE, [`${LP}/transition`]: '' }, /lp_1\/transition: found "", and it should be 0 or 1/],
  ['bytes that are not text', { ...ONE, [`${LP}/enabled`]: Buffer.from([0xff, 0xfe]) }, /lp_1\/enabled: is not UTF-8 text/],
  ['a stack order that is no number', { ...ONE, [`${LP}/stack_order`]: 'first\n' }, /stack_order: found "first", and it should be a whole number/],
  ['a taint mask below 0', { ...ONE, 'proc/sys/kernel/tainted': '-1\n' }, /tainted: found -1, and it should be 0 to 281474976710656/],
  [
    'a folder that is no function',
    { ...ONE, [`${LP}/vmlinux/strange/`]: '' },
    /vmlinux\/strange: found a folder "strange", and it should be FUNCTION,POSITION/,
  ],
  [
    'a livepatch with a name that no module has',
    { ...ONE, 'sys/kernel/livepatch/a b/enabled': '1\n' },
    /sys\/kernel\/livepatch: holds "a b", which is not a module's name/,
  ],
  [
    'a directory without enabled, at every look',
    { ...ONE, 'sys/kernel/livepatch/lp_2/transition': '0\n' },
    /lp_2\/enabled: is not there, though its folder is; gave up after 6 looks/,
  ],
  ['a note that is no note', { ...ONE, 'sys/module/lp_1/notes/.note.gnu.build-id': 'GNU' }, /note\.gnu\.build-id: is not an ELF note with a build-id/],
  ['a line that is not of /proc/modules', { ...ONE, 'proc/modules': 'lp_1\n' }, /proc\/modules: line 1 is not a line of \/proc\/modules/],
  [
    'two open transitions',
    { ...ONE, ...livepatch('lp_1', { transition: 1 }), ...livepatch('lp_2', { transition: 1, order: 2 }) },
    /two transitions are open \(lp_1, lp_2\)/,
  ],
  ['the same stack order twice', { ...ONE, ...livepatch('lp_2', { order: 1 }) }, /two livepatches have the same stack_order/],
  [
    'an order that nothing tells',
    { ...PLAIN, ...livepatch('lp_1', { order: null }), ...livepatch('lp_2', { order: null }) },
    /proc\/modules: does not tell the order of the list: lp_1 is not there/,
  ],
  ['no kernel release', { 'sys/kernel/livepatch/': '' }, /osrelease: is not there; is this the tree of a host\? --kernel-release can say it instead/],
  ['a machine id that is none', { ...PLAIN, 'etc/machine-id': 'me\n' }, /machine-id: is not a machine id/],
  ['BTF that is none', { ...PLAIN, 'sys/kernel/btf/vmlinux': 'not BTF, and long enough to be' }, /btf\/vmlinux: does not begin with the magic of BTF/],
  ['a boot id that is none', { ...PLAIN, 'proc/sys/kernel/random/boot_id': '1\n' }, /boot_id: found "1", and it should be a UUID/],
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

  test.each([`${LP}/enabled`, 'proc/modules', 'proc/kallsyms', 'sys/kernel/btf/vmlinux', 'proc/sys/kernel/osrelease', 'etc/os-release', 'etc/machine-id'])(
    'a FIFO at %s does not make us wait',
    async (path) => {
      const { exit, err } = await replaced(path, (at) => execFileSync(MKFIFO, [at]));
      expect({ exit, err }).toEqual({ exit: 3, err: expect.stringMatching(/is not a plain file/) });
    },
  );

  test.each([`${LP}/enabled`, 'proc/modules', 'proc/kallsyms'])('a link at %s is not followed out of the tree', async (path) => {
    const { exit, err } = await replaced(path, (at) => symlinkSync('/etc/hostname', at));
    expect({ exit, err }).toEqual({ exit: 3, err: expect.stringMatching(/is a symbolic link, not a file/) });
  });

  test('links in circles end', async () => {
    const tree = plant(root(), ONE, { 'lib/modules/6.12.9-amd64/extra/': '' });
    symlinkSync('.', join(tree, 'sys/kernel/livepatch/circle'));
    symlinkSync('.', join(tree, 'sys/module/circle'));
    symlinkSync('..', join(tree, 'lib/modules/6.12.9-amd64/extra/circle'));
    symlinkSync('circle.ko', join(tree, 'lib/modules/6.12.9-amd64/extra/circle.ko'));
    const { exit, out, err } = await dump(tree);
    expect({ exit, names: (JSON.parse(out) as Report).livepatches.map(({ name }) => name) }).toEqual({ exit: 0, names: ['lp_1'] });
    expect(err).toMatch(/circle\.ko: cannot be read \(ELOOP\) \(this module file was passed over\)/);
  });

  test.each([`${LP}/enabled`, 'proc/modules', 'sys/kernel/btf/vmlinux', 'proc/sys/kernel/tainted'])(
    'a huge file at %s is not read to its end',
    async (path) => {
      const { exit, err } = await replaced(path, (at) => {
        writeFileSync(at, '');
        truncateSync(at, 2 ** 38);
      });
      expect({ exit, err }).toEqual({ exit: 3, err: expect.stringMatching(/is longer than \d+ bytes/) });
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
    'lib/modules/6.12.9-amd64/extra/lp_1.ko': '',
  }).filter((path) => !path.endsWith('/'));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array)),
    fc.constantFrom('0\n', '1\n', '-1\n', '', '18446744073709551616\n', 'K\n').map((text) => Buffer.from(text)),
  );
  const files = fc.dictionary(fc.constantFrom(...paths, `${LP}/replace`, `${LP}/replace_set`), bytes, { maxKeys: 4 });
  await fc.assert(
    fc.asyncProperty(files, async (junk) => {
      const tree = plant(root(), ONE, livepatchModule('lp_2'), junk);
      const { exit, out, err } = await dump(tree);
      rmSync(tree, { recursive: true });
      if (exit === 0) expect(Report.safeParse(JSON.parse(out)).error).toBeUndefined();
      else expect({ exit, named: err.includes(tree) }).toEqual({ exit: 3, named: true });
    }),
    { numRuns: 80 * Number(process.env['FUZZ'] ?? 1) },
  );
});
