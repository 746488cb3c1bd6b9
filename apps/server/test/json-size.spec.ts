import fc from 'fast-check';
import { RequestError } from '../src/errors.js';
import { refuseLargeJson, splitBatch } from '../src/json-size.js';

const message = (work: () => unknown): string | null => {
  try {
    work();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};
const array = (n: number, of: string): string => `[${Array(n).fill(of).join(',')}]`;

test.each<[string, string, string | null]>([
  ['32 levels', '['.repeat(32) + ']'.repeat(32), null],
  ['33 levels', '['.repeat(33) + ']'.repeat(33), 'the limit is 32 levels of arrays and objects, found 33'],
  [
    '33 levels that are never closed',
    '{"a":'.repeat(33),
    'the limit is 32 levels of arrays and objects, found 33',
  ],
  [
    'a million brackets',
    '['.repeat(1_000_000),
    'the limit is 32 levels of arrays and objects, found 1000000',
  ],
  ['100,000 values', array(100_000, '0'), null],
  ['100,001 values', array(100_001, '0'), 'the limit is 100000 values in a document, found 100001'],
  [
    '100,001 values in another array',
    `[${array(50_001, '0')},${array(50_001, '{}')}]`,
    'the limit is 100000 values in a document',
  ],
  ['brackets and commas in a string', `{"a":"${'[,'.repeat(200_000)}"}`, null],
  ['a quote that is escaped', `{"a":"${String.raw`\"[`.repeat(5000)}"}`, null],
  [
    'a backslash that is escaped before the end of a string',
    `{"a":"x${String.raw`\\`}"${',"b":['.repeat(1000)}`,
    'the limit is 32 levels of arrays and objects, found 1001',
  ],
])('%s', (_, text, expected) =>
  expected === null
    ? expect(message(() => refuseLargeJson(text))).toBeNull()
    : expect(message(() => refuseLargeJson(text))).toContain(expected),
);

const shown = (text: string) =>
  splitBatch(text, 1000).map((item) => (item instanceof RequestError ? item.code : item.text.trim()));

test.each<[string, string, string[]]>([
  ['nothing', ' [ ] ', []],
  ['one', '[{}]', ['{}']],
  ['strings with what separates', '["a,b]", {"c":"\\"],["}]', ['"a,b]"', '{"c":"\\"],["}']],
  ['numbers', '[1, 2 ,3]', ['1', '2', '3']],
  ['arrays in arrays', '[[1,[2,3]],[]]', ['[1,[2,3]]', '[]']],
  [
    'one that is too deep among others',
    `[1,${'['.repeat(33)}${']'.repeat(33)},2]`,
    ['1', 'LIMIT_EXCEEDED', '2'],
  ],
  ['one that is too long among others', `[1,"${'x'.repeat(1000)}",2]`, ['1', 'LIMIT_EXCEEDED', '2']],
  ['items that are none, for the parser to refuse', '[1,,2]', ['1', '', '2']],
])('a batch of %s', (_, text, expected) => expect(shown(text)).toEqual(expected));

test.each<[string, string, string]>([
  ['an object', '{}', 'a batch is an array of at most 1000 documents, found something else'],
  ['a number', '1', 'found something else'],
  ['blanks', '   ', 'found something else'],
  ['1,001 items', array(1001, '0'), 'found more of them'],
  ['millions of items', array(3_000_000, '0'), 'found more of them'],
  ['an array that is not closed', '[1,2', 'not valid JSON'],
  ['an array with something behind it', '[1] x', 'not valid JSON'],
])('%s is no batch', (_, text, expected) =>
  expect(message(() => splitBatch(text, 1000))).toContain(expected),
);

test('what is split is what JSON.parse finds', () =>
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue({ maxDepth: 5 }), { maxLength: 30 }),
      fc.constantFrom(0, 1, '\t'),
      (values, blanks) => {
        const items = splitBatch(JSON.stringify(values, null, blanks), 1e6);
        expect(items.map((item) => JSON.parse((item as { text: string }).text))).toEqual(
          JSON.parse(JSON.stringify(values)),
        );
      },
    ),
    { numRuns: 300 },
  ));
