import fc from 'fast-check';
import { undecided } from '../src/query/records/undecided.js';

const minute = (n: number): Date => new Date(n * 60_000);
const change = (hostId: string, at: number) => ({ hostId, at: minute(at) });
const decision = (at: number, ...hostIds: string[]) => ({ at: minute(at), hostIds: new Set(hostIds) });
const HOUR = 3600;

test.each<[string, ReturnType<typeof change>[], ReturnType<typeof decision>[], string[]]>([
  ['no change needs a decision', [], [decision(0, 'a')], []],
  ['without decisions every changed host is found', [change('a', 5), change('b', 6)], [], ['a', 'b']],
  ['a decision before the change covers it', [change('a', 60)], [decision(30, 'a')], []],
  ['a decision at the time of the change covers it', [change('a', 60)], [decision(60, 'a')], []],
  ['a decision exactly as old as allowed covers it', [change('a', 60)], [decision(0, 'a')], []],
  ['an older decision does not', [change('a', 61)], [decision(0, 'a')], ['a']],
  ['a later decision does not', [change('a', 60)], [decision(61, 'a')], ['a']],
  ['a decision about another host does not', [change('a', 60)], [decision(30, 'b')], ['a']],
  ['each change needs one', [change('a', 60), change('a', 200)], [decision(30, 'a')], ['a']],
  ['one may cover several changes', [change('a', 40), change('a', 60)], [decision(30, 'a')], []],
  ['two may cover two', [change('a', 60), change('a', 200)], [decision(30, 'a'), decision(180, 'a')], []],
])('%s', (_rule, changes, decisions, found) => {
  expect([...undecided(changes, decisions, HOUR)]).toEqual(found);
});

const hosts = fc.constantFrom('a', 'b', 'c');
const changes = fc.array(fc.record({ hostId: hosts, at: fc.nat(300).map(minute) }), { maxLength: 8 });
const decisions = fc.array(
  fc.record({ at: fc.nat(300).map(minute), hostIds: fc.array(hosts).map((ids) => new Set(ids)) }),
  { maxLength: 8 },
);

test('law: one more decision finds no other host, and one more change hides none', () => {
  fc.assert(
    fc.property(changes, decisions, fc.nat(400), fc.nat(8), (all, passed, minutes, cut) => {
      const found = undecided(all, passed, minutes * 60);
      const withFewerDecisions = undecided(all, passed.slice(cut), minutes * 60);
      for (const id of found) expect(withFewerDecisions).toContain(id);
      for (const id of undecided(all.slice(cut), passed, minutes * 60)) expect(found).toContain(id);
    }),
  );
});
