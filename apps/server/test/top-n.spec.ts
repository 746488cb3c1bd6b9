import fc from 'fast-check';
import { topN } from '../src/query/top-n.js';

test('the first items are those of the sorted list', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(9), fc.nat(999)), { maxLength: 200 }),
      fc.nat(60),
      (items, count) => {
        const compare = (a: (typeof items)[number], b: (typeof items)[number]) => a[0] - b[0] || a[1] - b[1];
        expect(topN(items, count, compare)).toEqual(items.toSorted(compare).slice(0, count));
      },
    ),
  );
});
