import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  getNamedType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { Access } from '../../src/access/access.js';
import { FIELDS, type Right, ROUTES } from '../../src/access/access-table.js';
import { newToken } from '../../src/access/token-text.js';
import type { Role } from '../../src/store/access/tokens.store.js';
import { Registry } from '../registry.js';
import { giveToken } from './give-token.js';

// two servers are started, and asked often, on a machine that may be busy
jest.setTimeout(180_000);

const ROLES: readonly Role[] = ['admin', 'publisher', 'gate', 'reader', 'relay'];
const REFUSED = { UNAUTHENTICATED: 401, FORBIDDEN: 403 } as const;

const schema = buildSchema(readFileSync(path.join(__dirname, '../../schema.graphql'), 'utf8'));

interface Asker {
  readonly name: string;
  readonly role: Role | null;
  readonly isScoped: boolean;
  readonly headers: Record<string, string>;
}

let on: Registry;
let off: Registry;
let askers: Record<'on' | 'off', Asker[]>;
beforeAll(async () => {
  on = await Registry.start({ KLPREG_ACCESS: 'on' });
  off = await Registry.start();
  askers = { on: await askersOf(on), off: await askersOf(off) };
});
afterAll(async () => Promise.all([on.stop(), off.stop()]));

/** Requests without a valid token, and with a token of each role, for all hosts and for some. */
async function askersOf(registry: Registry): Promise<Asker[]> {
  const unknown = { role: null, isScoped: false };
  const found: Asker[] = [
    { ...unknown, name: 'no token', headers: { authorization: '' } },
    ...(['admin', 'enrol', 'host'] as const).map((kind) => ({
      ...unknown,
      name: `an unknown token of the kind ${kind}`,
      headers: { authorization: `Bearer ${newToken(kind)}` },
    })),
  ];
  for (const role of ROLES) {
    found.push({ name: role, role, isScoped: false, headers: await giveToken(registry, role) });
    const headers = await giveToken(registry, role, { scope: { env: ['prod'] } });
    found.push({ name: `${role} with a scope`, role, isScoped: true, headers });
  }
  return found;
}

/** What the table says to this asker; null: it may. */
function refusal(
  right: Right,
  { role, isScoped, headers }: Asker,
  access: 'on' | 'off',
): keyof typeof REFUSED | null {
  if (right.kinds === null) return null;
  // where no token is needed, one that is given must be valid
  const isGiven = headers['authorization'] !== '';
  if (right.openWhenOff && access === 'off') return role === null && isGiven ? 'UNAUTHENTICATED' : null;
  if (role === null || right.kinds.includes('enrol')) return 'UNAUTHENTICATED';
  return right.kinds.includes(role) && !(right.wholeFleet === true && isScoped) ? null : 'FORBIDDEN';
}

test('the table has a row for each route that is registered, and no other', () => {
  expect([...on.app.get(Access).routes].toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});

test('the table has a row for each root field of the SDL and for introspection, and no other', () => {
  const introspection = ['Query.__schema', 'Query.__type'];
  const fields = rootFields(schema).map(({ type, field }) => `${type}.${field.name}`);
  expect([...fields, ...introspection].toSorted()).toEqual(Object.keys(FIELDS).toSorted());
});

describe.each(['on', 'off'] as const)('access is %s:', (access) => {
  test.each(Object.entries(ROUTES))(
    '%s answers whom the table names, and refuses all others',
    async (name, right) => {
      const [method, url] = name.split(' ') as ['GET' | 'POST' | 'PUT', string];
      // all other methods of /graphql are refused by a hook before the route
      if (name === 'GET /graphql') return;
      const registry = access === 'on' ? on : off;
      for (const asker of askers[access]) {
        const target = url.replace('::', ':').replace(':buildId', 'abcd').replace('*', 'index.html');
        const payload = method === 'GET' ? undefined : url === '/graphql' ? { query: '{ __typename }' } : {};
        const { status } = await registry.send(method, target, payload, asker.headers);
        const refused = refusal(right, asker, access);
        const shown = { asker: asker.name, status: status === 401 || status === 403 ? status : 'answered' };
        expect(shown).toEqual({
          asker: asker.name,
          status: refused === null ? 'answered' : REFUSED[refused],
        });
      }
    },
  );

  test.each(Object.entries(FIELDS))(
    '%s answers whom the table names, and refuses all others',
    async (name, right) => {
      const registry = access === 'on' ? on : off;
      const query = documentFor(name);
      for (const asker of askers[access]) {
        const { body } = await registry.send<any>('POST', '/graphql', { query }, asker.headers);
        const codes = (body.errors ?? [body]).map((error: any) => error.extensions?.code ?? error.code);
        expect({
          asker: asker.name,
          query,
          refused: codes.find((code: string) => code in REFUSED) ?? null,
        }).toEqual({
          asker: asker.name,
          query,
          // the route comes first
          refused: refusal(ROUTES['POST /graphql']!, asker, access) ?? refusal(right, asker, access),
        });
      }
    },
  );
});

test('a field in a fragment is guarded, and so is a field next to an open one', async () => {
  const reader = await giveToken(on, 'reader');
  for (const query of [
    'mutation { ...All } fragment All on Mutation { addHost(input: { hostname: "x" }) { id } }',
    'mutation { ... on Mutation { addHost(input: { hostname: "x" }) { id } } }',
    'mutation { __typename other: addHost(input: { hostname: "x" }) { id } }',
  ]) {
    const { body } = await on.send<any>('POST', '/graphql', { query }, reader);
    expect(body).toEqual({ errors: [expect.objectContaining({ extensions: { code: 'FORBIDDEN' } })] });
  }
  expect((await on.ask('{ hosts { totalCount } }')).hosts.totalCount).toBe(addedByWalk);
});

/** The admins of the walk added a host each. */
const addedByWalk = 2;

function rootFields(of: GraphQLSchema): { type: string; field: GraphQLField<unknown, unknown> }[] {
  return [of.getQueryType()!, of.getMutationType()!, of.getSubscriptionType()!].flatMap((type) =>
    Object.values(type.getFields()).map((field) => ({ type: type.name, field })),
  );
}

/** A valid document with this root field alone. */
function documentFor(name: string): string {
  if (name === 'Query.__schema') return '{ __schema { queryType { name } } }';
  if (name === 'Query.__type') return '{ __type(name: "Host") { name } }';
  // an admin with a scope adds hosts and creates tokens within it
  if (name === 'Mutation.addHost')
    return 'mutation { addHost(input: { hostname: "x", labels: [{ key: "env", value: "prod" }] }) { id } }';
  if (name === 'Mutation.createToken')
    return (
      'mutation { createToken(input: { name: "", role: READER, scope: [{ ' +
      'key: "env", values: ["prod"] }] }) { text } }'
    );
  const { type, field } = rootFields(schema).find((one) => `${one.type}.${one.field.name}` === name)!;
  const given = field.args.filter(isRequiredArgument).map((one) => `${one.name}: ${literal(one.type)}`);
  const selection = isCompositeType(getNamedType(field.type)) ? ' { __typename }' : '';
  const args = given.length > 0 ? `(${given.join(', ')})` : '';
  return `${type.toLowerCase()} { ${field.name}${args}${selection} }`;
}

function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType);
  if (isListType(type)) return '[]';
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (getNamedType(type).name === 'Boolean') return 'true';
  if (getNamedType(type).name === 'DateTime') return '"2026-11-23T09:00:00Z"';
  if (!isInputObjectType(type)) return '"x"';
  const fields = Object.values(type.getFields()).filter(isRequiredInputField);
  return `{ ${fields.map((field) => `${field.name}: ${literal(field.type)}`).join(', ')} }`;
}
