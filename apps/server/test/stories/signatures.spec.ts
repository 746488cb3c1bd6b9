import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AuthorStatement, signedForm } from '@klpreg/wire';
import { allModules } from '../modules.js';
import { CAN_DOWNGRADE, logged, Registry, running } from '../registry.js';

let registry: Registry;
beforeEach(async () => void (registry = await Registry.start()));
afterEach(() => registry.stop());

const NAME = 'lab_r_1v1_cb';
const { buildId } = allModules('7.3').find((module) => module.name === NAME)!;
const word = { schema: 'klp/v1', states: [{ id: '1', version: 1, what: 'a limit', restore: 'callbacks' }] };
const author = JSON.stringify(word);
const keys = generateKeyPairSync('ed25519');
const pem = (key: KeyObject) =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
const signature = (of: object = word, id = buildId, owner = 'lab') =>
  sign(null, signedForm(id, { release: NAME, owner }, AuthorStatement.parse(of)), keys.privateKey).toString(
    'base64',
  );

const ADD =
  'mutation ($owner: String!, $key: String!) { addOwnerKey(owner: $owner, publicKey: $key) { fingerprint addedBy revokedAt } }';
const addKey = async (owner = 'lab') =>
  (await registry.ask(ADD, { owner, key: pem(keys.publicKey) })).addOwnerKey;
const kindToOriginal = async () =>
  (await registry.ask(CAN_DOWNGRADE, { to: { original: true } })).canDowngrade.kind;
const said = async () =>
  (
    await registry.ask(
      'query ($b: String) { patch(buildId: $b) { author { revision evidence signedBy } } }',
      { b: buildId },
    )
  ).patch.author;

test('a promise that is signed is enough; once its key is revoked, it is not', async () => {
  const { fingerprint, addedBy } = await addKey();
  expect(addedBy).toBe('tester');
  expect(await registry.publish(NAME, { author, signature: signature() })).toMatchObject({
    status: 200,
    body: { outcome: 'PUBLISHED' },
  });
  await registry.report(logged(running('web-1', [NAME])));
  expect(await said()).toEqual({ revision: 1, evidence: 'MANIFEST', signedBy: fingerprint });
  expect(await kindToOriginal()).toBe('SAFE');

  await registry.ask('mutation ($f: String!) { revokeOwnerKey(fingerprint: $f) { revokedAt } }', {
    f: fingerprint,
  });
  expect(await said()).toEqual({ revision: 1, evidence: 'UNSIGNED', signedBy: fingerprint });
  expect(await kindToOriginal()).toBe('UNKNOWN');
});

test('an unsigned word becomes a signed one by a revision of its own', async () => {
  await addKey();
  await registry.publish(NAME, { author });
  expect(await said()).toMatchObject({ revision: 1, evidence: 'UNSIGNED', signedBy: null });
  expect((await registry.publish(NAME, { author, signature: signature() })).body.outcome).toBe('UPDATED');
  expect(await said()).toMatchObject({ revision: 2, evidence: 'MANIFEST' });
});

test('an unsigned word never takes the place of a signed one: it could take back the harm that is declared', async () => {
  await addKey();
  const harm = { ...word, states: [{ ...word.states[0], restore: 'impossible' }] };
  await registry.publish(NAME, { author: JSON.stringify(harm), signature: signature(harm) });
  expect((await registry.publish(NAME, { author: JSON.stringify(harm) })).body.outcome).toBe('UNCHANGED');
  expect(await registry.publish(NAME, { author })).toMatchObject({
    status: 403,
    body: { code: 'FORBIDDEN' },
  });
  expect(await said()).toMatchObject({ revision: 1, evidence: 'MANIFEST' });
  expect((await registry.publish(NAME, { author, signature: signature() })).body.outcome).toBe('UPDATED');
});

test.each<[string, string, () => object, string]>([
  [
    'by a key of another owner',
    'other',
    () => ({ author, signature: signature() }),
    'no key of lab is known',
  ],
  [
    'of another word',
    'lab',
    () => ({ author, signature: signature({ ...word, notes: 'else' }) }),
    'none of the 1 keys',
  ],
  [
    'of another build',
    'lab',
    () => ({ author, signature: signature(word, 'ab'.repeat(20)) }),
    'none of the 1 keys',
  ],
  ['of nothing', 'lab', () => ({ signature: signature() }), 'no author'],
  ['that is none', 'lab', () => ({ author, signature: 'signed' }), '64 bytes in base64'],
])('a signature %s is refused, and nothing is stored', async (_, owner, fields, words) => {
  await addKey(owner);
  const { status, body } = await registry.publish(NAME, fields());
  expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(words)]);
  expect((await registry.ask('{ patches { totalCount } }')).patches.totalCount).toBe(0);
});

test.each<[string, string, string]>([
  ['a private key', pem(keys.privateKey), 'private key'],
  [
    'a key of another kind',
    pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
    'must be Ed25519',
  ],
  ['no key', 'hello', 'this is not a public key in PEM'],
])('%s is not taken for a key of an owner', async (_, key, words) => {
  expect((await registry.graphqlError(ADD, { owner: 'lab', key })).message).toContain(words);
});
