import { EventQueue, TooSlow } from '../src/query/subscriptions/event-queue.js';

const MAX_BEHIND = 3;
const closed = { times: 0 };
const queue = () => new EventQueue<number>(MAX_BEHIND, () => (closed.times += 1));
beforeEach(() => (closed.times = 0));

test('events are read in order, those before the reader asks and those after', async () => {
  const events = queue();
  events.push(1);
  expect(await events.next()).toEqual({ value: 1, done: false });
  const waiting = events.next();
  events.push(2);
  expect(await waiting).toEqual({ value: 2, done: false });
});

test('a reader that is too far behind is dropped, with the reason', async () => {
  const events = queue();
  for (let i = 0; i <= MAX_BEHIND; i++) events.push(i);
  expect(closed.times).toBe(1);
  await expect(events.next()).rejects.toThrow(TooSlow);
  expect(await events.next()).toEqual({ value: undefined, done: true });
  expect(closed.times).toBe(1);
});

test('a reader that waits gets the failure at once', async () => {
  const events = queue();
  const waiting = events.next();
  events.fail(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  expect(await events.next()).toEqual({ value: undefined, done: true });
});

test('a reader that leaves ends what it waits for', async () => {
  const events = queue();
  const waiting = events.next();
  await events.return();
  expect(await waiting).toEqual({ value: undefined, done: true });
  events.push(1);
  expect(await events.next()).toEqual({ value: undefined, done: true });
  expect(closed.times).toBe(1);
});
