import { getIntrospectionQuery, parse } from 'graphql';
import { QUESTION_LIMITS, refuseTooMuch } from '../src/query/question-limits.js';

const EVERYTHING = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
};
const many = (n: number, of: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => of(i)).join(' ');
/** Fragments that use the next one twice: 2^levels fields in a text that grows by a line for each level. */
const bomb = (levels: number): string =>
  `{ ...F0 } ${many(levels, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment ` +
  `F${levels} on Query { __typename }`;
const nested = (levels: number): string => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;

const refused = (query: string): string | null => {
  try {
    refuseTooMuch(parse(query));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};

test.each<[string, string]>([
  ['the standard introspection query', getIntrospectionQuery()],
  ['the standard introspection query with all its options', getIntrospectionQuery(EVERYTHING)],
  [`${QUESTION_LIMITS.depth} levels`, nested(QUESTION_LIMITS.depth)],
  [`${QUESTION_LIMITS.aliases} aliases`, `{ a { ${many(QUESTION_LIMITS.aliases, (i) => `x${i}: b`)} } }`],
  [`${QUESTION_LIMITS.rootFields} root fields`, `{ ${many(QUESTION_LIMITS.rootFields, (i) => `r${i}`)} }`],
  [
    'pages in pages of ordinary sizes',
    '{ canDowngrade { cohorts(first: 20) { nodes { hosts } } hosts(first: 100) { nodes { host { ' +
      'hostname } verdict { kind } } } } }',
  ],
  [
    'a fragment that contains itself, which validation refuses',
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
  ],
  ['a fragment that is missing, which validation refuses', '{ ...A }'],
])('%s is within the limits', (_, query) => expect(refused(query)).toBeNull());

test.each<[string, string, string]>([
  [
    'one level more',
    nested(QUESTION_LIMITS.depth + 1),
    'the limit is 16 levels of fields in a question, found 17',
  ],
  [
    'one alias more',
    `{ a { ${many(31, (i) => `x${i}: b`)} } }`,
    'the limit is 30 aliases in a question, found 31',
  ],
  [
    'one root field more',
    `{ ${many(11, (i) => `r${i}`)} }`,
    'the limit is 10 root fields in a question, found 11',
  ],
  [
    'root fields in fragments',
    `{ ...A ... on Query { ...A } } fragment A on Query { ${many(6, (i) => `r${i}`)} }`,
    'the limit is 10 root fields in a question, found 12',
  ],
  [
    'aliases in a fragment that is used often',
    `{ a { ${many(4, () => '...A')} } } fragment A on B { ${many(10, (i) => `x${i}: b`)} }`,
    'the limit is 30 aliases in a question, found 40',
  ],
  [
    'pages in pages of the largest size',
    '{ a(first: 100) { nodes { b(first: 100) { nodes { c d e f g } } } } }',
    'the limit is 50000 fields in a question, times',
  ],
  [
    'pages whose sizes are variables',
    'query ($n: Int) { a(first: $n) { nodes { b(last: $n) { edges { node { c d e f } } } } } }',
    'the limit is 50000 fields in a question, times',
  ],
])('%s is refused by the name of the limit', (_, query, message) =>
  expect(refused(query)).toContain(message),
);

test('a fragment bomb is measured in steps that grow with its length', () => {
  let read = 0;
  const counted = (levels: number): number => {
    const document = parse(bomb(levels));
    read = 0;
    for (const definition of document.definitions) {
      const { selections } = (definition as { selectionSet: { selections: object } }).selectionSet;
      Object.defineProperty((definition as { selectionSet: object }).selectionSet, 'selections', {
        get: () => ((read += 1), selections),
      });
    }
    expect(() => refuseTooMuch(document)).toThrow('root fields');
    return read;
  };
  expect([counted(10), counted(30)]).toEqual([12, 32]);
});

test.each<[string, string, number]>([
  ['a list of hosts without a filter', '{ hosts { totalCount } }', 2],
  ['a list of hosts with a filter', 'query ($w: HostFilter) { hosts(where: $w) { totalCount } }', 21],
  ['the fleet in numbers', '{ fleet { hosts } }', 101],
  ['a plan to one release', '{ plan(to: { release: "a" }) { matched } }', 101],
  ['a plan to the newest release', '{ plan(newest: true) { matched } }', 1_001],
  ['a plan with its number of tries', '{ plan(newest: true, tries: 20) { matched } }', 2_001],
])('%s has its cost', (_, query, cost) => expect(refuseTooMuch(parse(query))).toBe(cost));
