import { giveToken } from '../access/give-token.js';
import { FIELDS } from '../../src/access/access-table.js';
import type { Role, Scope } from '../../src/store/access/tokens.store.js';
import { Registry } from '../registry.js';

jest.setTimeout(120_000);

const VIEWER = '{ viewer { name role scope { key values } owners expiresAt tokenNeeded fields } }';
const WITHOUT_TOKEN = { role: null, scope: null, owners: null, expiresAt: null };

let on: Registry;
let off: Registry;
beforeAll(async () => {
  on = await Registry.start({ KLPREG_ACCESS: 'on' });
  off = await Registry.start();
});
afterAll(async () => Promise.all([on.stop(), off.stop()]));

const view = async (registry: Registry, headers: Record<string, string> = {}) =>
  registry.send<any>('POST', '/graphql', { query: VIEWER }, headers);
const scope: Scope = { env: ['prod'], role: ['web', 'api'] };
const SCOPE_VIEW = [
  { key: 'env', values: ['prod'] },
  { key: 'role', values: ['web', 'api'] },
];
/** The fields that need no token while access is switched off. */
const openFields = () => Object.keys(FIELDS).filter((name) => FIELDS[name]!.openWhenOff);

interface Row {
  readonly role: Role;
  readonly limits?: Parameters<typeof giveToken>[2];
  readonly may: string[];
  readonly mayNot: string[];
}
const ROWS: readonly (Row & { title: string })[] = [
  {
    title: 'an admin may use all fields',
    role: 'admin',
    may: Object.keys(FIELDS),
    mayNot: [],
  },
  {
    title: 'an admin with a scope may use what is not about the whole fleet',
    role: 'admin',
    limits: { scope },
    may: ['Query.tokens', 'Mutation.labelHost', 'Query.hosts'],
    mayNot: ['Query.auditLog', 'Mutation.setOwnerPolicy', 'Mutation.recallPatch'],
  },
  {
    title: 'a publisher publishes for its owners',
    role: 'publisher',
    limits: { owners: ['lab'] },
    may: ['Query.patches', 'Mutation.recallPatch'],
    mayNot: ['Mutation.addWaiver'],
  },
  {
    title: 'a gate records decisions',
    role: 'gate',
    may: ['Query.canDowngrade', 'Mutation.recordDecision', 'Mutation.watchTarget'],
    mayNot: ['Mutation.addWaiver', 'Query.tokens'],
  },
  {
    title: 'a reader changes nothing',
    role: 'reader',
    limits: { expiresAt: new Date('2036-01-01T00:00:00Z') },
    may: ['Query.hosts', 'Query.verdictHistory', 'Subscription.hostChanged'],
    mayNot: Object.keys(FIELDS).filter((name) => name.startsWith('Mutation.')),
  },
];

describe.each(['on', 'off'] as const)('access is %s:', (access) => {
  test.each(ROWS)('$title', async ({ role, limits = {}, may, mayNot }) => {
    const registry = access === 'on' ? on : off;
    const { status, body } = await view(registry, await giveToken(registry, role, limits));
    expect({ status, ...body.data.viewer }).toEqual({
      status: 200,
      name: `test ${role}`,
      role: role.toUpperCase(),
      scope: limits.scope === undefined ? null : SCOPE_VIEW,
      owners: limits.owners ?? null,
      expiresAt: limits.expiresAt?.toISOString() ?? null,
      tokenNeeded: access === 'on',
      fields: expect.arrayContaining([...may, ...(access === 'off' ? openFields() : [])]),
    });
    expect(body.data.viewer.fields.filter((name: string) => mayNot.includes(name))).toEqual([]);
  });

  test('a wrong token is refused', async () => {
    const registry = access === 'on' ? on : off;
    const { status } = await view(registry, { authorization: 'Bearer guess' });
    expect(status).toBe(401);
  });
});

test('without a token the open fields may be used, if access is off', async () => {
  const { body } = await view(off, { authorization: '' });
  expect(body.data.viewer).toEqual({
    ...WITHOUT_TOKEN,
    name: 'anyone',
    tokenNeeded: false,
    fields: openFields(),
  });
  expect((await view(on, { authorization: '' })).status).toBe(401);
});
