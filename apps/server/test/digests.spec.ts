import fc from 'fast-check';
import { ContentIds } from '../src/store/content/content-ids.js';

const turned = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(turned)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .map(([key, field]) => [key, turned(field)])
            .toReversed(),
        )
      : value;

test('a law: the same content has the same id, in any order of its keys, from the cache or not', () => {
  const ids = new ContentIds(3);
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (content) => {
      const id = new ContentIds(1).of(content);
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      expect([ids.of(content), ids.of(content), ids.of(turned(content))]).toEqual([id, id, id]);
    }),
  );
});

test('a law: other content has another id', () => {
  const ids = new ContentIds(100);
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      fc.pre(
        JSON.stringify(one) !== JSON.stringify(other) &&
          JSON.stringify(turned(one)) !== JSON.stringify(other),
      );
      expect(ids.of([one, 1])).not.toBe(ids.of([other, 2]));
      expect(ids.of({ one })).not.toBe(ids.of([one]));
    }),
  );
});

test('an id does not change with the program: what is stored is found again', () => {
  expect(new ContentIds(1).of({ b: ['x', 1, null], a: { ä: true } })).toMatchInlineSnapshot(
    `"6176d378-bd85-88f7-be0f-8ea1f81d60f0"`,
  );
});
