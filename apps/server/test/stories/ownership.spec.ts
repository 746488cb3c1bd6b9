import { generateKeyPairSync, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { AuthorStatement, sha256, signedForm } from '@klpreg/wire';
import { CatalogStore } from '../../src/store/catalog/catalog.store.js';
import { giveToken } from '../access/give-token.js';
import { allModules } from '../modules.js';
import { CAN_DOWNGRADE, logged, Registry, running } from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
beforeEach(() => registry.reset());
afterAll(() => registry.stop());

const NAME = 'lab_r_1v1_cb';
const { buildId, bytes } = allModules('7.3').find((module) => module.name === NAME)!;
const statement = (restore: string) => ({
  schema: 'klp/v1',
  states: [{ id: '1', version: 1, what: 'a limit', restore }],
});
const [promise, harm] = [statement('callbacks'), statement('impossible')];
/** A state that only the author declares. */
const state2 = { ...promise.states[0]!, id: '2' };
const withState2 = { ...promise, states: [promise.states[0]!, state2] };

/** The keys that owners sign with. */
const keys: Record<string, KeyPairKeyObjectResult> = {
  lab: generateKeyPairSync('ed25519'),
  web: generateKeyPairSync('ed25519'),
};
async function addKey(owner: string): Promise<string> {
  const key = keys[owner]!.publicKey.export({ type: 'spki', format: 'pem' });
  return (
    await registry.ask(
      'mutation ($owner: String!, $key: String!) { addOwnerKey(owner: ' +
        '$owner, publicKey: $key) { fingerprint } }',
      { owner, key },
    )
  ).addOwnerKey.fingerprint;
}

interface Given {
  readonly owner?: string;
  readonly release?: string;
  readonly author?: object;
  readonly signed?: boolean;
  readonly file?: Buffer;
}
/** Publishes the build for an owner, signed by the owner's key unless it is said otherwise. */
async function publish({
  owner = 'lab',
  release = NAME,
  author = promise,
  signed = true,
  file = bytes,
}: Given = {}) {
  const form = { buildId, sha256: sha256(file), release, owner };
  const bytesToSign = signedForm(form, AuthorStatement.parse(author));
  return registry.put(buildId, file, {
    release,
    owner,
    author: JSON.stringify(author),
    ...(signed && { signature: sign(null, bytesToSign, keys[owner]!.privateKey).toString('base64') }),
  });
}
const facts = {
  name: NAME,
  kernelRelease: '7.3.4+deb13-cloud-amd64',
  arch: 'x86_64',
  replace: true,
  states: [{ id: '1', version: 1 }],
  impact: 'DECLARED',
  callbacks: { prePatch: true, postPatch: true, preUnpatch: true, postUnpatch: true },
};
/** Publishes facts without the file, unsigned, as lab. */
const publishFacts = (changes: object) =>
  registry.send('PUT', `/v1/patches/${buildId}`, {
    schema: 'manifest/v1',
    buildId,
    release: NAME,
    owner: 'lab',
    author: promise,
    facts: { ...facts, ...changes },
  });
const transfer = (owner: string, of = buildId) =>
  `mutation { transferPatch(buildId: "${of}", owner: "${owner}", ` +
  'reason: "web took it over") { owner ownership } }';
const stored = async () =>
  (
    await registry.ask('query ($b: String) { patch(buildId: $b) { owner ownership author { evidence } } }', {
      b: buildId,
    })
  ).patch;
const audited = async (action: string) =>
  (
    await registry.ask(
      'query ($a: AuditAction) { auditLog(where: { action: $a }) { nodes { who subject detail } } }',
      {
        a: action.toUpperCase().replaceAll('-', '_'),
      },
    )
  ).auditLog.nodes;
const reasons = async () =>
  (await registry.ask(CAN_DOWNGRADE, { to: { original: true } })).canDowngrade.reasons.nodes.map(
    (one: { reason: { code: string } }) => one.reason.code,
  );

describe('a build belongs to the owner whose signed manifest came first', () => {
  beforeEach(async () => {
    await addKey('lab');
    await addKey('web');
  });

  test('an unsigned build is claimed by a signed manifest with its file, which the audit log names', async () => {
    await publish({ signed: false });
    expect(await stored()).toEqual({ owner: 'lab', ownership: 'UNSIGNED', author: { evidence: 'UNSIGNED' } });
    expect(await publish({ owner: 'web' })).toMatchObject({ status: 200, body: { outcome: 'UPDATED' } });
    expect(await stored()).toEqual({ owner: 'web', ownership: 'SIGNED', author: { evidence: 'MANIFEST' } });
    const [{ subject, detail }] = await audited('claim-patch');
    expect([subject, JSON.parse(detail).from]).toEqual([buildId, { owner: 'lab', release: NAME }]);
  });

  test('a claimed build is no longer of its first publisher, whether it signs or not', async () => {
    await publish({ signed: false });
    await publish({ owner: 'web' });
    for (const signed of [true, false])
      expect(await publish({ signed })).toMatchObject({ status: 403, body: { code: 'OWNED_BY_ANOTHER' } });
    expect(await stored()).toMatchObject({ owner: 'web', ownership: 'SIGNED' });
  });

  test.each<[why: string, prepare: () => Promise<unknown>, claim: Given, words: string]>([
    ['that its owner has signed for', async () => publish(), {}, 'has signed for it'],
    [
      'without a signature',
      async () => publish({ signed: false }),
      { signed: false },
      'signed manifest only',
    ],
    [
      'that is recalled',
      async () => {
        await publish({ signed: false });
        await registry.ask(
          `mutation { recallPatch(buildId: "${buildId}", reason: "it stalls") { buildId } }`,
        );
      },
      {},
      'it is recalled',
    ],
    [
      'with another file',
      async () => publish({ signed: false }),
      { file: Buffer.concat([bytes, Buffer.from('\n')]) },
      'only with the file that is published',
    ],
    ['of which no file is known', async () => publishFacts({}), {}, 'only with the file that is published'],
    [
      'whose facts are in conflict',
      async () => {
        await publish({ signed: false });
        await publish({ signed: false, file: Buffer.concat([bytes, Buffer.from('\n')]) });
      },
      {},
      'are in conflict',
    ],
    [
      'whose file differs from the facts',
      async () => publishFacts({ sha256: sha256(bytes), states: [{ id: '1', version: 2 }] }),
      {},
      'are in conflict',
    ],
    [
      'that an admin transferred',
      async () => {
        await publish({ owner: 'web', signed: false });
        await registry.ask(transfer('lab'));
      },
      {},
      'an admin gave it to this owner',
    ],
    [
      'whose statement and file are in conflict',
      async () =>
        publish({ signed: false, author: { ...promise, states: [{ ...promise.states[0], version: 2 }] } }),
      {},
      'are in conflict',
    ],
    [
      'whose statement says that a state cannot be restored',
      async () => publish({ signed: false, author: harm }),
      {},
      'takes back what its statement declares',
    ],
    [
      'whose statement does not say if a state is restored',
      async () => publish({ signed: false, author: statement('unknown') }),
      {},
      'takes back what its statement declares',
    ],
    [
      'whose statement says that callbacks are needed',
      async () => publish({ signed: false }),
      { author: statement('not-needed') },
      'takes back what its statement declares',
    ],
    [
      'whose statement declares a state that the file does not',
      async () => publish({ signed: false, author: withState2 }),
      {},
      'takes back what its statement declares',
    ],
    [
      'whose statement declares this state with another version',
      async () => publish({ signed: false, author: withState2 }),
      { author: { ...promise, states: [promise.states[0]!, { ...state2, version: 2 }] } },
      'takes back what its statement declares',
    ],
    [
      'whose statement declares an operation unsupported',
      async () => publish({ signed: false, author: { ...promise, unsupported: ['disable'] } }),
      {},
      'takes back what its statement declares',
    ],
  ])('a build %s is not claimed, and nothing changes', async (_, prepare, claim, words) => {
    await prepare();
    const before = await stored();
    const { status, body } = await publish({ owner: 'web', ...claim });
    expect([status, body.code, body.detail]).toEqual([
      403,
      'OWNED_BY_ANOTHER',
      expect.stringContaining(words),
    ]);
    expect(await stored()).toEqual(before);
    expect(await audited('claim-patch')).toEqual([]);
  });

  test.each<[what: string, before: object, author: object]>([
    ['the same harm', harm, harm],
    ['harm in place of a promise', promise, harm],
    ['harm in place of a state of which nothing is said', statement('unknown'), harm],
    ['more states', promise, withState2],
    ['fewer promises', { ...promise, independentOf: ['other'] }, promise],
  ])('a claim may declare %s', async (_, before, author) => {
    await publish({ signed: false, author: before });
    expect(await publish({ owner: 'web', author })).toMatchObject({ status: 200 });
    expect(await stored()).toMatchObject({ owner: 'web', ownership: 'SIGNED' });
  });

  test('a build of which only facts were published is claimed with the file that they name', async () => {
    await publishFacts({ sha256: sha256(bytes) });
    expect(await publish({ owner: 'web' })).toMatchObject({ status: 200 });
    expect(await stored()).toMatchObject({ owner: 'web', ownership: 'SIGNED' });
  });

  test('a statement that was signed for another file makes no owner', async () => {
    await publish({ signed: false });
    await publish({
      author: { ...promise, notes: 'other' },
      file: Buffer.concat([bytes, Buffer.from('\n')]),
    });
    expect(await stored()).toMatchObject({ ownership: 'UNSIGNED', author: { evidence: 'UNSIGNED' } });
  });

  test('a claim counts from now on; at an earlier time the build has its earlier owner', async () => {
    await publish({ signed: false });
    const earlier = registry.now();
    registry.wait(1, 'minutes');
    await publish({ owner: 'web' });
    const catalog = registry.app.get(CatalogStore);
    const [then] = await (await catalog.asOf(earlier)).find([buildId]);
    const [today] = await (await catalog.now()).find([buildId]);
    expect([then, today]).toMatchObject([
      { owner: 'lab', ownership: 'UNSIGNED' },
      { owner: 'web', ownership: 'SIGNED' },
    ]);
  });
});

test('a build that was claimed into another release is of its earlier one at an earlier time', async () => {
  await addKey('web');
  await publish({ signed: false, release: 'lab-1' });
  const earlier = registry.now();
  registry.wait(1, 'minutes');
  await publish({ owner: 'web', release: 'web-1' });
  const catalog = registry.app.get(CatalogStore);
  const [then, today] = [await catalog.asOf(earlier), await catalog.now()];
  const buildsOf = async (view: typeof today, release: string) =>
    (await view.release(release)).map((row) => row.buildId);
  expect(await buildsOf(then, 'lab-1')).toEqual([buildId]);
  expect(await buildsOf(then, 'web-1')).toEqual([]);
  expect(await buildsOf(today, 'lab-1')).toEqual([]);
  expect(await buildsOf(today, 'web-1')).toEqual([buildId]);
});

describe('an admin transfers a build', () => {
  beforeEach(async () => {
    await addKey('lab');
    await addKey('web');
  });

  test('what the earlier owner signed counts as unsigned, and the new owner signs again', async () => {
    await publish();
    await registry.report(logged(running('web-1', [NAME])));
    expect(await reasons()).toEqual([]);
    expect((await registry.ask(transfer('web'))).transferPatch).toEqual({
      owner: 'web',
      ownership: 'TRANSFERRED',
    });
    expect(await stored()).toMatchObject({ author: { evidence: 'UNSIGNED' } });
    expect(await reasons()).toEqual(['EVIDENCE_TOO_WEAK']);
    expect(await publish()).toMatchObject({ status: 403, body: { code: 'OWNED_BY_ANOTHER' } });
    expect(await publish({ owner: 'web', signed: false })).toMatchObject({ body: { outcome: 'UNCHANGED' } });
    expect(await reasons()).toEqual(['EVIDENCE_TOO_WEAK']);
    await publish({ owner: 'web' });
    expect(await stored()).toEqual({ owner: 'web', ownership: 'SIGNED', author: { evidence: 'MANIFEST' } });
    expect(await reasons()).toEqual([]);
  });

  test('and back: the first owner also signs again', async () => {
    await publish();
    for (const owner of ['web', 'lab']) await registry.ask(transfer(owner));
    expect(await stored()).toMatchObject({ owner: 'lab', author: { evidence: 'UNSIGNED' } });
    await publish();
    expect(await stored()).toMatchObject({ ownership: 'SIGNED', author: { evidence: 'MANIFEST' } });
  });

  test('harm that the earlier owner declared stays, until the new owner signs another statement', async () => {
    await publish({ author: harm });
    await registry.report(logged(running('web-1', [NAME])));
    const before = await reasons();
    expect(before).toContain('STATE_IRREVERSIBLE');
    await registry.ask(transfer('web'));
    expect(await reasons()).toEqual(expect.arrayContaining(before));
    expect(await publish({ owner: 'web', signed: false })).toMatchObject({ status: 403 });
  });

  test('the earlier owner can no longer recall it, and the reason is in the audit log', async () => {
    await publish({ signed: false });
    await registry.ask(transfer('web'));
    const headers = await giveToken(registry, 'publisher', { owners: ['lab'] });
    const { body } = await registry.send<{ errors: object[] }>(
      'POST',
      '/graphql',
      { query: `mutation { recallPatch(buildId: "${buildId}", reason: "x") { buildId } }` },
      headers,
    );
    expect(body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const [entry] = await audited('transfer-patch');
    expect(entry).toMatchObject({ who: 'tester', subject: buildId });
    expect(JSON.parse(entry.detail)).toEqual({ from: 'lab', to: 'web', reason: 'web took it over' });
  });

  test.each<[string, string, string]>([
    ['to its owner', transfer('lab'), 'already belongs to lab'],
    ['that is not published', transfer('web', 'ab'.repeat(20)), 'no patch has the build-id'],
    ['to an owner without a name', transfer(''), '1 to 128 letters, digits'],
    ['without a reason', transfer('web').replace('web took it over', ' '), 'a reason has 1 to 500'],
  ])('a build %s is not transferred', async (_, mutation, words) => {
    await publish();
    expect((await registry.graphqlError(mutation)).message).toContain(words);
    expect(await stored()).toMatchObject({
      owner: 'lab',
      ownership: 'SIGNED',
      author: { evidence: 'MANIFEST' },
    });
    expect(await audited('transfer-patch')).toEqual([]);
  });
});

describe('manifests of an owner must be signed', () => {
  const require = async (from: Date | null, owner = 'lab') =>
    (
      await registry.ask(
        'mutation ($o: String!, $r: Boolean!, $t: DateTime) { setOwnerPolicy(owner: $o, requireSigned: ' +
          '$r, from: $t, reason: "audit") { requireSignedFrom setBy } }',
        { o: owner, r: from !== null, t: from },
      )
    ).setOwnerPolicy;
  const inAnHour = () => new Date(registry.now().getTime() + 3_600_000);
  beforeEach(async () => void (await addKey('lab')));

  test('from a time on, and not before it', async () => {
    const from = inAnHour();
    expect(await require(from)).toEqual({ requireSignedFrom: from.toISOString(), setBy: 'tester' });
    expect(await publish({ signed: false })).toMatchObject({ status: 200 });
    registry.wait(1, 'hours');
    expect(await publish({ signed: false })).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', detail: expect.stringContaining(`since ${from.toISOString()}`) },
    });
    expect(await publish()).toMatchObject({ status: 200, body: { outcome: 'UPDATED' } });
  });

  test('a file without a statement is refused as well: nothing of it is signed', async () => {
    await require(registry.now());
    expect(await registry.publish(NAME)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect((await registry.ask('{ patches { totalCount } }')).patches.totalCount).toBe(0);
  });

  test('what was published before stays: an unsigned statement is still unsigned, a signed one signed', async () => {
    await publish({ signed: false });
    await require(registry.now());
    expect(await stored()).toMatchObject({
      owner: 'lab',
      ownership: 'UNSIGNED',
      author: { evidence: 'UNSIGNED' },
    });
    await publish();
    await require(null);
    await require(registry.now());
    expect(await stored()).toMatchObject({ author: { evidence: 'MANIFEST' } });
  });

  test('a time without the demand is refused', async () => {
    const mutation = `mutation ($t: DateTime) {
      setOwnerPolicy(owner: "lab", requireSigned: false, from: $t, reason: "audit") { owner }
    }`;
    const { message } = await registry.graphqlError(mutation, { t: registry.now() });
    expect(message).toContain('`from` needs `requireSigned: true`');
  });

  test('other owners are not bound by it, and it ends by another policy, which is in the audit log', async () => {
    await require(registry.now());
    expect(await publish({ owner: 'web', signed: false })).toMatchObject({ status: 200 });
    await require(null);
    expect((await registry.publish('lab_r_1v1_a')).status).toBe(200);
    const { ownerPolicies } = await registry.ask('{ ownerPolicies { owner requireSignedFrom setBy } }');
    expect(ownerPolicies).toEqual([{ owner: 'lab', requireSignedFrom: null, setBy: 'tester' }]);
    expect((await audited('set-owner-policy')).map((entry: { subject: string }) => entry.subject)).toEqual([
      'lab',
      'lab',
    ]);
  });
});
