/** Returns the first `count` items of this order without sorting all of them. */
export function topN<T>(items: readonly T[], count: number, compare: (a: T, b: T) => number): T[] {
  if (count === 0 || count >= items.length / 4) return items.toSorted(compare).slice(0, count);
  const first: T[] = [];
  for (const item of items) {
    if (first.length === count && compare(item, first[count - 1]!) >= 0) continue;
    let [low, high] = [0, first.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(item, first[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    first.splice(low, 0, item);
    if (first.length > count) first.pop();
  }
  return first;
}
