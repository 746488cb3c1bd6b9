import { placeMessage } from '../src/ingest/boot-ranges.js';

const boot = (bootId: string, first: number, last: number) => ({
  bootId,
  first: BigInt(first),
  last: BigInt(last),
});
const known = [boot('a', 1, 10), boot('b', 20, 30), boot('c', 40, 50)];

test.each<[string, Parameters<typeof boot>[0], number, boolean, ReturnType<typeof boot> | null]>([
  ['the newest boot goes on', 'c', 51, false, boot('c', 40, 51)],
  ['a new boot', 'd', 51, false, boot('d', 51, 51)],
  ['late, within the range of its own boot', 'b', 25, false, null],
  ['the last of an earlier boot comes after the first of the next', 'a', 15, false, boot('a', 1, 15)],
  ['the first of a boot comes after its second', 'b', 19, false, boot('b', 19, 30)],
  ['a boot of which every document is late', 'x', 15, false, boot('x', 15, 15)],
  ['a boot from before everything that is known', 'x', 0, false, boot('x', 0, 0)],
  ['a boot id that comes back after another', 'b', 51, true, null],
  ['an unknown boot inside a known range', 'x', 25, true, null],
  ['a boot that goes back before another', 'c', 5, true, null],
  ['the sequence of another boot', 'c', 30, true, null],
])('%s', (_, bootId, sequence, suspect, range) =>
  expect(placeMessage(known, bootId, BigInt(sequence))).toEqual({ suspect, range }),
);
