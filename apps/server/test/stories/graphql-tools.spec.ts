import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import { UrlLoader } from '@graphql-tools/url-loader';
import { cacheExchange, Client, fetchExchange } from '@urql/core';
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  type GraphQLSchema,
  lexicographicSortSchema,
  parse,
  printSchema,
} from 'graphql';
import { serverAudits } from 'graphql-http';
import { Environment, fetchQuery, type GraphQLResponse, Network, RecordSource, Store } from 'relay-runtime';
import { Registry, running } from '../registry.js';

const SDL = readFileSync(path.join(__dirname, '../../schema.graphql'), 'utf8');
const sorted = (schema: GraphQLSchema): string => printSchema(lexicographicSortSchema(schema));
/** The path of the compiler, a program. */
const relayCompiler: string = require('relay-compiler');
const NAMES = ['tool-1', 'tool-2', 'tool-3'];
const PAGE = `query Page($first: Int, $after: String) {
  hosts(first: $first, after: $after) { edges { cursor node { id hostname } } pageInfo { hasNextPage endCursor } }
}`;

let registry: Registry;
/** Of the GraphQL endpoint. */
let url: string;
beforeAll(async () => {
  registry = await Registry.start();
  await registry.app.listen(0, '127.0.0.1');
  url = `${await registry.app.getUrl()}/graphql`;
  for (const name of NAMES) await registry.report(running(name, []));
});
afterAll(() => registry.stop());

describe('the schema', () => {
  test.each<[string, Parameters<typeof getIntrospectionQuery>[0]]>([
    ['the standard introspection query', {}],
    [
      'the standard introspection query with all its options',
      {
        descriptions: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        experimentalDirectiveDeprecation: true,
        oneOf: true,
      },
    ],
  ])('%s tells the whole of it', async (_, options) => {
    const schema = buildClientSchema(await registry.ask(getIntrospectionQuery(options)));
    expect(sorted(schema)).toBe(sorted(buildSchema(SDL)));
  });

  test('it is served as text, and a client that has it gets 304', async () => {
    const get = (headers = {}) => fetch(`${url}/schema`, { headers });
    const answer = await get();
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await answer.text()).toBe(SDL);
    const etag = answer.headers.get('etag')!;
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*'])
      expect((await get({ 'if-none-match': tag })).status).toBe(304);
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  });
});

test.each(serverAudits({ url: () => url }).map((audit) => [audit.name, audit] as const))(
  'GraphQL over HTTP: %s',
  async (name, audit) => {
    const result = await audit.fn();
    // a MAY that the server leaves out is a notice
    expect({ ...result, response: null }).toMatchObject(
      result.status === 'notice' && name.startsWith('MAY') ? {} : { status: 'ok' },
    );
  },
);

test('graphql-codegen loads the schema by its address', async () => {
  const [source] = await new UrlLoader().load(url, {});
  const output = await codegen({
    filename: 'schema.ts',
    schema: parse(printSchema(source!.schema!)),
    documents: [],
    config: {},
    plugins: [{ typescript: {} }],
    pluginMap: { typescript },
  });
  expect(output).toContain('export type FleetVerdict = {');
});

test('Apollo Client pages, and keeps one object for each id', async () => {
  const cache = new InMemoryCache();
  const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache });
  const hosts: string[] = [];
  let after: string | null = null;
  do {
    const { data } = (await client.query({ query: gql(PAGE), variables: { first: 2, after } })) as any;
    hosts.push(...data.hosts.edges.map(({ node }: any) => node.hostname));
    after = data.hosts.pageInfo.hasNextPage ? data.hosts.pageInfo.endCursor : null;
  } while (after !== null);
  expect(hosts).toEqual(NAMES);
  expect(Object.keys(cache.extract()).filter((key) => key.startsWith('Host:'))).toHaveLength(3);
  client.stop();
});

test('urql asks by POST', async () => {
  const client = new Client({ url, exchanges: [cacheExchange, fetchExchange], preferGetMethod: false });
  const { data, error } = await client.query(PAGE, { first: 3 }).toPromise();
  expect(error).toBeUndefined();
  expect(data.hosts.edges.map(({ node }: any) => node.hostname)).toEqual(NAMES);
  const wrong = await client.query(PAGE, { first: 'all' }).toPromise();
  expect(wrong.error?.graphQLErrors[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
});

test('Relay compiles a connection, and its runtime pages it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-relay-'));
  try {
    writeFileSync(path.join(folder, 'schema.graphql'), await (await fetch(`${url}/schema`)).text());
    writeFileSync(
      path.join(folder, 'Fleet.js'),
      `graphql\`query FleetQuery($first: Int, $after: String) {
        hosts(first: $first, after: $after) @connection(key: "Fleet_hosts") { edges { node { id hostname } } }
      }\`;`,
    );
    const config = { src: '.', schema: 'schema.graphql', language: 'javascript', eagerEsModules: false };
    writeFileSync(path.join(folder, 'relay.config.json'), JSON.stringify(config));
    execFileSync(relayCompiler, ['relay.config.json'], { cwd: folder, stdio: 'pipe' });
    const query = require(path.join(folder, '__generated__/FleetQuery.graphql.js'));
    const network = Network.create(async ({ text }, variables) => {
      const body = JSON.stringify({ query: text, variables });
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      return (await answer.json()) as GraphQLResponse;
    });
    const environment = new Environment({ network, store: new Store(new RecordSource()) });
    const data = (await fetchQuery(environment, query, { first: 3 }).toPromise()) as any;
    expect(data.hosts.edges.map(({ node }: any) => node.hostname)).toEqual(NAMES);
    expect(data.hosts.pageInfo).toMatchObject({ hasNextPage: false });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
