import { CatalogStore } from '../../src/store/catalog/catalog.store.js';
import type { CatalogSnapshot } from '../../src/store/catalog/catalog-snapshot.js';
import { allModules } from '../modules.js';
import { Registry } from '../registry.js';

let registry: Registry;
beforeAll(async () => void (registry = await Registry.start()));
afterAll(() => registry.stop());

const PATCH =
  '{ name buildId evidence release owner replace states { id version } unreadable impact conflicts ' +
  'sha256 objects { name functions { name sympos } } callbacks { preUnpatch } author { revision ' +
  'evidence states { id version what restore } impactNone cves } }';
const patch = async (buildId: string) =>
  (await registry.ask(`query ($b: String) { patch(buildId: $b) ${PATCH} }`, { b: buildId })).patch;
const captured = (name: string) => allModules('7.3').find((one) => one.name === name)!;
const facts = (name: string, changes: object = {}) => ({
  name,
  kernelRelease: '7.3.4+deb13-cloud-amd64',
  arch: 'x86_64',
  replace: true,
  states: [{ id: '1', version: 1 }],
  impact: 'DECLARED',
  callbacks: { prePatch: false, postPatch: false, preUnpatch: false, postUnpatch: false },
  ...changes,
});
const manifest = (buildId: string, changes: object = {}) => ({
  schema: 'manifest/v1',
  buildId,
  release: 'lp',
  owner: 'lab',
  facts: facts('told'),
  ...changes,
});

test('a module file is parsed here, and publishing it again changes nothing', async () => {
  expect(await registry.publish('lab_r_1v2_cb', { release: 'lp-2' })).toMatchObject({
    status: 200,
    body: { outcome: 'PUBLISHED', evidence: 'MODULE', conflicts: [] },
  });
  expect(await registry.publish('lab_r_1v2_cb', { release: 'lp-2' })).toMatchObject({
    status: 200,
    body: { outcome: 'UNCHANGED' },
  });
  expect(await patch(captured('lab_r_1v2_cb').buildId)).toMatchObject({
    name: 'lab_r_1v2_cb',
    replace: true,
    states: [{ id: '1', version: 2 }],
    impact: 'DECLARED',
    callbacks: { preUnpatch: true },
    objects: [{ name: 'vmlinux' }, { name: 'lab_target' }],
  });
});

test.each(['lab_two', 'lab_param', 'lab_r_1v1_dyn'])(
  'the states of %s cannot be read, and that is kept',
  async (name) => {
    expect((await registry.publish(name)).status).toBe(200);
    const stored = await patch(captured(name).buildId);
    expect(stored).toMatchObject({ states: null, impact: 'UNREADABLE' });
    expect(stored.unreadable).toBeTruthy();
  },
);

test('facts alone are weaker, and a file takes their place', async () => {
  const { buildId } = captured('lab_r_1v1_a');
  expect(
    (await registry.send('PUT', `/v1/patches/${buildId}`, manifest(buildId, { facts: facts('lab_r_1v1_a') })))
      .body,
  ).toMatchObject({
    outcome: 'PUBLISHED',
    evidence: 'UNSIGNED',
  });
  expect((await registry.publish('lab_r_1v1_a', { release: 'lp' })).body).toMatchObject({
    outcome: 'UPDATED',
    evidence: 'MODULE',
    conflicts: [],
  });
});

test('facts that the file contradicts are a conflict that stays', async () => {
  const { buildId } = captured('lab_r_1v1_b');
  await registry.send(
    'PUT',
    `/v1/patches/${buildId}`,
    manifest(buildId, { facts: facts('lab_r_1v1_b', { states: [{ id: '1', version: 9 }] }) }),
  );
  expect((await registry.publish('lab_r_1v1_b', { release: 'lp' })).body).toMatchObject({
    outcome: 'CONFLICT',
    conflicts: ['states'],
  });
  expect(await patch(buildId)).toMatchObject({ states: [{ id: '1', version: 1 }], conflicts: ['states'] });
});

const [SEVEN, LARGEST] = [
  { id: '7', version: 1 },
  { id: '18446744073709551615', version: 2 },
];
test.each<[what: string, buildId: string, states: object[], conflicts: string[]]>([
  ['the same states in another order are the same', 'a1'.repeat(20), [LARGEST, SEVEN], []],
  ['a state that is left out is another telling', 'a2'.repeat(20), [SEVEN], ['states']],
])('%s', async (_, buildId, states, conflicts) => {
  const tell = (list: object[]) =>
    registry.send(
      'PUT',
      `/v1/patches/${buildId}`,
      manifest(buildId, { facts: facts('told', { states: list }) }),
    );
  expect((await tell([SEVEN, LARGEST])).body).toMatchObject({ outcome: 'PUBLISHED', conflicts: [] });
  expect((await tell(states)).body).toMatchObject({ conflicts });
});

test('another content under the same build-id is a conflict, and the first stays', async () => {
  const { buildId, bytes } = captured('lab_r_2v1_a');
  await registry.publish('lab_r_2v1_a');
  const other = Buffer.concat([bytes, Buffer.from('\n')]);
  expect((await registry.put(buildId, other, { release: 'lab_r_2v1_a', owner: 'lab' })).body).toMatchObject({
    outcome: 'CONFLICT',
    conflicts: ['another content has this build-id'],
  });
});

/** The file with a signature appended that names no key that could be read. */
function withSignature(bytes: Buffer, signature: string): Buffer {
  const info = Buffer.alloc(12);
  info[2] = 2; // PKEY_ID_PKCS7
  info.writeUInt32BE(signature.length, 8);
  return Buffer.concat([bytes, Buffer.from(signature), info, Buffer.from('~Module signature appended~\n')]);
}

test('the same content with other signatures is one build with several files', async () => {
  const { buildId, bytes } = captured('lab_n_1v3_a');
  const fields = { release: 'lab_n_1v3_a', owner: 'lab' };
  const outcomes = [];
  for (const file of [
    bytes,
    withSignature(bytes, 'one'),
    bytes,
    withSignature(bytes, 'one'),
    withSignature(bytes, 'another'),
  ]) {
    outcomes.push((await registry.put(buildId, file, fields)).body.outcome);
    registry.wait(1, 'seconds');
  }
  expect(outcomes).toEqual(['PUBLISHED', 'UPDATED', 'UNCHANGED', 'UNCHANGED', 'UPDATED']);
  const { patch: published } = await registry.ask(
    'query ($b: String) { patch(buildId: $b) { conflicts sha256 files { sha256 signed signer size } } }',
    {
      b: buildId,
    },
  );
  expect(published.conflicts).toEqual([]);
  expect(published.files.map((file: any) => [file.signed, file.signer])).toEqual([
    [false, null],
    [true, null],
    [true, null],
  ]);
  expect(published.files[0]).toMatchObject({ sha256: published.sha256, size: bytes.length });
});

test('files and spelling are of the catalog at their revision', async () => {
  const { buildId, bytes } = captured('lab_n_2v1_a');
  const fields = { release: 'lab_n_2v1_a', owner: 'lab' };
  const store = registry.app.get(CatalogStore);
  const manifestOf = async (view: CatalogSnapshot) => (await view.catalog([buildId], [])).find(buildId)!;
  await registry.put(buildId, bytes, fields);
  const first = await store.now();
  await registry.put(buildId, withSignature(bytes, 'one'), fields);
  const second = await store.now();
  expect([(await manifestOf(first)).files.length, (await manifestOf(second)).files.length]).toEqual([1, 2]);
  expect(await manifestOf(second)).toMatchObject({ spellsVmlinux: false, patchesKernel: true });
});

test.each<[what: string, objects: object[], spelling: object]>([
  [
    'a text that names the kernel',
    [{ name: 'vmlinux', spelled: 'vmlinux', functions: [] }],
    { spellsVmlinux: true, patchesKernel: false },
  ],
  [
    'NULL',
    [{ name: 'vmlinux', spelled: null, functions: [] }],
    { spellsVmlinux: false, patchesKernel: true },
  ],
  [
    'an unreported spelling',
    [{ name: 'vmlinux', functions: [] }],
    { spellsVmlinux: null, patchesKernel: null },
  ],
  ['modules alone', [{ name: 'nfsd', functions: [] }], { spellsVmlinux: false, patchesKernel: false }],
])('%s is kept', async (what, objects, spelling) => {
  const buildId = Buffer.from(what).toString('hex').padEnd(40, '0').slice(0, 40);
  const given = facts('given', {
    objects,
    rewritesEarlierStates: true,
    sha256: 'a'.repeat(64),
    contentSha256: 'b'.repeat(64),
    signed: true,
    signer: 'key-id:ab',
  });
  expect(
    (await registry.send('PUT', `/v1/patches/${buildId}`, manifest(buildId, { facts: given }))).status,
  ).toBe(200);
  const found = (await (await registry.app.get(CatalogStore).now()).catalog([buildId], [])).find(buildId);
  expect(found).toMatchObject({
    ...spelling,
    rewritesEarlierStates: true,
    files: [{ sha256: 'a'.repeat(64), signed: true, signer: 'key-id:ab' }],
  });
});

test('only its owner changes what is said of a patch', async () => {
  await registry.publish('lab_r_2v1_b');
  expect(await registry.publish('lab_r_2v1_b', { owner: 'another-team' })).toMatchObject({
    status: 403,
    body: { code: 'OWNED_BY_ANOTHER' },
  });
});

test('a build keeps its release, and the answer says which one that is', async () => {
  await registry.publish('lab_r_2v1_b');
  expect(await registry.publish('lab_r_2v1_b', { release: 'lp-other' })).toMatchObject({
    status: 409,
    body: {
      code: 'OTHER_RELEASE',
      detail: expect.stringContaining('is already published under release') as string,
      errors: [{ pointer: '/release', found: '"lp-other"' }],
    },
  });
});

test.each([
  ['release', 'lp 12'],
  ['release', '-12'],
  ['owner', 'kernel team'],
  ['owner', 'naïve'],
  ['owner', 'a,b'],
])('the name of a %s has a form: %j has another', async (field, name) => {
  expect(await registry.publish('lab_r_2v1_b', { [field]: name })).toMatchObject({
    status: 400,
    body: {
      errors: [
        {
          pointer: `/${field}`,
          detail: expect.stringContaining('1 to 128 letters, digits') as string,
          found: JSON.stringify(name),
        },
      ],
    },
  });
});

test('the author’s word is versioned, and a state that contradicts the file is shown', async () => {
  const word = (version: number) =>
    `schema: klp/v1\nstates:\n  - id: 1\n    version: ${version}\n    what: a limit\n    restore: ` +
    'not-needed\ncves: [CVE-2026-12345]\n';
  await registry.publish('lab_n_1v1_a', { author: word(1) });
  expect((await registry.publish('lab_n_1v1_a', { author: word(1) })).body.outcome).toBe('UNCHANGED');
  expect((await registry.publish('lab_n_1v1_a', { author: word(3) })).body).toMatchObject({
    outcome: 'UPDATED',
    conflicts: ['state 1: the file has version 1, its author says 3'],
  });
  expect((await patch(captured('lab_n_1v1_a').buildId)).author).toMatchObject({
    revision: 2,
    evidence: 'UNSIGNED',
    states: [{ id: '1', version: 3, restore: 'NOT_NEEDED' }],
    cves: ['CVE-2026-12345'],
  });
});

test.each<[string, string, string]>([
  ['is not YAML', 'states: [', 'YAML'],
  [
    'has an unknown restore',
    'schema: klp/v1\nstates: [{ id: 1, version: 1, what: x, restore: maybe }]',
    '/states/0/restore',
  ],
  [
    'lists an id twice',
    'schema: klp/v1\nstates: [{ id: 1, version: 1, what: x }, { id: 1, version: 2, what: y }]',
    '/states',
  ],
  ['names id 0', 'schema: klp/v1\nstates: [{ id: 0, version: 1, what: x }]', '/states'],
  [
    'contradicts itself',
    'schema: klp/v1\nstateImpact: none\nstates: [{ id: 1, version: 1, what: x }]',
    '/stateImpact',
  ],
  ['has a fraction for an id', 'schema: klp/v1\nstates: [{ id: 1.5, version: 1, what: x }]', '/states/0/id'],
  ['is full of aliases', `a: &a [1]\nb: &b [*a, *a]\nschema: klp/v1\nnotes: *b`, 'lias'],
])('an author’s YAML that %s is refused in words, and nothing is stored', async (_, author, word) => {
  const { status, body } = await registry.publish('lab_n_1v2_a', { author });
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain(word);
  expect(await patch(captured('lab_n_1v2_a').buildId)).toBeNull();
});

test.each<[string, () => Promise<{ status: number; body: object }>, number, string]>([
  [
    'a file that is no module',
    () => registry.put('ab'.repeat(20), Buffer.from('hello'), { release: 'r', owner: 'o' }),
    422,
    'MODULE_UNREADABLE',
  ],
  [
    'a module of another build',
    () => registry.put('ab'.repeat(20), captured('lab_r_1v3_a').bytes, { release: 'r', owner: 'o' }),
    400,
    'BAD_USER_INPUT',
  ],
  [
    'a file that is cut off',
    () =>
      registry.put(captured('lab_r_1v3_a').buildId, captured('lab_r_1v3_a').bytes.subarray(0, 5000), {
        release: 'r',
        owner: 'o',
      }),
    422,
    'MODULE_UNREADABLE',
  ],
  [
    'a form without an owner',
    () => registry.put(captured('lab_r_1v3_a').buildId, captured('lab_r_1v3_a').bytes, { release: 'r' }),
    400,
    'BAD_USER_INPUT',
  ],
  [
    'a build-id that is none',
    () => registry.put('xyz', captured('lab_r_1v3_a').bytes, { release: 'r', owner: 'o' }),
    400,
    'BAD_USER_INPUT',
  ],
  [
    'a manifest of another build',
    () => registry.send('PUT', `/v1/patches/${'ab'.repeat(20)}`, manifest('cd'.repeat(20))),
    400,
    'BAD_USER_INPUT',
  ],
])('%s is refused, and nothing is stored', async (_, publish, status, code) => {
  expect(await publish()).toMatchObject({ status, body: { code } });
  expect(await patch(captured('lab_r_1v3_a').buildId)).toBeNull();
});

test('every publication and recall is in the audit log', async () => {
  await registry.publish('lab_r_1v0_a');
  await registry.ask('mutation ($b: String!) { recallPatch(buildId: $b, reason: "x") { recalledAt } }', {
    b: captured('lab_r_1v0_a').buildId,
  });
  const { Database } = await import('../../src/database/database.js');
  const log = await registry.app
    .get(Database)
    .audit.findMany({ where: { subject: captured('lab_r_1v0_a').buildId }, orderBy: { id: 'asc' } });
  expect(log.map(({ who, action }: { who: string; action: string }) => [who, action])).toEqual([
    ['tester', 'publish'],
    ['tester', 'recall-patch'],
  ]);
});
