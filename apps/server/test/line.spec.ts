import fc from 'fast-check';
import { Line } from '../src/ingest/line.js';

const LIMITS = { busy: 10, least: 30, most: 100, waitMs: 1000, newcomers: { afterMs: 500, most: 20, least: 2 }, backMs: { first: 2000, last: 30_000 } };

/** A line on a clock that is moved by hand. */
function held() {
  const clock = { ms: 1e6 };
  return { clock, line: new Line(LIMITS, () => clock.ms) };
}

/** Keeps the line at this length for so many seconds, in which so many a second are answered. */
function work({ clock, line }: ReturnType<typeof held>, length: number, pace: number, seconds: number): void {
  line.enter(length - line.length);
  for (let i = 0; i < pace * seconds; i++) {
    clock.ms += 1000 / pace;
    line.leave(1);
    line.enter(1);
  }
}

test.each<[what: string, length: number, pace: number, room: number]>([
  ['nobody has been in line: as many as a server answers that has just started', 0, 1, 100],
  ['so few that the pace is theirs, not ours: the same', 9, 2, 100],
  ['50 a second are answered: what one second answers', 60, 50, 50],
  ['it goes slowly: still as many as fill the batches', 60, 4, 30],
  ['it goes fast: never more than may wait', 60, 5000, 100],
])('%s', (_, length, pace, room) => {
  const at = held();
  work(at, length, pace, 5);
  expect(Math.abs(at.line.room - room)).toBeLessThanOrEqual(1);
});

test('it is full when no one more has room, and no longer when one is answered', () => {
  const { line } = held();
  line.enter(99);
  expect(line.full).toBe(false);
  line.enter(1);
  expect(line.full).toBe(true);
  line.leave(1);
  expect(line.full).toBe(false);
});

test.each<[what: string, knockingMs: number, length: number, closed: boolean]>([
  ['nobody knocks: whoever comes has room', 0, 99, false],
  ['nobody knocks, and it is full', 0, 100, true],
  ['somebody has knocked for a moment', 500, 99, false],
  ['somebody has knocked for longer: few have room', 501, 19, false],
  ['somebody has knocked for longer, and those few are in', 501, 20, true],
  ['twice as long: half as many', 1000, 9, false],
  ['twice as long, and they are in', 1000, 10, true],
  ['for an hour: some still have room', 3_600_000, 1, false],
  ['for an hour, and they are in', 3_600_000, 2, true],
])('for those who come new, %s', (_, knockingMs, length, closed) => {
  const { line } = held();
  line.enter(length);
  expect(line.closedToNewcomers(knockingMs)).toBe(closed);
});

test('the room follows the pace, in both directions', () => {
  const at = held();
  work(at, 60, 80, 5);
  expect(at.line.room).toBeGreaterThan(75);
  work(at, 60, 40, 8);
  expect(at.line.room).toBeLessThan(45);
  work(at, 60, 80, 8);
  expect(at.line.room).toBeGreaterThan(75);
});

test('time in which hardly anybody is in line says nothing about the pace', () => {
  const at = held();
  work(at, 60, 80, 5);
  at.line.leave(60);
  at.clock.ms += 3_600_000;
  work(at, 5, 1, 100);
  expect(at.line.room).toBeGreaterThan(75);
});

test('those who found no room come back one by one, not before two seconds, and not faster than places become free', () => {
  const at = held();
  work(at, 60, 50, 5);
  const told = Array.from({ length: 100 }, () => at.line.comeBack());
  expect(told[0]).toBe(2);
  expect(told).toEqual([...told].sort((a, b) => a - b));
  // an eighth of 50 a second
  for (const second of [4, 8, 12, 16]) expect(Math.abs(told.filter((one) => one === second).length - 6)).toBeLessThanOrEqual(1);
});

test('where more were sent away than half a minute has room for, the times are given away once more', () => {
  const { line } = held();
  const told = Array.from({ length: 40_000 }, () => line.comeBack());
  expect(Math.min(...told)).toBe(2);
  expect(Math.max(...told)).toBe(30);
  const each = Array.from({ length: 27 }, (_, i) => told.filter((one) => one === i + 3).length);
  expect(Math.max(...each) / Math.min(...each)).toBeLessThan(2.1);
});

test('however slowly it goes, those who found no room come back apart', () => {
  const at = held();
  at.line.enter(20);
  for (let i = 0; i < 50; i++) {
    at.clock.ms += 60_000;
    at.line.leave(0);
  }
  const told = Array.from({ length: 8 }, () => at.line.comeBack());
  expect(new Set(told).size).toBeGreaterThan(3);
});

test('what was asked to come back long ago keeps nobody waiting', () => {
  const at = held();
  for (let i = 0; i < 10_000; i++) at.line.comeBack();
  at.clock.ms += 60_000;
  expect(at.line.comeBack()).toBe(2);
});

test('whatever comes and goes: what is in line is what came and did not go, and the limits hold', () => {
  const step = fc.record({ ms: fc.integer({ min: 0, max: 700 }), enter: fc.integer({ min: 0, max: 50 }), leave: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { clock, line } = held();
      let inside = 0;
      for (const { ms, enter, leave } of steps) {
        clock.ms += ms;
        line.enter(enter);
        const gone = Math.floor((inside + enter) * leave);
        line.leave(gone);
        inside += enter - gone;
        expect(line.length).toBe(inside);
        expect(line.room).toBeGreaterThanOrEqual(LIMITS.least);
        expect(line.room).toBeLessThanOrEqual(LIMITS.most);
        expect(line.full).toBe(inside >= line.room);
        expect(line.closedToNewcomers(ms)).toBe(line.full || (ms > 500 && inside >= Math.max(2, 10_000 / ms)));
        const back = line.comeBack();
        expect(back >= 2 && back <= 30 && Number.isInteger(back)).toBe(true);
      }
    }),
  );
});
