import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RolesFile } from '../../src/access/oidc/roles-file.js';
import { readConfig } from '../../src/config.js';

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-roles-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (text: string): string => {
  const file = path.join(folder, 'roles.yaml');
  writeFileSync(file, text);
  return file;
};
const NONE = { role: 'none', scope: null, owners: null };
const ADMIN = { role: 'admin', scope: null, owners: null };

test.each<[name: string, claim: string, claims: Record<string, unknown>, grant: object]>([
  ['a claim by its name', 'groups', { groups: ['ops'] }, ADMIN],
  [
    'a claim whose name is an address',
    'https://x.example/roles',
    { 'https://x.example/roles': 'ops' },
    ADMIN,
  ],
  ['a claim inside another one', '/realm_access/roles', { realm_access: { roles: ['ops'] } }, ADMIN],
  ['a key with a slash', '/resource/a~1b', { resource: { 'a/b': ['ops'] } }, ADMIN],
  ['a claim that is missing', '/realm_access/roles', { realm_access: null }, NONE],
  ['a claim that all objects have', 'constructor', {}, NONE],
  ['a property that all lists have', '/groups/length', { groups: ['ops'] }, NONE],
  ['a value in another list', 'groups', { groups: [['ops']] }, NONE],
])('%s', (_name, claim, claims, grant) => {
  expect(RolesFile.read(claim, write('[{ value: ops, role: admin }]')).grantOf(claims)).toEqual(grant);
});

test('without a file, and with an empty one, no account has a role', () => {
  expect(RolesFile.read('groups', null).grantOf({ groups: ['ops'] })).toEqual(NONE);
  expect(RolesFile.read('groups', write('# nothing yet\n')).grantOf({ groups: ['ops'] })).toEqual(NONE);
});

test.each<[name: string, text: string, message: RegExp]>([
  ['a role that does not exist', '[{ value: a, role: root }]', /0.*role/s],
  ['a role of machines', '[{ value: a, role: relay }]', /role/],
  ['a misspelt key', '[{ value: a, role: reader, scopes: {} }]', /scopes/],
  ['a scope without labels', '[{ value: a, role: reader, scope: {} }]', /names no label/],
  ['a label without values', '[{ value: a, role: reader, scope: { env: [] } }]', /env/],
  [
    'a label that hosts report',
    '[{ value: a, role: reader, scope: { agent.env: [x] } }]',
    /an admin cannot give/,
  ],
  [
    'a publisher with a scope',
    '[{ value: a, role: publisher, scope: { env: [x] } }]',
    /publisher has no scope/,
  ],
  ['a reader with owners', '[{ value: a, role: reader, owners: [x] }]', /only a publisher has owners/],
  ['a value that is not a text', '[{ value: 7, role: reader }]', /value/],
  ['a text', 'ops', /array/],
  ['another form', '[{', /\S/],
])('%s is refused at the start', (_name, text, message) => {
  const file = write(text);
  expect(() => RolesFile.read('groups', file)).toThrow(message);
  const settings = {
    KLPREG_OIDC_ISSUER: 'https://login.example',
    KLPREG_OIDC_CLIENT_ID: 'klpreg',
    KLPREG_OIDC_ROLES_FILE: file,
  };
  expect(() => readConfig(settings)).toThrow(`KLPREG_OIDC_ROLES_FILE: ${file}: `);
});
