import { getIntrospectionQuery } from 'graphql';
import { Registry, running } from '../registry.js';

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start();
  await registry.publish('lab_r_1v1_a');
  await registry.report(running('web-1', ['lab_r_1v1_a']));
});
afterAll(() => registry.stop());

const many = (n: number, of: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => of(i)).join(' ');
const anonymous = { authorization: '' };
const ask = (query: string, headers: Record<string, string> = {}, variables?: unknown) =>
  registry.send<{
    data: unknown;
    errors?: { message: string; extensions: { code: string; errors?: object[] } }[];
  }>('POST', '/graphql', { query, ...(variables !== undefined && { variables }) }, headers);

describe('a question that asks for too much is refused before it is validated, with or without a token', () => {
  test.each<[string, string, string]>([
    [
      'a fragment bomb of less than 1,000 bytes',
      `{ ...F0 } ${many(17, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment ` +
        'F17 on Query { __typename }',
      'root fields in a question',
    ],
    ['3,000 aliases', `{ ${many(3000, (i) => `a${i}: __typename`)} }`, 'characters in a question'],
    ['400 aliases', `{ ${many(400, (i) => `a${i}:__typename`)} }`, 'tokens in a question'],
    ['100 aliases', `{ ${many(100, (i) => `a${i}: __typename`)} }`, 'aliases in a question'],
    ['11 root fields', `{ ${many(11, () => '__typename')} }`, 'root fields in a question'],
    [
      'pages of pages',
      '{ hosts(first: 100) { nodes { canDowngrade(to: { original: true }) { reasons { text code patch ' +
        'detail } } } edges { node { stack { name } } } } }',
      '',
    ],
  ])('%s', async (_, query, limit) => {
    for (const headers of [{}, anonymous]) {
      const { status, body } = await ask(query, headers as Record<string, string>);
      if (limit === '') expect(status).toBe(200);
      else
        expect({ status, body }).toMatchObject({
          status: 422,
          body: {
            errors: [
              {
                message: expect.stringContaining(limit),
                extensions: { code: 'LIMIT_EXCEEDED', errors: [{ pointer: '/query' }] },
              },
            ],
          },
        });
    }
  });

  test('levels upon levels', async () => {
    const { status, body } = await ask(
      `{ __type(name: "Host") { ${'ofType { '.repeat(17)} name ${'}'.repeat(17)} } }`,
    );
    expect({ status, code: body.errors?.[0]?.extensions.code, message: body.errors?.[0]?.message }).toEqual({
      status: 422,
      code: 'LIMIT_EXCEEDED',
      message: 'the limit is 16 levels of fields in a question, found 19',
    });
  });
});

test('the standard introspection query passes every limit', async () => {
  const all = {
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  };
  for (const query of [getIntrospectionQuery(), getIntrospectionQuery(all)]) {
    const { status, body } = await ask(query, anonymous);
    expect({ status, errors: body.errors }).toEqual({ status: 200, errors: undefined });
  }
});

test('an introspection that unfolds the schema again and again is refused', async () => {
  const { status, body } = await ask(
    '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }',
  );
  expect({ status, code: body.errors?.[0]?.extensions.code }).toEqual({
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
  });
});

test('a syntax tree instead of a text is not a question', async () => {
  for (const query of ['{"kind":"Document","definitions":[]}', '[1]', '"x"', '1', 'null']) {
    const { status, body } = await ask(query);
    expect({ query, status, code: body.errors?.[0]?.extensions.code }).toEqual({
      query,
      status: 400,
      code: 'GRAPHQL_VALIDATION_FAILED',
    });
  }
});

test('one of several operations is run by its name, each time', async () => {
  const query = 'query A { hosts { totalCount } } query B { __typename } query C { patches { totalCount } }';
  for (const operationName of ['B', 'A', 'B', 'A', 'B', 'A'])
    expect((await registry.send('POST', '/graphql', { query, operationName })).body).toMatchObject({
      data: operationName === 'A' ? { hosts: { totalCount: 1 } } : { __typename: 'Query' },
    });
});

test.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'] as const)(
  '%s on /graphql is off, and the answer says what is allowed',
  async (method) => {
    const response = await registry.app.inject({ method, url: '/graphql?query=%7B__typename%7D' });
    expect({ status: response.statusCode, allow: response.headers['allow'] }).toEqual({
      status: 405,
      allow: 'POST',
    });
    if (method !== 'HEAD') expect(response.body).toContain('a question is asked by POST');
  },
);
