import fc from 'fast-check';
import { drainBatches } from '../src/query/plan-order.js';

const host = (hostname: string, value: string | null) => ({ hostname, value });

test.each<[what: string, hosts: ReturnType<typeof host>[], atOnce: number, batches: string[][]]>([
  ['no host', [], 1, []],
  ['one of each rack at once', [host('a', 'r1'), host('b', 'r1'), host('c', 'r2')], 1, [['a', 'c'], ['b']]],
  ['two of each rack at once', [host('a', 'r1'), host('b', 'r1'), host('c', 'r1')], 2, [['a', 'b'], ['c']]],
  ['hosts without the label are one rack', [host('a', null), host('b', null)], 1, [['a'], ['b']]],
])('%s', (_what, hosts, atOnce, batches) => {
  expect(drainBatches(hosts, atOnce)).toEqual(batches);
});

test('each host is in one batch, no batch has more than allowed, and no fewer batches would do (law)', () => {
  const values = fc.array(fc.constantFrom('r1', 'r2', 'r3', null), { maxLength: 40 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 5 }), (racks, atOnce) => {
      const hosts = racks.map((value, i) => host(`h${i}`, value));
      const valueOf = new Map(hosts.map(({ hostname, value }) => [hostname, value]));
      const batches = drainBatches(hosts, atOnce);
      expect(batches.flat().toSorted()).toEqual(hosts.map(({ hostname }) => hostname).toSorted());
      const sizes = (names: readonly string[]) =>
        [...new Set(racks)].map((rack) => names.filter((name) => valueOf.get(name) === rack).length);
      for (const batch of batches) expect(Math.max(0, ...sizes(batch))).toBeLessThanOrEqual(atOnce);
      const largest = Math.max(0, ...sizes(hosts.map(({ hostname }) => hostname)));
      expect(batches).toHaveLength(Math.ceil(largest / atOnce));
    }),
  );
});
