import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Heartbeat, Report } from '@klpreg/wire';
import { removeAbandoned } from '../src/state/temporary-files.js';
import {
  keepAcknowledged,
  keepSequence,
  lastSequence,
  readAcknowledged,
  transitionSince,
} from '../src/state/records.js';
import { newestSequence, reserveSequence } from '../src/state/sequence.js';
import { dequeue, enqueue, refuse, waiting, type Message } from '../src/state/spool.js';
import { dumped } from './agent.js';
import { plant, PLAIN } from './tree.js';
import { temporaryFolder } from './trees.js';

const folder = temporaryFolder();
const directory = () => mkdtempSync(join(folder, 'home-'));

test('numbers only go up, and old ones are tidied away', () => {
  const at = join(directory(), 'sequence');
  expect(newestSequence(at)).toBe(0);
  const numbers = Array.from({ length: 200 }, () => reserveSequence(at));
  expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  expect(readdirSync(at)).toHaveLength(64);
  expect(newestSequence(at)).toBe(200);
});

test('a number that somebody else took meanwhile is not used', () => {
  const at = join(directory(), 'sequence');
  reserveSequence(at);
  writeFileSync(join(at, '2'), '');
  writeFileSync(join(at, '7'), '');
  expect(reserveSequence(at)).toBe(8);
});

test.each<[what: string, stray: string, next: number]>([
  ['a name that is not a number', 'x', 2],
  ['a number that is no safe integer', '9007199254740993', 2],
  ['the largest safe integer', '9007199254740991', 2],
  ['a number with a leading zero', '07', 2],
])('%s among the numbers is passed over', (_what, stray, next) => {
  const at = join(directory(), 'sequence');
  reserveSequence(at);
  writeFileSync(join(at, stray), '');
  expect(reserveSequence(at)).toBe(next);
  expect(reserveSequence(at)).toBe(next + 1);
});

test('a stray number that would end all numbers is refused by its name', () => {
  const at = join(directory(), 'sequence');
  reserveSequence(at);
  writeFileSync(join(at, '999999999999999'), '');
  const refused = (message: RegExp) =>
    expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) });
  expect(() => reserveSequence(at)).toThrow(
    refused(/sequence\/999999999999999: is not a number of this agent; remove it$/),
  );
  expect(() => reserveSequence(at, 5)).toThrow(
    refused(/sequence\/999999999999999: is far above 5, the last number that this agent used; remove it$/),
  );
});

test('numbers go on above the last one that is known, also if their folder was lost', () => {
  const at = directory();
  const numbers = join(at, 'sequence');
  for (let i = 0; i < 5; i += 1) keepSequence(at, reserveSequence(numbers, lastSequence(at)));
  rmSync(numbers, { recursive: true });
  expect(reserveSequence(numbers, lastSequence(at))).toBeGreaterThan(5);

  // the second place is lost as well: the last report that the registry has
  keepAcknowledged(at, { sequence: 200, digest: 'b', bootId: 'x' });
  rmSync(numbers, { recursive: true });
  rmSync(join(at, 'last-number.json'));
  expect(reserveSequence(numbers, lastSequence(at))).toBeGreaterThan(200);
});

test('an older number never overwrites a newer one, and junk is forgotten', () => {
  const at = directory();
  keepSequence(at, 7);
  keepSequence(at, 6);
  expect(lastSequence(at)).toBe(7);
  writeFileSync(join(at, 'last-number.json'), Buffer.from([0xff, 0x00]));
  expect(lastSequence(at)).toBe(0);
});

test('temporary files of a killed agent go after an hour, and nothing else', () => {
  const at = directory();
  const name = (digit: string) => `.${digit.repeat(8)}-0000-4000-8000-000000000000.tmp`;
  for (const file of [name('1'), name('2'), '.other.tmp', 'spool']) writeFileSync(join(at, file), '');
  const old = Date.now() / 1000 - 3_700;
  for (const file of [name('1'), '.other.tmp', 'spool']) utimesSync(join(at, file), old, old);
  removeAbandoned([at, join(at, 'none')]);
  expect(readdirSync(at).sort()).toEqual([name('2'), '.other.tmp', 'spool'].sort());
});

test.each<[what: string, content: Buffer | null]>([
  ['random bytes', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
  ['a megabyte', Buffer.alloc(1 << 20, '1')],
  ['half a document', Buffer.from('{"sequence":')],
  ['another document', Buffer.from('[null]')],
  ['null', Buffer.from('null')],
  ['a folder', null],
])('%s in place of a memory is forgotten', (_what, content) => {
  const at = directory();
  for (const file of ['acknowledged.json', 'transition.json', 'last-number.json'])
    if (content === null) mkdirSync(join(at, file));
    else writeFileSync(join(at, file), content);
  expect(readAcknowledged(at)).toBeNull();
  expect(lastSequence(at)).toBe(0);
  expect(transitionSince(at, 'boot', { patch: 'lp', target: 1 }, null)).toBeNull();
});

test('an acknowledgement of an older report never overwrites a newer', () => {
  const at = directory();
  keepAcknowledged(at, { sequence: 5, digest: 'b', bootId: 'x' });
  keepAcknowledged(at, { sequence: 4, digest: 'a', bootId: 'x' });
  expect(readAcknowledged(at)).toEqual({ sequence: 5, digest: 'b', bootId: 'x' });
  writeFileSync(join(at, 'acknowledged.json'), '{"sequence":');
  expect(readAcknowledged(at)).toBeNull();
});

test('a transition is the same until its patch, its direction or the boot changes', () => {
  const at = directory();
  const open = { patch: 'lp', target: 1 as const };
  expect(transitionSince(at, 'boot', open, null)).toBeNull();
  expect(transitionSince(at, 'boot', open, 'T1')).toBe('T1');
  writeFileSync(
    join(at, 'transition.json'),
    JSON.stringify({ bootId: 'boot', ...open, since: '2026-01-01T00:00:00.000Z' }),
  );
  expect(transitionSince(at, 'boot', open, 'T2')).toBe('2026-01-01T00:00:00.000Z');
  expect(transitionSince(at, 'boot', { ...open, target: 0 }, null)).toBeNull();
  expect(transitionSince(at, 'other boot', open, null)).toBeNull();
});

describe('the spool', () => {
  let report: Report;
  beforeAll(async () => {
    report = await dumped(
      '--root',
      plant(mkdtempSync(join(folder, 'tree-')), PLAIN),
      '--instance',
      'x',
      '--state',
      folder,
    );
  });
  const aReport = (sequence: number): Message => ({ kind: 'report', document: { ...report, sequence } });
  const aHeartbeat = (sequence: number, digest = String(sequence % 10).repeat(64)): Message => {
    const { clock, host } = report;
    const document: Heartbeat = {
      schema: 'heartbeat/v1',
      instance: host.instance,
      bootId: host.bootId,
      sequence,
      digest,
      clock,
    };
    return { kind: 'heartbeat', document };
  };
  const inside = (at: string) =>
    waiting(at, () => undefined)
      .map(({ kind, document }) => `${kind[0]}${document.sequence}`)
      .join(' ');

  test('in order of their numbers, whatever was put first', () => {
    const at = directory();
    for (const message of [aReport(10), aHeartbeat(9), aReport(100), aHeartbeat(2)]) enqueue(at, message);
    expect(inside(at)).toBe('h2 h9 r10 r100');
    dequeue(at, aHeartbeat(9));
    expect(inside(at)).toBe('h2 r10 r100');
  });

  test('full: the oldest heartbeat goes first, never a report', () => {
    const at = directory();
    for (const message of [aReport(1), aHeartbeat(2), aHeartbeat(3), aReport(4)]) enqueue(at, message, 4);
    expect(enqueue(at, aHeartbeat(5), 4)).toBe(true);
    expect(inside(at)).toBe('r1 h3 r4 h5');
    expect(enqueue(at, aReport(6), 4) && enqueue(at, aReport(7), 4)).toBe(true);
    expect(inside(at)).toBe('r1 r4 r6 r7');
    expect(enqueue(at, aReport(8), 4)).toBe(false);
    expect(inside(at)).toBe('r1 r4 r6 r7');
  });

  test('of heartbeats in a row that say the same only the last one waits', () => {
    const at = directory();
    const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];
    for (const message of [aReport(1), aHeartbeat(2, one), aHeartbeat(3, one), aHeartbeat(4, one)])
      enqueue(at, message);
    expect(inside(at)).toBe('r1 h4');
    for (const message of [
      aHeartbeat(5, other),
      aHeartbeat(6, one),
      aReport(7),
      aHeartbeat(9, one),
      aHeartbeat(8, one),
    ])
      enqueue(at, message);
    expect(inside(at)).toBe('r1 h4 h5 h6 r7 h8 h9');
  });

  test('a rejected message, or a file that is not one, does not block others and is kept for a while', () => {
    const at = directory();
    for (let sequence = 1; sequence <= 30; sequence += 1) {
      enqueue(at, aReport(sequence));
      refuse(at, aReport(sequence));
    }
    expect(readdirSync(join(at, 'refused'))).toHaveLength(20);
    enqueue(at, aReport(31));
    writeFileSync(join(at, 'spool/0000000000000032.report.json'), '{"schema":"report/v1"');
    const said: string[] = [];
    expect(waiting(at, (text) => said.push(text))).toHaveLength(1);
    expect(said).toEqual([
      expect.stringMatching(/0000000000000032\.report\.json: is not a message of this agent; set aside$/),
    ]);
    expect(inside(at)).toBe('r31');
  });
});
