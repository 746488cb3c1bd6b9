import fc from 'fast-check';
import { readConfig } from '../src/config.js';
import { EndpointLoad } from '../src/ingest/endpoint-load.js';

const LIMITS = {
  ...readConfig({}).ingest,
  batchSize: 10,
  parallelBatches: 2,
  queue: 100,
  queueDelayMs: 1000,
  newConnections: 20,
  newConnectionsDelayMs: 500,
  retryMinMs: 2000,
  retryMaxMs: 30_000,
};

/** The load of an endpoint, with a clock that the test moves. */
function loadWithClock() {
  const clock = { ms: 1e6 };
  return { clock, load: new EndpointLoad(LIMITS, () => clock.ms) };
}

/** Keeps this many messages pending, at a throughput in messages a second. */
function work(
  { clock, load }: ReturnType<typeof loadWithClock>,
  pending: number,
  throughput: number,
  seconds: number,
): void {
  load.begin(pending - load.pending);
  for (let i = 0; i < throughput * seconds; i++) {
    clock.ms += 1000 / throughput;
    load.end(1);
    load.begin(1);
  }
}

test.each<[what: string, pending: number, throughput: number, capacity: number]>([
  ['without a measurement, the capacity is that of a server that has just started', 0, 1, 100],
  ['less than a batch pending measures the senders, and changes nothing', 9, 2, 100],
  ['50 a second are answered: the capacity is 50', 60, 50, 50],
  ['a low throughput: the capacity still fills the batches', 60, 4, 30],
  ['a high throughput: the capacity is the maximum of the queue', 60, 5000, 100],
])('%s', (_, pending, throughput, capacity) => {
  const at = loadWithClock();
  work(at, pending, throughput, 5);
  expect(Math.abs(at.load.capacity - capacity)).toBeLessThanOrEqual(1);
});

test('the endpoint is full at its capacity, and no longer when a message is answered', () => {
  const { load } = loadWithClock();
  load.begin(99);
  expect(load.isFull).toBe(false);
  load.begin(1);
  expect(load.isFull).toBe(true);
  load.end(1);
  expect(load.isFull).toBe(false);
});

test.each<[what: string, backlogMs: number, pending: number, shed: boolean]>([
  ['the backlog is empty: a request is served', 0, 99, false],
  ['the backlog is empty, and the endpoint is full', 0, 100, true],
  ['the backlog is not empty for a moment', 500, 99, false],
  ['the backlog is not empty for longer: fewer are served', 501, 19, false],
  ['the backlog is not empty for longer, and those are pending', 501, 20, true],
  ['twice as long: half as many are served', 1000, 9, false],
  ['twice as long, and those are pending', 1000, 10, true],
  ['for an hour: a few are still served', 3_600_000, 1, false],
  ['for an hour, and those are pending', 3_600_000, 2, true],
])('a request on a new connection: %s', (_, backlogMs, pending, shed) => {
  const { load } = loadWithClock();
  load.begin(pending);
  expect(load.shedsNewConnections(backlogMs)).toBe(shed);
});

test('the capacity follows the throughput, up and down', () => {
  const at = loadWithClock();
  work(at, 60, 80, 5);
  expect(at.load.capacity).toBeGreaterThan(75);
  work(at, 60, 40, 8);
  expect(at.load.capacity).toBeLessThan(45);
  work(at, 60, 80, 8);
  expect(at.load.capacity).toBeGreaterThan(75);
});

test('time with few pending messages does not change the throughput', () => {
  const at = loadWithClock();
  work(at, 60, 80, 5);
  at.load.end(60);
  at.clock.ms += 3_600_000;
  work(at, 5, 1, 100);
  expect(at.load.capacity).toBeGreaterThan(75);
});

test('retries are spread one by one, not before two seconds, and not faster than an eighth of the throughput', () => {
  const at = loadWithClock();
  work(at, 60, 50, 5);
  const delays = Array.from({ length: 100 }, () => at.load.retryAfter());
  expect(delays[0]).toBe(2);
  expect(delays).toEqual([...delays].sort((a, b) => a - b));
  // an eighth of 50 a second
  for (const second of [4, 8, 12, 16])
    expect(Math.abs(delays.filter((one) => one === second).length - 6)).toBeLessThanOrEqual(1);
});

test('if there are more refusals than times for a retry, the times are given again', () => {
  const { load } = loadWithClock();
  const delays = Array.from({ length: 40_000 }, () => load.retryAfter());
  expect(Math.min(...delays)).toBe(2);
  expect(Math.max(...delays)).toBe(30);
  const each = Array.from({ length: 27 }, (_, i) => delays.filter((one) => one === i + 3).length);
  expect(Math.max(...each) / Math.min(...each)).toBeLessThan(2.1);
});

test('at any throughput, retries are spread', () => {
  const at = loadWithClock();
  at.load.begin(20);
  for (let i = 0; i < 50; i++) {
    at.clock.ms += 60_000;
    at.load.end(0);
  }
  const delays = Array.from({ length: 8 }, () => at.load.retryAfter());
  expect(new Set(delays).size).toBeGreaterThan(3);
});

test('times that are past do not delay later retries', () => {
  const at = loadWithClock();
  for (let i = 0; i < 10_000; i++) at.load.retryAfter();
  at.clock.ms += 60_000;
  expect(at.load.retryAfter()).toBe(2);
});

test('for any sequence of messages, the pending ones are those that began and did not end, and the limits hold', () => {
  const step = fc.record({
    ms: fc.integer({ min: 0, max: 700 }),
    more: fc.integer({ min: 0, max: 50 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { clock, load } = loadWithClock();
      let pending = 0;
      for (const { ms, more, share } of steps) {
        clock.ms += ms;
        load.begin(more);
        const gone = Math.floor((pending + more) * share);
        load.end(gone);
        pending += more - gone;
        expect(load.pending).toBe(pending);
        expect(load.capacity).toBeGreaterThanOrEqual(30);
        expect(load.capacity).toBeLessThanOrEqual(LIMITS.queue);
        expect(load.isFull).toBe(pending >= load.capacity);
        expect(load.shedsNewConnections(ms)).toBe(
          load.isFull || (ms > 500 && pending >= Math.max(2, 10_000 / ms)),
        );
        const back = load.retryAfter();
        expect(back >= 2 && back <= 30 && Number.isInteger(back)).toBe(true);
      }
    }),
  );
});
