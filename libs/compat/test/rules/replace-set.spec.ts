import type { Manifest } from '../../src/index.js';
import { type Asked, ask, manifest, older, promising } from '../../src/testing/index.js';

// "What would change under replace-set?" Within a set every patch replaces; across sets nothing may be
// shared.

const inSet = (replaceSet: bigint, name: string, written = {}, differs: Partial<Manifest> = {}): Manifest =>
  manifest(name, written, { replaceSet, replace: false, ...differs });
const under = (
  list: Manifest[],
  to: Manifest,
  routes: readonly ('REPLACE' | 'STACK' | 'DISABLE_THEN_LOAD')[] | null = null,
): Asked => ({
  list,
  to,
  question: { rules: 'replace-set', routes },
});
const codes = (asked: Asked): string[] => ask(asked).reasons.map((reason) => reason.code);

test.each<[sentence: string, asked: Asked, route: string | null, kind: string]>([
  [
    'what is not said to be in a set is in set 0 and replaces the others there',
    under([manifest('a', { 7: 1 }, { replace: false })], manifest('b', { 7: 1 }, { replace: false })),
    'REPLACE',
    'SAFE',
  ],
  [
    'its own set is replaced, another one stays',
    under([inSet(1n, 'a', { 7: 1 }), inSet(2n, 'b', { 8: 1 })], inSet(1n, 'c', { 7: 1 })),
    'REPLACE',
    'SAFE',
  ],
  [
    'a load on top replaces its set all the same',
    under([inSet(1n, 'a', { 7: 1 })], inSet(1n, 'c', { 7: 1 }), ['STACK']),
    'STACK',
    'SAFE',
  ],
  [
    'a set of its own goes on top',
    under([inSet(1n, 'a', { 7: 1 })], inSet(2n, 'c', { 8: 1 }), ['STACK']),
    'STACK',
    'SAFE',
  ],
  [
    'a state of its set that it lacks is refused, though its flag is not set',
    under([inSet(1n, 'a', { 7: 1 })], inSet(1n, 'c')),
    'REPLACE',
    'REFUSED',
  ],
  [
    'so is it where another set stays',
    under([inSet(1n, 'a', { 7: 1 }), inSet(2n, 'b', { 8: 1 })], inSet(1n, 'c')),
    'REPLACE',
    'REFUSED',
  ],
  [
    'a state of another set is refused',
    under([inSet(1n, 'a', { 7: 1 })], inSet(2n, 'c', { 7: 1 }), ['STACK']),
    'STACK',
    'REFUSED',
  ],
  [
    'what its set cannot take is disabled first',
    under([promising('a', { 7: 2 }, { replaceSet: 1n })], inSet(1n, 'c', { 7: 1 }), ['DISABLE_THEN_LOAD']),
    'DISABLE_THEN_LOAD',
    'SAFE',
  ],
])('%s', (_, asked, route, kind) => expect(ask(asked)).toMatchObject({ route, kind }));

test('what it replaces is judged: declared in the author statement alone, the state is left behind', () => {
  const statement = {
    evidence: 'MANIFEST',
    states: [{ id: 9n, version: 1, restore: 'UNKNOWN' }],
    impactNone: false,
    independentOf: [],
    cves: [],
  } as const;
  expect(codes(under([inSet(1n, 'a', {}, { author: statement })], inSet(1n, 'c'), ['STACK']))).toContain(
    'STATE_LEFT_BEHIND',
  );
  expect(
    codes({
      ...under([inSet(1n, 'a', {}, { author: statement })], inSet(1n, 'c'), ['STACK']),
      question: { routes: ['STACK'] },
    }),
  ).not.toContain('STATE_LEFT_BEHIND');
});

test('what it leaves alone is not discarded, whatever its owner', () => {
  expect(codes(under([inSet(1n, 'theirs', {}, { owner: 'vendor' })], inSet(2n, 'c'), ['STACK']))).toEqual([]);
  expect(codes(under([inSet(1n, 'theirs', {}, { owner: 'vendor' })], inSet(1n, 'c'), ['STACK']))).toContain(
    'FOREIGN_PATCH_DISCARDED',
  );
});

test('a cumulative target of another set does not stand alone', () => {
  expect(ask(under([inSet(1n, 'a', { 8: 1 })], { ...older, replaceSet: 2n }))).toMatchObject({
    route: 'REPLACE',
    kind: 'SAFE',
    reasons: [],
  });
  expect(ask(under([inSet(1n, 'a', { 7: 1 })], { ...older, replaceSet: 2n }))).toMatchObject({
    kind: 'REFUSED',
    reasons: [{ code: 'REPLACE_SET_CONFLICT' }],
  });
});
