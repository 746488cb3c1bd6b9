import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sha256 } from '@klpreg/wire';
import { QUESTION_LIMITS } from '../../src/query/question-limits.js';
import { Registry } from '../registry.js';

const HOSTS = '# all hosts\nquery Hosts($first: Int) {\n  hosts(first: $first) { totalCount }\n}\n';
const ADD = 'mutation Add { addHost(input: { hostname: "x" }) { id } }\n';
const OTHER = '{ patches { totalCount } }';

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-documents-'));
let open: Registry;
let closed: Registry;
beforeAll(async () => {
  writeFileSync(path.join(folder, 'hosts.graphql'), HOSTS);
  writeFileSync(path.join(folder, 'add.graphql'), ADD);
  cpSync(
    path.join(__dirname, '../../../cli/src/registry/operations.graphql'),
    path.join(folder, 'cli.graphql'),
  );
  open = await Registry.start({ KLPREG_GRAPHQL_FOLDER: folder });
  closed = await Registry.start({ KLPREG_GRAPHQL_FOLDER: folder, KLPREG_GRAPHQL_DOCUMENTS: 'persisted' });
});
afterAll(async () => {
  await Promise.all([open.stop(), closed.stop()]);
  rmSync(folder, { recursive: true });
});

const hashed = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(text) } });
const PREFLIGHT = { 'mercurius-require-preflight': 'yes' };
const get = (
  registry: Registry,
  parameters: Record<string, string>,
  headers: Record<string, string> = PREFLIGHT,
) => registry.send<any>('GET', `/graphql?${new URLSearchParams(parameters).toString()}`, undefined, headers);
const codeOf = ({ body }: { body: any }): string | undefined => body.errors?.[0].extensions.code ?? body.code;

test('a persisted document is asked for by its hash, by POST and by GET', async () => {
  for (const registry of [open, closed]) {
    const variables = { first: 3 };
    const answer = { status: 200, body: { data: { hosts: { totalCount: 0 } } } };
    expect(await registry.send('POST', '/graphql', { extensions: hashed(HOSTS), variables })).toMatchObject(
      answer,
    );
    const parameters = { extensions: JSON.stringify(hashed(HOSTS)), variables: JSON.stringify(variables) };
    expect(await get(registry, parameters)).toMatchObject(answer);
  }
});

test('a server that answers persisted documents only refuses all others, also introspection', async () => {
  for (const query of [OTHER, '{ __schema { queryType { name } } }', `${HOSTS} query B ${OTHER}`])
    expect([query, codeOf(await closed.send('POST', '/graphql', { query, operationName: 'Hosts' }))]).toEqual(
      [query, 'DOCUMENT_NOT_ALLOWED'],
    );
  expect(await closed.send('POST', '/graphql', { query: HOSTS.replace('# all hosts\n', '') })).toMatchObject({
    status: 200,
  });
  expect(codeOf(await open.send('POST', '/graphql', { query: OTHER }))).toBeUndefined();
});

test('it answers each question of the command line, whose documents are in a file', async () => {
  const generated = path.join(__dirname, '../../../cli/src/registry/generated/operations.ts');
  const operations = [...readFileSync(generated, 'utf8').matchAll(/= (\{"name":.*\});$/gm)].map(
    ([, json]) => JSON.parse(json!) as { name: string; text: string },
  );
  expect(operations.length).toBeGreaterThan(5);
  for (const { name, text } of operations)
    expect([
      name,
      codeOf(await closed.send('POST', '/graphql', { query: text, operationName: name })),
    ]).not.toContain('DOCUMENT_NOT_ALLOWED');
});

test('an unknown hash is refused on both', async () => {
  for (const registry of [open, closed])
    expect(await registry.send('POST', '/graphql', { extensions: hashed(OTHER) })).toMatchObject({
      status: 403,
      body: { errors: [{ extensions: { code: 'DOCUMENT_NOT_ALLOWED' } }] },
    });
});

test.each<[string, unknown]>([
  ['a hash of another text', { query: OTHER, extensions: hashed(HOSTS) }],
  ['a hash that is none', { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }],
  ['no hash', { extensions: { persistedQuery: null } }],
])('%s is a mistake', async (_, body) =>
  expect(codeOf(await open.send('POST', '/graphql', body))).toBe('BAD_USER_INPUT'),
);

describe('GET', () => {
  const extensions = JSON.stringify(hashed(HOSTS));
  test('with a text is off', async () => {
    for (const parameters of [{ query: HOSTS }, { query: HOSTS, extensions }, {}] as Record<string, string>[])
      expect((await get(open, parameters)).status).toBe(405);
  });
  test('does not change anything', async () => {
    const { status } = await get(open, { extensions: JSON.stringify(hashed(ADD)) });
    expect(status).toBe(405);
    expect(await open.ask('{ hosts { totalCount } }')).toEqual({ hosts: { totalCount: 0 } });
  });
  test('needs a header that a link of another page cannot send', async () => {
    expect((await get(open, { extensions }, {})).status).toBe(400);
  });
  test('with parameters that are not JSON is a mistake', async () => {
    expect(codeOf(await get(open, { extensions: '{' }))).toBe('BAD_USER_INPUT');
    expect(codeOf(await get(open, { extensions, variables: '{' }))).toBe('BAD_USER_INPUT');
  });
});

test('each answer shows its cost and the limit', async () => {
  const cost = async (query: string) =>
    (await open.send<any>('POST', '/graphql', { query })).body.extensions.cost;
  expect(await cost('{ hosts(first: 50) { nodes { id hostname } } }')).toEqual({
    requested: 102,
    limit: QUESTION_LIMITS.cost,
  });
  expect(await cost('{ __typename }')).toMatchObject({ requested: 1 });
  expect(await cost('{ canDowngrade(to: { original: true }) { kind } }')).toMatchObject({ requested: 21 });
  expect(await cost('{ newestSafe { release } }')).toMatchObject({ requested: 201 });
  expect(await cost('{ newestSafe(tries: 3) { release } }')).toMatchObject({ requested: 61 });
});

test('a folder that cannot be read, or has no GraphQL in it, ends the start', async () => {
  await expect(Registry.start({ KLPREG_GRAPHQL_FOLDER: path.join(folder, 'none') })).rejects.toThrow(
    'KLPREG_GRAPHQL_FOLDER',
  );
  const wrong = mkdtempSync(path.join(folder, 'wrong-'));
  writeFileSync(path.join(wrong, 'x.graphql'), 'query {');
  await expect(Registry.start({ KLPREG_GRAPHQL_FOLDER: wrong })).rejects.toThrow('Syntax Error');
});
