import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AuthorStatement, sha256, type SignedFile, signedForm } from '@klpreg/wire';
import { allModules } from '../modules.js';
import { CAN_DOWNGRADE, logged, Registry, running } from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
beforeEach(() => registry.reset());
afterAll(() => registry.stop());

const NAME = 'lab_r_1v1_cb';
const { buildId, bytes } = allModules('7.3').find((module) => module.name === NAME)!;
const word = { schema: 'klp/v1', states: [{ id: '1', version: 1, what: 'a limit', restore: 'callbacks' }] };
const author = JSON.stringify(word);
const keys = generateKeyPairSync('ed25519');
const pem = (key: KeyObject) =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
const file = { buildId, sha256: sha256(bytes), release: NAME, owner: 'lab' };
const signature = (of: object = word, changes: Partial<SignedFile> = {}) =>
  sign(null, signedForm({ ...file, ...changes }, AuthorStatement.parse(of)), keys.privateKey).toString(
    'base64',
  );

const ADD =
  'mutation ($owner: String!, $key: String!, $from: DateTime, $until: DateTime) { addOwnerKey(owner: ' +
  '$owner, publicKey: $key, validFrom: $from, validUntil: $until) { ' +
  'fingerprint addedBy validFrom validUntil revokedAt } }';
const addKey = async (owner = 'lab', validity: { from?: Date; until?: Date } = {}) =>
  (await registry.ask(ADD, { owner, key: pem(keys.publicKey), ...validity })).addOwnerKey;
const hours = (n: number) => new Date(registry.now().getTime() + n * 3_600_000);
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
    () => ({ author, signature: signature(word, { buildId: 'ab'.repeat(20) }) }),
    'none of the 1 keys',
  ],
  [
    'of another file',
    'lab',
    () => ({ author, signature: signature(word, { sha256: sha256('another') }) }),
    'none of the 1 keys',
  ],
  [
    'of another release',
    'lab',
    () => ({ author, signature: signature(word, { release: 'other' }) }),
    'none of the 1 keys',
  ],
  [
    'of another owner',
    'lab',
    () => ({ author, signature: signature(word, { owner: 'web' }) }),
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

describe('a key is valid for a time', () => {
  const published = async () => {
    const { status, body } = await registry.publish(NAME, { author, signature: signature() });
    return [status, (body as { detail?: string }).detail];
  };

  test('before it and after it, what it signs is refused with the time in which it is valid', async () => {
    const { validFrom, validUntil } = await addKey('lab', { from: hours(1), until: hours(2) });
    const refused = [400, expect.stringContaining(`is valid from ${validFrom} until ${validUntil}`)];
    expect(await published()).toEqual(refused);
    registry.wait(2, 'hours');
    expect(await published()).toEqual(refused);
    expect((await registry.ask('{ patches { totalCount } }')).patches.totalCount).toBe(0);
  });

  test('what it signed before it expired stays signed', async () => {
    await addKey('lab', { until: hours(2) });
    await registry.publish(NAME, { author, signature: signature() });
    registry.wait(1, 'hours');
    registry.wait(1, 'hours');
    await registry.report(logged(running('web-1', [NAME])));
    expect(await said()).toMatchObject({ evidence: 'MANIFEST' });
    expect(await kindToOriginal()).toBe('SAFE');
    expect((await published())[0]).toBe(400);
  });

  test('a revoked key signs nothing more, and the refusal says when it was revoked', async () => {
    const { fingerprint } = await addKey();
    await registry.ask('mutation ($f: String!) { revokeOwnerKey(fingerprint: $f) { revokedAt } }', {
      f: fingerprint,
    });
    expect(await published()).toEqual([
      400,
      expect.stringContaining(`was revoked at ${registry.now().toISOString()}`),
    ]);
  });

  test('without a time it is valid from now on, without end; an end before its start is refused', async () => {
    expect(
      (await registry.graphqlError(ADD, { owner: 'lab', key: pem(keys.publicKey), until: registry.now() }))
        .message,
    ).toContain('validUntil must be after validFrom');
    expect(await addKey()).toMatchObject({ validFrom: registry.now().toISOString(), validUntil: null });
  });
});

describe('a signature holds for one file', () => {
  const other = Buffer.concat([bytes, Buffer.from('\n')]);
  const facts = {
    name: NAME,
    kernelRelease: '7.3.4+deb13-cloud-amd64',
    arch: 'x86_64',
    replace: true,
    states: [{ id: '1', version: 1 }],
    impact: 'DECLARED',
    callbacks: { prePatch: true, postPatch: true, preUnpatch: true, postUnpatch: true },
  };
  const manifest = (hash: string | null, signed: string) =>
    registry.send<{ outcome: string; detail?: string }>('PUT', `/v1/patches/${buildId}`, {
      schema: 'manifest/v1',
      buildId,
      release: NAME,
      owner: 'lab',
      author: word,
      signature: signed,
      facts: { ...facts, sha256: hash },
    });

  test('a single byte of the file that differs makes the submission refused, and nothing is stored', async () => {
    await addKey();
    const fields = { release: NAME, owner: 'lab', author, signature: signature() };
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 60)) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect([400, 422]).toContain((await registry.put(buildId, changed, fields)).status);
    }
    expect((await registry.ask('{ patches { totalCount } }')).patches.totalCount).toBe(0);
  });

  test('a statement signed for another file with this build-id promises nothing about the first', async () => {
    await addKey();
    await registry.publish(NAME, { author, signature: signature() });
    const fields = { release: NAME, owner: 'lab', author: JSON.stringify({ ...word, notes: 'other' }) };
    const signed = signature({ ...word, notes: 'other' }, { sha256: sha256(other) });
    expect((await registry.put(buildId, other, { ...fields, signature: signed })).body).toMatchObject({
      outcome: 'CONFLICT',
    });
    expect(await said()).toMatchObject({ revision: 2, evidence: 'UNSIGNED', signedBy: expect.any(String) });
  });

  test('facts without the SHA-256 of the file cannot be signed for', async () => {
    await addKey();
    const { status, body } = await manifest(null, signature());
    expect([status, body.detail]).toEqual([400, expect.stringContaining('/facts/sha256')]);
  });

  test('a statement signed for the facts of another file is unsigned once the file is published', async () => {
    await addKey();
    await manifest(sha256(other), signature(word, { sha256: sha256(other) }));
    expect(await said()).toMatchObject({ evidence: 'MANIFEST' });
    await registry.publish(NAME);
    expect(await said()).toMatchObject({ revision: 1, evidence: 'UNSIGNED' });
    await registry.publish(NAME, { author, signature: signature() });
    expect(await said()).toMatchObject({ revision: 2, evidence: 'MANIFEST' });
  });

  test('a statement signed for the facts of a file stays signed once this file is published', async () => {
    await addKey();
    await manifest(file.sha256, signature());
    await registry.publish(NAME);
    expect(await said()).toMatchObject({ revision: 1, evidence: 'MANIFEST' });
  });
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
