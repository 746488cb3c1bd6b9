import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Heartbeat, Report } from '@klpreg/wire';
import { keepAcknowledged, readAcknowledged, transitionSince } from '../src/keep/memory.js';
import { newest, reserve } from '../src/keep/sequence.js';
import { dequeue, enqueue, refuse, waiting, type Letter } from '../src/keep/spool.js';
import { dumped } from './agent.js';
import { plant, PLAIN } from './tree.js';
import { temporaryFolder } from './trees.js';

const folder = temporaryFolder();
const home = () => mkdtempSync(join(folder, 'home-'));

test('numbers only go up, and old ones are tidied away', () => {
  const at = join(home(), 'sequence');
  expect(newest(at)).toBe(0);
  const numbers = Array.from({ length: 200 }, () => reserve(at));
  expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  expect(readdirSync(at)).toHaveLength(64);
  expect(newest(at)).toBe(200);
});

test('a number that somebody else took meanwhile is not used', () => {
  const at = join(home(), 'sequence');
  reserve(at);
  writeFileSync(join(at, '2'), '');
  writeFileSync(join(at, '7'), '');
  expect(reserve(at)).toBe(8);
});

test('an acknowledgement of an older report never overwrites a newer', () => {
  const at = home();
  keepAcknowledged(at, { sequence: 5, digest: 'b', bootId: 'x' });
  keepAcknowledged(at, { sequence: 4, digest: 'a', bootId: 'x' });
  expect(readAcknowledged(at)).toEqual({ sequence: 5, digest: 'b', bootId: 'x' });
  writeFileSync(join(at, 'acknowledged.json'), '{"sequence":');
  expect(readAcknowledged(at)).toBeNull();
});

test('a transition is the same until its patch, its direction or the boot changes', () => {
  const at = home();
  const open = { patch: 'lp', target: 1 as const };
  expect(transitionSince(at, 'boot', open, null)).toBeNull();
  expect(transitionSince(at, 'boot', open, 'T1')).toBe('T1');
  writeFileSync(join(at, 'transition.json'), JSON.stringify({ bootId: 'boot', ...open, since: '2026-01-01T00:00:00.000Z' }));
  expect(transitionSince(at, 'boot', open, 'T2')).toBe('2026-01-01T00:00:00.000Z');
  expect(transitionSince(at, 'boot', { ...open, target: 0 }, null)).toBeNull();
  expect(transitionSince(at, 'other boot', open, null)).toBeNull();
});

describe('the spool', () => {
  let report: Report;
  beforeAll(async () => {
    report = await dumped('--root', plant(mkdtempSync(join(folder, 'tree-')), PLAIN), '--instance', 'x', '--state', folder);
  });
  const aReport = (sequence: number): Letter => ({ kind: 'report', document: { ...report, sequence } });
  const aHeartbeat = (sequence: number): Letter => {
    const { digest, clock, host } = report;
    const document: Heartbeat = { schema: 'heartbeat/v1', instance: host.instance, bootId: host.bootId, sequence, digest, clock };
    return { kind: 'heartbeat', document };
  };
  const inside = (at: string) =>
    waiting(at, () => undefined)
      .map(({ kind, document }) => `${kind[0]}${document.sequence}`)
      .join(' ');

  test('in order of their numbers, whatever was put first', () => {
    const at = home();
    for (const letter of [aReport(10), aHeartbeat(9), aReport(100), aHeartbeat(2)]) enqueue(at, letter);
    expect(inside(at)).toBe('h2 h9 r10 r100');
    dequeue(at, aHeartbeat(9));
    expect(inside(at)).toBe('h2 r10 r100');
  });

  test('full: the oldest heartbeat goes first, never a report', () => {
    const at = home();
    for (const letter of [aReport(1), aHeartbeat(2), aHeartbeat(3), aReport(4)]) enqueue(at, letter, 4);
    expect(enqueue(at, aHeartbeat(5), 4)).toBe(true);
    expect(inside(at)).toBe('r1 h3 r4 h5');
    expect(enqueue(at, aReport(6), 4) && enqueue(at, aReport(7), 4)).toBe(true);
    expect(inside(at)).toBe('r1 r4 r6 r7');
    expect(enqueue(at, aReport(8), 4)).toBe(false);
    expect(inside(at)).toBe('r1 r4 r6 r7');
  });

  test('what is refused, or is no letter, stands in nobody’s way and is kept for a while', () => {
    const at = home();
    for (let sequence = 1; sequence <= 30; sequence += 1) {
      enqueue(at, aReport(sequence));
      refuse(at, aReport(sequence));
    }
    expect(readdirSync(join(at, 'refused'))).toHaveLength(20);
    enqueue(at, aReport(31));
    writeFileSync(join(at, 'spool/0000000000000032.report.json'), '{"schema":"report/v1"');
    const said: string[] = [];
    expect(waiting(at, (text) => said.push(text))).toHaveLength(1);
    expect(said).toEqual([expect.stringMatching(/0000000000000032\.report\.json: is not a letter of this agent; set aside$/)]);
    expect(inside(at)).toBe('r31');
  });
});
