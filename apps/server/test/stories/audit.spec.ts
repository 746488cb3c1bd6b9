import { generateKeyPairSync } from 'node:crypto';
import { Database } from '../../src/database/database.js';
import { allModules } from '../modules.js';
import { idle, Registry } from '../registry.js';

let registry: Registry;
let db: Database;
beforeAll(async () => {
  registry = await Registry.start();
  db = registry.app.get(Database);
  await registry.publish('lab_r_1v1_a', { release: 'lp' });
});
afterAll(() => registry.stop());

const HOST = idle('web-1').host.instance;
const captured = (name: string) => allModules('7.3').find((one) => one.name === name)!;
const buildId = captured('lab_r_1v1_a').buildId;
const KEY = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
const author = JSON.stringify({
  schema: 'klp/v1',
  states: [{ id: '1', version: 1, what: 'a limit', restore: 'callbacks' }],
});
const mutate = (mutation: string, variables: object = {}) =>
  registry.send('POST', '/graphql', { query: `mutation ${mutation}`, variables });
const revoke = async () => {
  const [key] = await db.ownerKey.findMany();
  return mutate('($f: String!) { revokeOwnerKey(fingerprint: $f) { owner } }', { f: key?.fingerprint ?? '' });
};

/** Everything that people change, as text. */
async function everything(): Promise<string[]> {
  const tables = [
    'host',
    'host_history',
    'patch',
    'patch_state',
    'patch_author',
    'patch_version',
    'catalog',
    'owner_key',
    'owner_policy',
  ];
  return Promise.all(
    tables.map(async (table) => {
      const rows = await db.$queryRawUnsafe<{ row: string }[]>(
        `SELECT t::text AS row FROM ${table} t ORDER BY 1`,
      );
      return `${table}\n${rows.map(({ row }) => row).join('\n')}`;
    }),
  );
}

// the rows run in this order: a later row changes the result of an earlier one
test.each<[change: string, make: () => Promise<{ status: number; body: object }>, action: string]>([
  [
    'adding a host',
    () => mutate(`{ addHost(input: { id: "${HOST}", hostname: "web-1" }) { id } }`),
    'add-host',
  ],
  [
    'labelling a host',
    () => mutate(`{ labelHost(id: "${HOST}", labels: [{ key: "env", value: "prod" }]) { id } }`),
    'label-host',
  ],
  ['retiring a host', () => mutate(`{ retireHost(id: "${HOST}", reason: "sold") { id } }`), 'retire-host'],
  ['publishing a patch', () => registry.publish('lab_r_1v2_a', { author }), 'publish'],
  [
    "publishing an author's statement",
    () => registry.publish('lab_r_1v1_a', { release: 'lp', author }),
    'publish',
  ],
  [
    'publishing another file with a known build-id',
    () =>
      registry.put(buildId, Buffer.concat([captured('lab_r_1v1_a').bytes, Buffer.alloc(16)]), {
        release: 'lp',
        owner: 'lab',
      }),
    'publish',
  ],
  [
    'recalling a patch',
    () => mutate(`{ recallPatch(buildId: "${buildId}", reason: "it leaks") { name } }`),
    'recall-patch',
  ],
  [
    'undoing a recall',
    () => mutate(`{ recallPatch(buildId: "${buildId}", recalled: false) { name } }`),
    'unrecall-patch',
  ],
  [
    'adding an owner key',
    () => mutate('($k: String!) { addOwnerKey(owner: "lab", publicKey: $k) { owner } }', { k: KEY }),
    'add-owner-key',
  ],
  ['revoking an owner key', revoke, 'revoke-owner-key'],
  [
    'transferring a patch',
    () => mutate(`{ transferPatch(buildId: "${buildId}", owner: "web", reason: "moved") { name } }`),
    'transfer-patch',
  ],
  [
    'setting the policy of an owner',
    () => mutate('{ setOwnerPolicy(owner: "web", requireSigned: true, reason: "audit") { owner } }'),
    'set-owner-policy',
  ],
  [
    'applying a policy',
    () =>
      mutate(
        '{ applyPolicy(document: "{\\"schema\\":\\"policy/v1\\",\\"rules\\":[]}", reason: "audit") { replaces } }',
      ),
    'apply-policy',
  ],
])('%s is in the audit log, or has no effect', async (_, make, action) => {
  const before = await everything();
  await db.$executeRaw`ALTER TABLE audit ADD CONSTRAINT closed CHECK (false) NOT VALID`;
  const refused = await make();
  await db.$executeRaw`ALTER TABLE audit DROP CONSTRAINT closed`;
  expect(JSON.stringify(refused.body)).toContain('"INTERNAL"');
  expect(await everything()).toEqual(before);

  const entries = await db.audit.count();
  const made = await make();
  expect(made).toMatchObject({
    status: 200,
    body: expect.not.objectContaining({ errors: expect.anything() }),
  });
  expect(await everything()).not.toEqual(before);
  expect(await db.audit.findMany({ orderBy: { id: 'asc' }, skip: entries })).toMatchObject([
    { who: 'tester', action },
  ]);
});

test('what is refused half way has changed nothing', async () => {
  await registry.publish('lab_r_1v3_a', { release: 'lp' });
  const before = await everything();
  const other = Buffer.concat([captured('lab_r_1v3_a').bytes, Buffer.alloc(16)]);
  expect(
    await registry.put(captured('lab_r_1v3_a').buildId, other, { release: 'lp', owner: 'another' }),
  ).toMatchObject({ status: 403 });
  expect(await everything()).toEqual(before);
});
