import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { addRecords, EMPTY, type LogReading } from '../src/read/kmsg.js';
import { dumped } from './agent.js';
import { livepatch, loadedLine, plant, PLAIN } from './tree.js';
import { temporaryFolder } from './trees.js';

const folder = temporaryFolder();

/** Records as `/dev/kmsg` writes them, numbered from `first`. */
const records = (messages: readonly string[], first = 0, priority = 5): string[] =>
  messages.map((message, index) => `${priority},${first + index},${1_000 * (first + index)},-;${message}`);
const eventsOf = (log: LogReading): string =>
  log.events.map(({ patch, event }) => `${patch} ${event}`).join(', ');
const read = (...messages: string[]): LogReading => addRecords(EMPTY, records(messages));

test.each<[what: string, messages: string[], events: string]>([
  [
    'a patch is enabled',
    [
      "livepatch: enabling patch 'lp_1'",
      "livepatch: 'lp_1': starting patching transition",
      "livepatch: 'lp_1': patching complete",
    ],
    'lp_1 ENABLING, lp_1 PATCHED',
  ],
  [
    'a patch is disabled',
    ["livepatch: 'lp_1': starting unpatching transition", "livepatch: 'lp_1': unpatching complete"],
    'lp_1 UNPATCHING, lp_1 UNPATCHED',
  ],
  [
    'enabling is reversed',
    [
      "livepatch: enabling patch 'lp_1'",
      "livepatch: 'lp_1': starting patching transition",
      "livepatch: 'lp_1': starting unpatching transition",
      "livepatch: 'lp_1': unpatching complete",
    ],
    'lp_1 ENABLING, lp_1 REVERSED, lp_1 UNPATCHED',
  ],
  [
    'disabling is reversed',
    [
      "livepatch: 'lp_1': starting unpatching transition",
      "livepatch: 'lp_1': starting patching transition",
      "livepatch: 'lp_1': patching complete",
    ],
    'lp_1 UNPATCHING, lp_1 REVERSED, lp_1 PATCHED',
  ],
  [
    'a transition is forced',
    [
      "livepatch: 'lp_1': starting patching transition",
      'livepatch: forcing remaining tasks to the patched state',
      "livepatch: 'lp_1': patching complete",
    ],
    'lp_1 FORCED, lp_1 PATCHED',
  ],
  [
    'a patch fails in its callback',
    [
      "livepatch: enabling patch 'lp_1'",
      "livepatch: failed to enable patch 'lp_1'",
      "livepatch: 'lp_1': unpatching complete",
    ],
    'lp_1 ENABLING, lp_1 UNPATCHED',
  ],
  [
    'kernels before 4.15 write it shorter',
    ["livepatch: 'lp_1': unpatching...", "livepatch: 'lp_1': unpatching complete"],
    'lp_1 UNPATCHING, lp_1 UNPATCHED',
  ],
  [
    'a refused patch never was enabled',
    ['livepatch: Livepatch patch (lp_1) is not compatible with the already installed livepatches.'],
    '',
  ],
  ['a module that is patched later', ["livepatch: applying patch 'lp_1' to loading module 'ext4'"], ''],
  ['words of another module', ["ext4: livepatch: enabling patch 'lp_1'"], ''],
  ['a name that no module has', ["livepatch: enabling patch 'l p'"], ''],
])('%s', (_what, messages, events) => expect(eventsOf(read(...messages))).toBe(events));

test('a message that a program wrote is not the kernel’s', () => {
  const [record] = records(["livepatch: enabling patch 'lp_1'"], 0, 13);
  expect(eventsOf(addRecords(EMPTY, [record!]))).toBe('');
});

test.each<[what: string, log: LogReading, reachesBoot: boolean]>([
  ['from the first record on', read('Linux version 6.12'), true],
  ['the first records were overwritten', addRecords(EMPTY, records(['a'], 7)), false],
  ['a record is missing in between', addRecords(EMPTY, [...records(['a']), ...records(['b'], 2)]), false],
  [
    'records were overwritten while they were read',
    addRecords(EMPTY, [...records(['a']), null, ...records(['b'], 1)]),
    false,
  ],
  ['read on from where it was left', addRecords(read('a', 'b'), records(['b', 'c'], 1)), true],
  ['the records after the last look were overwritten', addRecords(read('a', 'b'), records(['d'], 3)), false],
  [
    'once cut is cut for the whole boot',
    addRecords(addRecords(EMPTY, records(['a'], 7)), records(['b'], 8)),
    false,
  ],
])('does it reach back to the boot: %s', (_what, { reachesBoot }, expected) =>
  expect(reachesBoot).toBe(expected),
);

test('a thousand events are kept, and then the log no longer names every patch', () => {
  const log = read(...Array.from({ length: 1_001 }, (_, index) => `livepatch: enabling patch 'lp_${index}'`));
  expect({ ...log, events: log.events.length, last: log.events.at(-1)?.patch }).toMatchObject({
    reachesBoot: false,
    events: 1_000,
    last: 'lp_1000',
  });
});

test('reading in parts, with parts read twice, is the same as reading at once', () => {
  const message = fc.constantFrom(
    "livepatch: enabling patch 'a'",
    "livepatch: 'a': starting patching transition",
    "livepatch: 'a': starting unpatching transition",
    "livepatch: 'a': unpatching complete",
    'livepatch: forcing remaining tasks to the patched state',
    'other',
  );
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), fc.nat(12), fc.nat(12), (messages, cut, from) => {
      const all = records(messages);
      const inParts = addRecords(addRecords(EMPTY, all.slice(0, cut)), all.slice(Math.min(from, cut)));
      expect(inParts).toEqual(addRecords(EMPTY, all));
    }),
  );
});

/** What the lab's kernels wrote, and what became of the patch. */
interface Vector {
  readonly op: string;
  readonly target?: string;
  /** Of a load of a livepatch. */
  readonly candidate?: object;
  readonly dmesg: readonly string[];
  readonly settled: boolean;
  readonly accepted: boolean;
}

test('recorded loads: what was accepted and settled is PATCHED last, what was refused never is', () => {
  const { vectors } = JSON.parse(
    readFileSync(join(__dirname, '../../../libs/compat/fixtures/operations.json'), 'utf8'),
  ) as { vectors: Vector[] };
  const loads = vectors.filter(
    ({ op, settled, candidate }) => op === 'load' && settled && candidate !== undefined,
  );
  expect(loads.length).toBeGreaterThan(500);
  const wrong = loads.filter(({ target, dmesg, accepted }) => {
    const events = read(...dmesg).events.filter(({ patch }) => patch === target?.replaceAll('-', '_'));
    return accepted !== (events.at(-1)?.event === 'PATCHED');
  });
  expect(wrong).toEqual([]);
});

test('the log of a tree is in its report once taint K is set', async () => {
  const tree = plant(folder, PLAIN, livepatch('lp_1'), {
    'proc/modules': loadedLine('lp_1'),
    'dev/kmsg': `${records(['Linux version 6.12.9', "livepatch: enabling patch 'lp_1'"]).join('\n SUBSYSTEM=x\n')}\n`,
  });
  const readSample = () => dumped('--root', tree, '--instance', 'x', '--state', join(folder, 'state'));
  expect((await readSample()).kernelLog).toBeUndefined();
  plant(tree, { 'proc/sys/kernel/tainted': '32768\n' });
  expect((await readSample()).kernelLog).toEqual({
    reachesBoot: true,
    events: [{ patch: 'lp_1', event: 'ENABLING' }],
  });
});
