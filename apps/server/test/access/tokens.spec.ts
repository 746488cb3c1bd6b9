import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../src/database/database.js';
import { allModules } from '../modules.js';
import { Registry } from '../registry.js';
import { giveToken } from './give-token.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start({ KLPREG_ACCESS: 'on' })));
beforeEach(async () => registry.reset());
afterAll(async () => registry.stop());

const FIELDS =
  'id name role scope { key values } owners createdAt createdBy expiresAt lastUsedAt revokedAt revokedBy';
const CREATE = `mutation ($input: CreateTokenInput!) { createToken(input: $input) { text token { ${FIELDS} } } }`;
const REVOKE = `mutation ($id: ID!) { revokeToken(id: $id, reason: "it leaked") { ${FIELDS} } }`;
const LIST = `query ($first: Int, $after: String) { tokens(first: $first, after: $after) {
  totalCount pageInfo { endCursor hasNextPage } nodes { ${FIELDS} } } }`;

/** A manifest without a signature. */
const GOLDEN = {
  ...(JSON.parse(
    readFileSync(path.join(__dirname, '../../../../libs/wire/test/goldens/manifest-v1.json'), 'utf8'),
  ) as { buildId: string }),
  buildId: 'ab'.repeat(20),
  author: null,
  signature: null,
};

type Headers = Record<string, string>;
const bearing = (text: string): Headers => ({ authorization: `Bearer ${text}` });

/** The data or the first error of an answer. */
async function ask(query: string, variables: object, headers: Headers = {}) {
  const { body } = await registry.send<any>('POST', '/graphql', { query, variables }, headers);
  return body.errors === undefined ? body.data : { code: body.errors[0].extensions.code, ...body.errors[0] };
}
const create = async (input: object, headers: Headers = {}) => {
  const data = await ask(CREATE, { input }, headers);
  return data.createToken ?? data;
};
const names = async (headers: Headers = {}) =>
  (await ask(LIST, {}, headers)).tokens.nodes.map(({ name }: any) => name);
const audit = async () =>
  (await registry.app.get(Database).audit.findMany({ orderBy: { id: 'asc' } })).filter(({ action }) =>
    action.endsWith('-token'),
  );

test('a new token works, is in the list without its text, and in the audit log', async () => {
  const { text, token } = await create({ name: 'dashboard', role: 'READER', expiresIn: '2d' });
  expect(text).toMatch(/^klpreg_reader_[\w-]{43}_\w{6}$/);
  expect(token).toMatchObject({
    name: 'dashboard',
    role: 'READER',
    scope: null,
    owners: null,
    createdBy: 'tester',
    createdAt: '2026-11-23T10:00:00.000Z',
    expiresAt: '2026-11-25T10:00:00.000Z',
    lastUsedAt: null,
    revokedAt: null,
  });
  expect((await ask('{ hosts { totalCount } }', {}, bearing(text))).hosts.totalCount).toBe(0);
  const { tokens } = await ask(LIST, {});
  // its use is noted without waiting for it
  const { lastUsedAt: _used, ...unchanging } = token;
  expect(tokens.nodes[1]).toMatchObject(unchanging);
  expect(JSON.stringify(tokens)).not.toContain(text.split('_')[2]);
  const [entry] = await audit();
  expect(entry).toMatchObject({ who: 'tester', action: 'create-token', subject: token.id });
  expect(JSON.stringify(entry!.detail)).not.toContain(text.split('_')[2]);
});

test('a token expires at its time, even if it was used a moment before', async () => {
  const { text } = await create({ name: 'short', role: 'READER', expiresIn: '10s' });
  registry.wait(9, 'seconds');
  expect(await ask('{ hosts { totalCount } }', {}, bearing(text))).toMatchObject({ hosts: {} });
  registry.wait(1, 'seconds');
  expect(await ask('{ hosts { totalCount } }', {}, bearing(text))).toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a revoked token is refused at once by this server, and its revocation is in the audit log once', async () => {
  const { text, token } = await create({ name: 'leaked', role: 'GATE' });
  expect(await ask('{ hosts { totalCount } }', {}, bearing(text))).toMatchObject({ hosts: {} });
  const first = (await ask(REVOKE, { id: token.id })).revokeToken;
  expect(first).toMatchObject({ revokedBy: 'tester', revokedAt: expect.anything() });
  expect(await ask('{ hosts { totalCount } }', {}, bearing(text))).toMatchObject({ code: 'UNAUTHENTICATED' });
  registry.wait(1, 'minutes');
  const { lastUsedAt: _used, ...unchanging } = first;
  expect((await ask(REVOKE, { id: token.id })).revokeToken).toMatchObject(unchanging);
  expect((await audit()).map(({ action, detail }) => ({ action, detail }))).toMatchObject([
    { action: 'create-token' },
    { action: 'revoke-token', detail: { name: 'leaked', reason: 'it leaked' } },
  ]);
});

test('the last valid admin token cannot be revoked, and one with a scope does not count', async () => {
  const [{ id: own }] = (await ask(LIST, {})).tokens.nodes;
  const prod = [{ key: 'env', values: ['prod'] }];
  await create({ name: 'scoped', role: 'ADMIN', scope: prod });
  const short = await create({ name: 'short', role: 'ADMIN', expiresIn: '1m' });
  registry.wait(2, 'minutes');
  expect(await ask(REVOKE, { id: own })).toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await ask(REVOKE, { id: short.token.id })).toMatchObject({ revokeToken: {} });
  expect(await audit()).toHaveLength(3);
  const other = await create({ name: 'other', role: 'ADMIN' });
  expect(await ask(REVOKE, { id: own }, bearing(other.text))).toMatchObject({
    revokeToken: { name: 'tester' },
  });
});

test('of two admins that revoke each other at once, one stays', async () => {
  const [{ id: own }] = (await ask(LIST, {})).tokens.nodes;
  const other = await create({ name: 'other', role: 'ADMIN' });
  const answers = await Promise.all([
    ask(REVOKE, { id: other.token.id }),
    ask(REVOKE, { id: own }, bearing(other.text)),
  ]);
  expect(answers.filter(({ revokeToken }) => revokeToken !== undefined)).toHaveLength(1);
});

test.each([
  ['a name that a valid token has', { name: 'tester', role: 'READER' }, 'AMBIGUOUS'],
  ['an empty name', { name: '', role: 'READER' }, 'BAD_USER_INPUT'],
  ['a name of two lines', { name: 'a\nb', role: 'READER' }, 'BAD_USER_INPUT'],
  ['an empty scope', { name: 'x', role: 'READER', scope: [] }, 'BAD_USER_INPUT'],
  [
    'a label without values',
    { name: 'x', role: 'READER', scope: [{ key: 'env', values: [] }] },
    'BAD_USER_INPUT',
  ],
  [
    'a label that hosts report',
    { name: 'x', role: 'READER', scope: [{ key: 'agent.env', values: ['prod'] }] },
    'BAD_USER_INPUT',
  ],
  [
    'a label twice',
    {
      name: 'x',
      role: 'READER',
      scope: [
        { key: 'env', values: ['prod'] },
        { key: 'env', values: ['test'] },
      ],
    },
    'BAD_USER_INPUT',
  ],
  [
    'a key that is no label',
    { name: 'x', role: 'READER', scope: [{ key: '__proto__', values: ['a'] }] },
    'BAD_USER_INPUT',
  ],
  ['owners of a reader', { name: 'x', role: 'READER', owners: ['lab'] }, 'BAD_USER_INPUT'],
  ['no owner of a publisher', { name: 'x', role: 'PUBLISHER', owners: [] }, 'BAD_USER_INPUT'],
  [
    'a scope of a publisher',
    { name: 'x', role: 'PUBLISHER', scope: [{ key: 'env', values: ['prod'] }] },
    'BAD_USER_INPUT',
  ],
  ['no time at all', { name: 'x', role: 'READER', expiresIn: '0s' }, 'BAD_USER_INPUT'],
])('a token with %s is not created', async (_name, input, code) => {
  expect(await create(input)).toMatchObject({ code });
  expect(await audit()).toEqual([]);
});

test('an admin with a scope creates, sees and revokes tokens within its scope only', async () => {
  const env = (...values: string[]) => [{ key: 'env', values }];
  const { text } = await create({ name: 'admin of prod', role: 'ADMIN', scope: env('prod', 'stage') });
  const foreign = await create({ name: 'of test', role: 'READER', scope: env('test') });
  await create({ name: 'of all', role: 'READER' });
  const headers = bearing(text);
  for (const scope of [undefined, env('test'), env('prod', 'test'), [{ key: 'role', values: ['web'] }]])
    for (const role of ['ADMIN', 'READER', 'RELAY'])
      expect(await create({ name: 'more', role, scope }, headers)).toMatchObject({ code: 'FORBIDDEN' });
  expect(await create({ name: 'more', role: 'PUBLISHER' }, headers)).toMatchObject({ code: 'FORBIDDEN' });
  const own = await create({ name: 'of stage', role: 'READER', scope: env('stage') }, headers);
  expect(own.token).toMatchObject({ createdBy: 'admin of prod' });
  expect(await names(headers)).toEqual(['admin of prod', 'of stage']);
  expect(await ask(REVOKE, { id: foreign.token.id }, headers)).toMatchObject({
    code: 'NOT_FOUND',
    message: `no token has the id "${foreign.token.id}"`,
  });
  expect(await ask(REVOKE, { id: own.token.id }, headers)).toMatchObject({
    revokeToken: { name: 'of stage' },
  });
});

test('a publisher with owners publishes and recalls patches of its owners only', async () => {
  const recall = `mutation ($id: String!) { recallPatch(buildId: $id, reason: "x") { recalledAt } }`;
  await registry.publish('lab_r_1v1_a', { owner: 'lab' });
  const { buildId } = allModules('7.3').find(({ name }) => name === 'lab_r_1v1_a')!;
  const other = await giveToken(registry, 'publisher', { owners: ['web', 'db'] });
  const own = await giveToken(registry, 'publisher', { owners: ['lab'] });
  expect(await ask(recall, { id: buildId }, other)).toMatchObject({ code: 'FORBIDDEN' });
  expect(await ask('{ patches { nodes { recalledAt } } }', {}, other)).toEqual({
    patches: { nodes: [{ recalledAt: null }] },
  });
  expect(await ask(recall, { id: buildId }, own)).toMatchObject({ recallPatch: {} });
  const manifest = { ...GOLDEN, owner: 'lab' };
  const put = (headers: Headers) => registry.send('PUT', `/v1/patches/${GOLDEN.buildId}`, manifest, headers);
  expect((await put(other)).status).toBe(403);
  expect(await put(own)).toMatchObject({ status: 200, body: { outcome: 'PUBLISHED' } });
});

test('the list has pages', async () => {
  for (const name of ['a', 'b', 'c']) await create({ name, role: 'READER' });
  const first = (await ask(LIST, { first: 3 })).tokens;
  expect(first).toMatchObject({ totalCount: 4, pageInfo: { hasNextPage: true } });
  const rest = (await ask(LIST, { first: 3, after: first.pageInfo.endCursor })).tokens;
  expect([...first.nodes, ...rest.nodes].map(({ name }: any) => name)).toEqual(['tester', 'a', 'b', 'c']);
});

test('a token that was cut gets the sentence about it, and the database is not asked', async () => {
  const { authorization } = await giveToken(registry, 'reader');
  const answer = await ask('{ hosts { totalCount } }', {}, { authorization: authorization.slice(0, -1) });
  expect(JSON.stringify(answer)).toContain('mistyped or cut');
  await sleep(50);
  expect((await ask(LIST, {})).tokens.nodes.at(-1).lastUsedAt).toBeNull();
});
