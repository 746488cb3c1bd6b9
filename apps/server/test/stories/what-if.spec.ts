import { factsOfManifest } from '../../src/store/catalog/declared-facts.js';
import { allModules } from '../modules.js';
import { idle, listed, logged, Registry, running } from '../registry.js';

let registry: Registry;
beforeEach(async () => {
  await registry.reset();
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await registry.publish(name);
  await registry.report(logged(running('web-1', ['lab_r_1v1_a'])));
  await registry.report(logged(running('web-2', ['lab_r_1v2_a'])));
  await registry.report(logged(idle('web-3')));
});
beforeAll(async () => {
  registry = await Registry.start();
});
afterAll(() => registry.stop());

const KERNEL = '7.3.4+deb13-cloud-amd64';
const NO_CALLBACKS = { prePatch: false, postPatch: false, preUnpatch: false, postUnpatch: false };
/** A build that is not published, with state 1 at this version. */
const manifest = (version: number, changes: object = {}) => ({
  schema: 'manifest/v1',
  buildId: 'ab'.repeat(20),
  release: 'next',
  owner: 'lab',
  facts: {
    name: 'next_patch',
    kernelRelease: KERNEL,
    arch: 'x86_64',
    vermagic: `${KERNEL} SMP preempt mod_unload modversions `,
    replace: true,
    states: [{ id: '1', version }],
    impact: 'DECLARED',
    signed: false,
    objects: [{ name: 'vmlinux', spelled: null, functions: [] }],
    callbacks: NO_CALLBACKS,
  },
  ...changes,
});

const ASK = `query ($to: TargetInput!, $evidence: Evidence, $allow: [ReasonCode!], $snapshot: ID) {
  canDowngrade(to: $to, evidence: $evidence, allow: $allow, snapshot: $snapshot) {
    whatIf kind counts { safe unknown unsafe refused } snapshot { id }
    hosts { nodes { host { hostname } verdict { kind accepted reasons { code } } } } } }`;
const ask = async (given: object, variables: object = {}) =>
  (await registry.ask(ASK, { to: { manifest: JSON.stringify(given) }, ...variables })).canDowngrade;
const kinds = ({ hosts }: any) =>
  Object.fromEntries(hosts.nodes.map(({ host, verdict }: any) => [host.hostname, verdict.kind]));

test('by default, what an asker says makes no host SAFE', async () => {
  const answer = await ask(manifest(2));
  expect(answer).toMatchObject({ whatIf: true, kind: 'UNKNOWN', counts: { safe: 0, refused: 0 } });
  for (const { verdict } of answer.hosts.nodes)
    expect(verdict.reasons.map(({ code }: any) => code)).toContain('EVIDENCE_TOO_WEAK');
  expect((await registry.ask('{ patches { totalCount } }')).patches.totalCount).toBe(2);
});

test('it refuses what the kernel would, and two descriptions of one build do not share an answer', async () => {
  const allow = ['SYMBOLS_UNVERIFIED', 'SIGNATURE_UNVERIFIED', 'PRE_PATCH_MAY_REFUSE'];
  const low = await ask(manifest(1), { evidence: 'UNSIGNED', allow });
  expect(kinds(low)).toMatchObject({ 'web-2': 'REFUSED' });
  const high = await ask(manifest(2), { evidence: 'UNSIGNED', allow });
  expect(kinds(high)).not.toMatchObject({ 'web-2': 'REFUSED' });
  expect(high.hosts.nodes.every(({ verdict }: any) => verdict.accepted)).toBe(true);
  expect(kinds(await ask(manifest(1), { evidence: 'UNSIGNED', allow }))).toEqual(kinds(low));
  const again = await ask(manifest(2), { evidence: 'UNSIGNED', allow, snapshot: high.snapshot.id });
  expect(again).toEqual(high);
});

test('what an asker says of a build counts in no other answer', async () => {
  const own = listed('next_patch', { buildId: 'ab'.repeat(20), replace: true });
  await registry.report(logged(idle('web-4', { livepatches: [own] })));
  const reasons = async () =>
    (
      await registry.ask(
        '{ canDowngrade(to: { original: true }) { reasons { nodes { hosts reason { code } } } } }',
      )
    ).canDowngrade.reasons.nodes;
  const answer = await ask(manifest(2), { evidence: 'UNSIGNED' });
  // nothing has to be done
  expect(kinds(answer)).toMatchObject({ 'web-4': 'SAFE' });
  const before = await reasons();
  expect(before.map(({ reason }: any) => reason.code)).toContain('PATCH_NOT_CATALOGUED');
  await ask(manifest(3), { evidence: 'UNSIGNED' });
  expect(await reasons()).toEqual(before);
});

test('canDeploy answers for an unpublished build too', async () => {
  const { canDeploy } = await registry.ask(
    `query ($what: TargetInput!) { canDeploy(what: $what, evidence: UNSIGNED, bestRoute: true) {
      whatIf matched withoutBuild ways { to openToday lost } } }`,
    { what: { manifest: JSON.stringify(manifest(3)) } },
  );
  expect(canDeploy).toMatchObject({ whatIf: true, matched: 3, withoutBuild: 0 });
});

test.each<[string, string, string]>([
  ['no JSON', '{', 'must be JSON'],
  ['another document', '{"schema":"report/v1"}', 'the manifest is wrong at'],
  [
    'a published build',
    JSON.stringify(
      manifest(1, { buildId: allModules('7.3').find(({ name }) => name === 'lab_r_1v1_a')!.buildId }),
    ),
    'is published: ask for it by `buildId`',
  ],
  [
    'too long a text',
    JSON.stringify(manifest(1, { owner: 'x'.repeat(200_000) })),
    'characters of a manifest',
  ],
])('%s is refused', async (_what, text, message) => {
  const error = await registry.graphqlError(ASK, { to: { manifest: text } });
  expect(error.message).toContain(message);
});

test('several targets in one question are aliases, of one instant each', async () => {
  const { back, original } = await registry.ask(`{
    back: canDowngrade(to: { name: "lab_r_1v1_a" }) { whatIf counts { refused total } }
    original: canDowngrade(to: { original: true }) { whatIf counts { refused total } } }`);
  expect(back).toEqual({ whatIf: false, counts: { refused: 1, total: 3 } });
  expect(original).toEqual({ whatIf: false, counts: { refused: 0, total: 3 } });
});

test('the facts of a manifest are unsigned, whatever it says', () => {
  expect(factsOfManifest(manifest(1).facts as never, 'ab').evidence).toBe('UNSIGNED');
});
