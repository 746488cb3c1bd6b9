import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { exportSPKI, importJWK } from 'jose';
import { Database } from '../../src/database/database.js';
import { idle, Registry } from '../registry.js';
import { type Key, newKey, TinyIssuer } from './tiny-issuer.js';

const ROLES = `
- { value: ops, role: admin }
- { value: web-team, role: reader, scope: { env: [prod] } }
- { value: kernel-team, role: publisher, owners: [kernel] }
`;

const AUDIENCE = 'https://registry.example';
const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-roles-'));
const rolesFile = path.join(folder, 'roles.yaml');
let issuer: TinyIssuer;
/** Where a hostile token points to. It must never be asked. */
let elsewhere: TinyIssuer;
let registry: Registry;
let keys: Record<'es' | 'rsa' | 'ed' | 'foreign', Key>;

beforeAll(async () => {
  keys = {
    es: await newKey('es'),
    rsa: await newKey('rsa', 'RS256'),
    ed: await newKey('ed', 'EdDSA'),
    foreign: await newKey('es'),
  };
  issuer = await TinyIssuer.open(keys.es, keys.rsa, keys.ed);
  elsewhere = await TinyIssuer.open(keys.foreign);
  writeFileSync(rolesFile, ROLES);
  registry = await Registry.start({
    ...issuer.settings,
    KLPREG_OIDC_ROLES_FILE: rolesFile,
    KLPREG_OIDC_AUDIENCE: AUDIENCE,
  });
});
afterAll(async () => {
  await registry.stop();
  await Promise.all([issuer.close(), elsewhere.close()]);
  rmSync(folder, { recursive: true });
});

const seconds = () => Math.floor(registry.now().getTime() / 1000);
const send = async (token: string, query = '{ hosts { totalCount nodes { hostname } } }') => {
  const headers = { authorization: `Bearer ${token}` };
  const { status, body } = await registry.send<any>('POST', '/graphql', { query }, headers);
  const error = body.errors?.[0];
  return { status, data: body.data, code: error?.extensions.code, message: error?.message };
};
const sign = (claims: object = {}, header: object = {}, key?: Key) =>
  issuer.sign(registry.now(), claims as Record<string, unknown>, header, key);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;

test.each<[name: string, token: () => Promise<string>]>([
  ['an ID token', () => sign()],
  ['an access token', () => sign({ client_id: 'klpreg' }, { typ: 'at+jwt' })],
  ['an access token of the audience', () => sign({ aud: AUDIENCE, client_id: 'klpreg' })],
  ['an access token of the audience with a party', () => sign({ aud: [AUDIENCE], azp: 'klpreg' })],
  ['a token with the client as its party', () => sign({ azp: 'klpreg', aud: ['klpreg', 'other'] })],
  ['a token that is signed with RSA', () => sign({}, {}, keys.rsa)],
  ['a token that is signed with Ed25519', () => sign({}, {}, keys.ed)],
  ['a token that has expired within the skew', () => sign({ exp: seconds() - 59 })],
  ['a token that was issued ahead within the skew', () => sign({ iat: seconds() + 59, nbf: seconds() + 59 })],
  ['a token with one group among others', () => sign({ groups: ['x', 7, null, 'ops'] })],
  ['a token with its group as text', () => sign({ groups: 'ops' })],
])('%s is accepted', async (_name, token) => {
  expect(await send(await token())).toMatchObject({ status: 200, code: undefined });
});

const pem = async () => exportSPKI((await importJWK(keys.rsa.published, 'RS256')) as never);
const unsigned = async (alg: string) => `${part({ alg, kid: 'es' })}.${part(claimsOf(await sign()))}.`;
const hmac = async (secret: string | Promise<string>, header: object) => {
  const content = `${part({ alg: 'HS256', ...header })}.${part(claimsOf(await sign()))}`;
  return `${content}.${createHmac('sha256', await secret)
    .update(content)
    .digest('base64url')}`;
};

test.each<[name: string, token: () => Promise<string> | string, message: RegExp]>([
  ['a token without a signature', () => unsigned('none'), /algorithm that is not accepted/],
  ['a token without a signature, in other letters', () => unsigned('nOnE'), /algorithm that is not accepted/],
  [
    'a token that names an algorithm and has no signature',
    () => unsigned('ES256'),
    /not signed by its issuer/,
  ],
  [
    'HS256 with the public key as secret',
    () => hmac(pem(), { kid: 'rsa' }),
    /algorithm that is not accepted/,
  ],
  [
    'HS256 with the published JSON as secret',
    () => hmac(JSON.stringify(keys.es.published), { kid: 'es' }),
    /algorithm that is not accepted/,
  ],
  ['another issuer', () => sign({ iss: 'https://login.example' }), /is not of the issuer http/],
  ['the issuer with a slash more', () => sign({ iss: `${issuer.url}/` }), /is not of the issuer/],
  ['no issuer', () => sign({ iss: undefined }), /is not of the issuer/],
  ['another audience', () => sign({ aud: 'other' }), /is for another audience/],
  ['no audience', () => sign({ aud: undefined }), /is for another audience/],
  [
    'several audiences without a party',
    () => sign({ aud: ['klpreg', 'other'] }),
    /does not say which client/,
  ],
  ['an audience without a client', () => sign({ aud: AUDIENCE }), /does not say which client/],
  ['a list of one audience without a client', () => sign({ aud: [AUDIENCE] }), /does not say which client/],
  [
    'an audience with another client',
    () => sign({ aud: AUDIENCE, client_id: 'other' }),
    /issued to another client/,
  ],
  [
    'an audience with the client and another party',
    () => sign({ aud: AUDIENCE, client_id: 'klpreg', azp: 'other' }),
    /issued to another client/,
  ],
  ['another party', () => sign({ azp: 'other' }), /issued to another client/],
  ['a party that is not a text', () => sign({ azp: ['klpreg'] }), /issued to another client/],
  ['an access token of another client', () => sign({ client_id: 'other' }), /issued to another client/],
  ['an expired token', () => sign({ exp: seconds() - 61 }), /has expired: sign in again/],
  ['a token that does not expire', () => sign({ exp: undefined }), /exp/],
  ['a token that expires at a text', () => sign({ exp: '9999999999' }), /exp/],
  ['a token that is not valid yet', () => sign({ nbf: seconds() + 61 }), /is not valid yet/],
  ['a token from the future', () => sign({ iat: seconds() + 61 }), /issued in the future/],
  ['a token of the day before yesterday', () => sign({ iat: seconds() - 90_000 }), /has expired/],
  ['a token without a time of issue', () => sign({ iat: undefined }), /no time of issue/],
  ['no subject', () => sign({ sub: undefined }), /sub/],
  ['a subject with a line break', () => sign({ sub: 'alice\nadmin' }), /subject/],
  ['an empty subject', () => sign({ sub: '' }), /subject/],
  ['a logout token', () => sign({}, { typ: 'logout+jwt' }), /another type/],
  ['a critical header that is not known', () => sign({}, { crit: ['x'], x: 1 }), /not a valid JWT/],
  ['a key of somebody else under a known id', () => sign({}, {}, keys.foreign), /not signed by its issuer/],
  ['a key id of another key', () => sign({}, { kid: 'rsa' }), /has not published/],
  [
    'no key id, with another key',
    () => sign({}, { kid: undefined }, keys.foreign),
    /not signed by its issuer/,
  ],
  ['a key id that is not known', () => sign({}, { kid: 'new' }), /has not published/],
  [
    'a key at another address',
    () => sign({}, { kid: 'theirs', jku: `${elsewhere.url}/keys` }, keys.foreign),
    /has not published/,
  ],
  [
    'a certificate at another address',
    () => sign({}, { x5u: `${elsewhere.url}/keys` }, keys.foreign),
    /not signed/,
  ],
  ['a key in the token', () => sign({}, { jwk: keys.foreign.published }, keys.foreign), /not signed/],
  ['a token that is longer than the limit', () => sign({ x: 'x'.repeat(8000) }), /the limit is 8192/],
  ['garbage in three parts', () => 'a.b.c', /is not a JWT that can be read/],
  ['garbage in five parts', () => 'a.b.c.d.e', /is not a JWT that can be read/],
  ['dots', () => '...', /is not a JWT that can be read/],
  ['a list as claims', () => `${part({ alg: 'ES256' })}.${part([])}.AAAA`, /is not a JWT that can be read/],
])('%s is refused', async (_name, token, message) => {
  expect(await send(await token())).toEqual({
    status: 401,
    code: 'UNAUTHENTICATED',
    message: expect.stringMatching(message),
  });
  expect(elsewhere.requests).toEqual([]);
});

test('a token with any change is refused, and the answer does not repeat it', async () => {
  const token = await sign();
  expect((await send(token)).status).toBe(200);
  const character = fc.stringMatching(/^[\w.-]$/);
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), character, async (at, other) => {
      fc.pre(token[at] !== other);
      // the last character of a signature has bits without a meaning
      fc.pre(at < token.length - 1);
      const { status, message } = await send(token.slice(0, at) + other + token.slice(at + 1));
      expect(status).toBe(401);
      expect(message).not.toContain(token.slice(0, 20));
    }),
    { numRuns: 200 },
  );
  registry.wait(10, 'minutes');
});

test('a token is accepted until it expires, although it was checked before', async () => {
  const token = await sign({ exp: seconds() + 10 });
  expect((await send(token)).status).toBe(200);
  registry.wait(69, 'seconds');
  expect((await send(token)).status).toBe(200);
  registry.wait(1, 'seconds');
  expect(await send(token)).toMatchObject({ status: 401, message: expect.stringContaining('has expired') });
});

test('an account without a role reads nothing, and the answer says what to do', async () => {
  for (const groups of [undefined, [], ['web'], { ops: true }, 'ops,x', [['ops']], ['OPS']])
    expect(await send(await sign({ groups, roles: ['ops'] }))).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
      message: expect.stringMatching(/^the account oidc:alice@127.* has no role .*KLPREG_OIDC_ROLES_FILE$/),
    });
});

test('an account sees the hosts of its scope only, and does what its role may', async () => {
  for (const [hostname, value] of [
    ['web-1', 'prod'],
    ['db-1', 'test'],
  ] as const) {
    const input = { id: idle(hostname).host.instance, hostname, labels: [{ key: 'env', value }] };
    await registry.ask('mutation ($input: AddHostInput!) { addHost(input: $input) { id } }', { input });
  }
  const reader = await sign({ sub: 'bob', groups: ['web-team'] });
  expect((await send(reader)).data).toEqual({ hosts: { totalCount: 1, nodes: [{ hostname: 'web-1' }] } });
  const change = 'mutation { addHost(input: { hostname: "x" }) { id } }';
  expect(await send(reader, change)).toMatchObject({ code: 'FORBIDDEN' });
  const both = await sign({ groups: ['kernel-team', 'web-team'] });
  // the first row of the file that matches counts, whatever the order of the claim
  expect(await send(both)).toMatchObject({ status: 200 });
  const publisher = await sign({ groups: ['kernel-team'] });
  expect(await send(publisher)).toMatchObject({ code: 'FORBIDDEN' });
  expect(await send(publisher, '{ patches { totalCount } }')).toMatchObject({ status: 200 });
});

test('the audit log names the subject and the issuer, of changes and of refused attempts, and no token', async () => {
  const name = (sub: string) => `oidc:${sub}@${issuer.url.slice(7)}`;
  const admin = await sign({ sub: 'carol' });
  const recall = 'mutation { createToken(input: { name: "ci", role: READER }) { token { createdBy } } }';
  expect((await send(admin, recall)).data.createToken.token.createdBy).toBe(name('carol'));
  const stranger = await sign({ sub: 'mallory', groups: ['web-team'] });
  await send(stranger, recall);
  const log = async () => registry.app.get(Database).audit.findMany();
  // a refusal is recorded after its answer
  while (!(await log()).some(({ who }) => who === name('mallory'))) await sleep(20);
  const rows = await log();
  expect(rows.map(({ who, action }) => `${who} ${action}`)).toEqual(
    expect.arrayContaining([`${name('carol')} create-token`, `${name('mallory')} refused`]),
  );
  const text = JSON.stringify(rows, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
  for (const token of [admin, stranger]) expect(text).not.toContain(token.slice(-40));
});

test('a token of the registry cannot have the name of an account', async () => {
  const create = 'mutation { createToken(input: { name: "oidc:carol", role: READER }) { text } }';
  expect(await send(await sign(), create)).toMatchObject({ code: 'BAD_USER_INPUT' });
});
