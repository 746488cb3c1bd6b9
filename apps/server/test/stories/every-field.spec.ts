import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AuthorStatement, sha256, signedForm } from '@klpreg/wire';
import { buildSchema, getNamedType, type GraphQLField, type GraphQLObjectType, isObjectType } from 'graphql';
import { giveToken } from '../access/give-token.js';
import { EnrollingHost } from '../enrolling-host.js';
import { allModules } from '../modules.js';
import { VerdictSums } from '../../src/query/verdict-sums.js';
import { idle, later, leftover, listed, logged, Registry, running } from '../registry.js';

const schema = buildSchema(readFileSync(path.join(__dirname, '../../schema.graphql'), 'utf8'));
const NAME = 'lab_r_1v1_cb';
const { buildId, bytes } = allModules('7.3').find((module) => module.name === NAME)!;
const policyWith = (last: object): string =>
  JSON.stringify(
    JSON.stringify({
      schema: 'policy/v1',
      rules: [
        {
          name: 'a',
          where: [{ key: 'env', in: ['x'] }],
          allow: ['BOOT_UNKNOWN'],
          maxAge: '2m',
          evidence: 'LIVE',
          routes: ['REPLACE'],
        },
        {
          name: 'b',
          where: [
            { key: 'env', notIn: ['x', 'y'] },
            { key: 'absent', exists: true },
          ],
        },
        last,
      ],
    }),
  );
const keys = generateKeyPairSync('ed25519');
const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();

let registry: Registry;
/** The opaque id of the host `web-1`. */
let id: string;
let bootId: string;
/** A time before `web-5` changed. */
let before: string;

beforeAll(async () => {
  registry = await Registry.start({ KLPREG_HISTORY_LABEL: 'env' });
  // at a full hour, whose verdicts are counted
  await registry.report(logged(idle('early')));
  const word = {
    schema: 'klp/v1',
    states: [{ id: '1', version: 1, what: 'a limit', restore: 'callbacks' }],
    cves: ['CVE-2026-12345'],
    independentOf: ['lab_n_1v1_a'],
    unsupported: ['disable'],
    notes: 'to be tried first',
  };
  const signed = signedForm(
    { buildId, sha256: sha256(bytes), release: NAME, owner: 'lab' },
    AuthorStatement.parse(word),
  );
  await registry.ask(
    'mutation ($key: String!) { addOwnerKey(owner: "lab", publicKey: $key, validUntil: ' +
      '"2036-01-01T00:00:00Z") { fingerprint } }',
    { key: pem },
  );
  await registry.ask(
    'mutation { setOwnerPolicy(owner: "web", requireSigned: true, from: ' +
      '"2036-01-01T00:00:00Z", reason: "audit") { owner } }',
  );
  await registry.ask(
    `mutation { applyPolicy(document: ${policyWith({ name: 'c' })}, reason: "a test") { replaces } }`,
  );
  await registry.publish(NAME, {
    author: JSON.stringify(word),
    signature: sign(null, signed, keys.privateKey).toString('base64'),
  });
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_n_1v1_a', 'lab_n_1v1_gate'])
    await registry.publish(name);
  const headers = await giveToken(registry, 'relay');
  await registry.send('POST', '/v1/reports', {}, headers);
  for (const input of [
    'name: "web", role: PUBLISHER, owners: ["web"]',
    'name: "prod", role: READER, scope: [{ key: "env", values: ["prod"] }]',
  ])
    await registry.ask(`mutation { createToken(input: { ${input} }) { text } }`);
  tokenId = (await registry.ask('{ tokens { nodes { id } } }')).tokens.nodes[1].id;
  await registry.witnessed(NAME, { over: ['lab_r_1v1_a'] });

  const objects = [
    { name: 'vmlinux', patched: true, functions: [] },
    { name: 'nfsd', patched: false, functions: [] },
  ];
  const entering = idle('web-1', {
    host: { labels: { env: 'prod' } },
    livepatches: [listed(NAME, { transition: true, objects })],
    leftovers: [leftover('lab_r_1v1_a', 1)],
    transition: {
      patch: NAME,
      since: '2026-11-23T09:59:00Z',
      tasks: [{ pid: 7, comm: 'tar', patchState: 0 }],
      moreTasks: 2,
    },
    bootPersistence: {
      source: 'kpatch',
      kernelRelease: '7.3.4+deb13-cloud-amd64',
      loads: [{ name: NAME, buildId }],
    },
    otherLivePatching: ['module kcare'],
    unread: ['the taint of lab_r_1v1_a'],
    warnings: ['the machine id cannot be read'],
  });
  expect(await registry.report(entering)).toMatchObject({ status: 200 });
  await registry.report(logged(idle('web-5')));
  registry.wait(1, 'minutes');
  before = registry.now().toISOString();
  registry.wait(1, 'minutes');
  await registry.report(logged(running('web-5', ['lab_r_1v2_a'], { sequence: 2 })));
  await registry.report(later(entering));
  await registry.report(logged(running('web-2', ['lab_r_1v2_a'])));
  const boots = { source: '/etc/modules', kernelRelease: '7.3.4+deb13-cloud-amd64', loads: [] };
  await registry.report(logged(running('web-4', ['lab_r_1v2_a'], { bootPersistence: boots })));
  await registry.report(logged(running('web-3', ['lab_n_1v1_a'])));
  await registry.app.get(VerdictSums).storeMissing();
  await enrolHosts();
  await recordDecisions();
  ({ id, bootId } = (await registry.ask('{ host(hostname: "web-1") { id bootId } }')).host);
});
afterAll(() => registry.stop());

/**
 * A waiver that is used, a revoked one, decisions after which a host came, and one that the gate could not
 * make.
 */
async function recordDecisions(): Promise<void> {
  const { instance } = running('web-2', []).host;
  await registry.ask(
    `mutation { labelHost(id: "${instance}", labels: [{ key: "tier", value: "1" }]) { id } }`,
  );
  const add =
    'owner: "lab", reason: "seen", codes: [SYMBOLS_UNVERIFIED], expiresIn: "1d", release: "lab_n_1v1_gate"';
  const selector = 'selector: [{ key: "tier", values: ["1"] }]';
  const ids: string[] = [];
  for (let i = 0; i < 2; i++)
    ids.push(
      (await registry.ask(`mutation { addWaiver(input: { ${add}, ${selector} }) { id } }`)).addWaiver.id,
    );
  [waiverId] = ids as [string];
  await registry.ask(`mutation { revokeWaiver(id: "${ids[1]}", reason: "wrong") { id } }`);
  const where = 'where: { authoritativeLabels: true, labels: [{ key: "tier", in: ["1"] }] }';
  const ignored = '[{ code: BOOT_UNKNOWN, owner: "lab", reason: "seen", expiresAt: "2036-01-01T00:00:00Z" }]';
  const common = `target: { release: "lab_n_1v1_gate" }, breakGlass: "it burns", ignored: ${ignored}`;
  for (const question of [
    `gate: CAN_DOWNGRADE, claimed: NO, ${where}`,
    `gate: CAN_DEPLOY, claimed: NO, ${where}`,
    // selects by what no history has, and the registry decides YES
    'gate: CAN_DOWNGRADE, claimed: CANNOT_TELL, where: { agentVersions: ["0.0.0"] }, allowEmpty: true',
  ]) {
    const input = `${question}, ${common}`;
    const made = await registry.ask(
      `mutation { recordDecision(input: { ${input} }) { id certificate { content signature } } }`,
    );
    decisions.push(made.recordDecision);
  }
  await registry.ask(
    `mutation { labelHost(id: "${running('web-3', []).host.instance}", ` +
      'labels: [{ key: "tier", value: "1" }]) { id } }',
  );
}

async function enrolHosts(): Promise<void> {
  const input = '{ name: "web servers", approval: true, uses: 9, labels: [{ key: "env", value: "prod" }] }';
  const [token, old] = await Promise.all(
    [input, '{ name: "old" }'].map(async (given) => {
      const created = await registry.ask(
        `mutation { createEnrolmentToken(input: ${given}) { token enrolmentToken { id } } }`,
      );
      return created.createEnrolmentToken as { token: string; enrolmentToken: { id: string } };
    }),
  );
  enrolmentTokenId = token!.enrolmentToken.id;
  [enrolled, waiting] = [new EnrollingHost(registry, 'app-1'), new EnrollingHost(registry, 'app-2')];
  for (const host of [enrolled, waiting]) await host.enrol(token!.token);
  await registry.ask(`mutation { approveEnrolment(host: "${enrolled.instance}") { host } }`);
  await enrolled.renew();
  const { id: oldId } = old!.enrolmentToken;
  await registry.ask(`mutation { revokeEnrolmentToken(id: "${oldId}", withHosts: true) { id } }`);
}

const TO = [
  '{ original: true }',
  '{ name: "lab_r_1v1_a" }',
  '{ release: "lab_n_1v1_gate" }',
  `{ buildId: "${buildId}" }`,
];

/** Arguments of fields that need some; each text is a way to ask for the field. */
const ARGUMENTS: Record<string, () => string[]> = {
  'Query.node': () => [`id: "${id}"`],
  'Query.host': () => ['hostname: "web-1"', 'hostname: "web-2"', 'hostname: "web-3"'],
  'Query.patch': () => [`buildId: "${buildId}"`, 'name: "lab_r_1v1_a"'],
  'Query.decision': () => decisions.map(({ id: one }) => `id: "${one}"`),
  'Query.certificateHolds': () =>
    decisions.map(({ certificate: { content, signature } }) => {
      return `certificate: { content: ${JSON.stringify(content)}, signature: "${signature}" }`;
    }),
  'Query.release': () => ['name: "lab_r_1v1_a"'],
  'Query.canDowngrade': () =>
    TO.flatMap((to) => [`to: ${to}`, `to: ${to}, bestRoute: true, evidence: UNSIGNED`]),
  'FleetSummary.ages': () => ['label: "env"'],
  'FleetVerdict.cohorts': () => ['by: [STACK, KERNEL, FRESHNESS], labels: ["env"]'],
  'Query.verdictCounts': () => ['to: { original: true }, by: [STACK, KERNEL, FRESHNESS], labels: ["env"]'],
  'Query.plan': () => [
    'to: { name: "lab_r_1v1_a" }',
    'newest: true, allow: [BOOT_UNKNOWN], evidence: UNSIGNED',
    'to: { original: true }',
  ],
  'Query.drift': () => [`to: { original: true }, from: ${JSON.stringify(before)}`],
  'Query.verdictHistory': () => ['to: { original: true }, from: "2026-11-23T10:00:00Z", byLabel: true'],
  'Query.canDeploy': () => [
    'what: { name: "lab_r_1v2_a" }',
    'what: { name: "lab_r_1v2_a" }, evidence: UNSIGNED',
  ],
  'Query.newestSafe': () => ['tries: 1', 'where: { hostnames: ["web-2"] }, tries: 20'],
  'Host.canDowngrade': () =>
    TO.flatMap((to) => [`to: ${to}`, `to: ${to}, bestRoute: true, evidence: UNSIGNED`]),
  'Mutation.createToken': () => [
    'input: { name: "a", role: PUBLISHER, owners: ["lab"] }',
    'input: { name: "b", role: READER, scope: [{ key: "env", values: ["prod"] }] }',
  ],
  'Mutation.revokeToken': () => [`id: "${tokenId}", reason: "it leaked"`],
  'Mutation.addHost': () => ['input: { hostname: "db-1" }'],
  'Mutation.labelHost': () => [`id: "${id}", labels: [{ key: "env", value: "prod" }]`],
  'Mutation.releaseHost': () => [`id: "${id}", reason: "one machine"`],
  'Mutation.resetHostSequence': () => [`id: "${id}", reason: "reinstalled"`],
  'Mutation.setBootBaseline': () => [`id: "${id}", bootId: "${bootId}", reason: "looked at"`],
  'PlanGroup.members': () => ['first: 1'],
  'Query.policy': () => ['revision: 1'],
  'Mutation.applyPolicy': () => [
    `document: ${policyWith({ name: 'c' })}, reason: "a test"`,
    `document: ${policyWith({ name: 'c', raise: ['CVE_REOPENED'] })}, reason: "a test", dryRun: true`,
  ],
  'Mutation.setOwnerPolicy': () => ['owner: "web", requireSigned: true, reason: "audit"'],
  'Mutation.transferPatch': () => [`buildId: "${buildId}", owner: "web", reason: "web took it over"`],
  'Mutation.recallPatch': () => [`buildId: "${buildId}", reason: "it stalls"`],
  'Mutation.addOwnerKey': () => [`owner: "web", publicKey: ${JSON.stringify(otherPem)}`],
  'Mutation.revokeOwnerKey': () => [`fingerprint: "${fingerprint}"`],
  'Mutation.createEnrolmentToken': () => ['input: { name: "db servers" }'],
  'Mutation.approveEnrolment': () => [`host: "${enrolled.instance}"`],
  'Mutation.rejectEnrolment': () => [`host: "${waiting.instance}", reason: "not ours"`],
  'Mutation.revokeHostCredential': () => [`host: "${enrolled.instance}", reason: "stolen"`],
  'Mutation.resetHostCredential': () => [`host: "${enrolled.instance}", reason: "found"`],
  'Mutation.revokeEnrolmentToken': () => [`id: "${enrolmentTokenId}", withHosts: true`],
  'Mutation.rotateServerKey': () => ['immediately: true'],
  'Mutation.recordDecision': () => [
    'input: { gate: CAN_DOWNGRADE, target: { name: "lab_r_1v1_a" }, claimed: NO }',
  ],
  'Mutation.addWaiver': () => [
    'input: { owner: "lab", reason: "seen", codes: [BOOT_UNKNOWN], ' +
      'expiresIn: "1d", selector: [{ key: "a", values: ["b"] }] }',
  ],
  'Mutation.revokeWaiver': () => [`id: "${waiverId}", reason: "wrong"`],
  'Mutation.watchTarget': () => ['to: { release: "lab_r_1v1_a" }'],
  'Mutation.unwatchTarget': () => ['to: { release: "lab_r_1v1_a" }'],
  'Mutation.retireHost': () => [`id: "${id}", reason: "sold"`],
};
const otherPem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
let fingerprint: string;
/** A host that was approved, one that waits, and their enrolment token. */
let enrolled: EnrollingHost;
let waiting: EnrollingHost;
let enrolmentTokenId: string;
const decisions: { id: string; certificate: { content: string; signature: string } }[] = [];
let waiverId: string;
/** A token that is used, and to be revoked. */
let tokenId: string;

type Field = GraphQLField<unknown, unknown>;
const fieldsOf = (type: GraphQLObjectType): Field[] => Object.values(type.getFields());
const objectOf = (field: Field): GraphQLObjectType | null => {
  const type = getNamedType(field.type);
  return isObjectType(type) ? type : null;
};

/** The ways to write this field of a type, with its arguments. */
function callsOf(type: GraphQLObjectType, { name }: Field): string[] {
  const ways = ARGUMENTS[`${type.name}.${name}`]?.();
  return ways === undefined ? [name] : ways.map((way) => `${name}(${way})`);
}

/** The shortest list of fields that leads from a type to each type below it. */
function pathsFrom(
  start: GraphQLObjectType,
): Map<GraphQLObjectType, readonly (readonly [GraphQLObjectType, Field])[]> {
  const paths = new Map<GraphQLObjectType, readonly (readonly [GraphQLObjectType, Field])[]>([[start, []]]);
  for (const [type, way] of paths)
    for (const field of fieldsOf(type)) {
      const next = objectOf(field);
      if (next !== null && !paths.has(next)) paths.set(next, [...way, [type, field]]);
    }
  return paths;
}

/** Fields that were not null at least once, as `Type.field`. */
const seen = new Set<string>();

/** Notes the fields of every object of this type in an answer. */
function note(type: GraphQLObjectType, way: readonly string[], value: unknown): void {
  if (Array.isArray(value)) for (const item of value) note(type, way, item);
  else if (way.length > 0)
    note(type, way.slice(1), (value as Record<string, unknown> | null)?.[way[0]!] ?? []);
  else
    for (const [name, held] of Object.entries(value as object))
      if (held !== null) seen.add(`${type.name}.${name}`);
}

/** Asks for all fields of one type, through each way of writing the fields that lead to it. */
async function askAll(
  operation: string,
  root: string,
  below: readonly (readonly [GraphQLObjectType, Field])[],
  type: GraphQLObjectType,
): Promise<void> {
  const selection = fieldsOf(type).flatMap((field) =>
    objectOf(field) === null
      ? [field.name]
      : callsOf(type, field)
          .slice(0, 1)
          .map((call) => `${call} { __typename }`),
  );
  let texts = [`{ ${selection.join(' ')} }`];
  for (const [parent, field] of below.toReversed())
    texts = texts.flatMap((text) => callsOf(parent, field).map((call) => `{ ${call} ${text} }`));
  for (const text of texts)
    note(
      type,
      [root.split('(')[0]!, ...below.map(([, { name }]) => name)],
      await registry.ask(`${operation} { ${root} ${text} }`),
    );
}

/**
 * Null in every answer of this test: no module here is signed or unreadable, and no reason names a function
 * or another patch.
 */
const NEVER = [
  // the audit log of this test is complete
  'AuditCheck.next',
  'AuditProblem.kind',
  'AuditProblem.message',
  'AuditProblem.number',
  // the history of this test is complete
  'CertificateCheck.historyGone',
  'ListedPatch.file',
  'ModuleFile.signer',
  'Patch.unreadable',
  'Reason.function',
  'Reason.other',
  // replica.spec.ts has a replica, and faults.spec.ts a database that cannot be written
  'Registry.problem',
  'Registry.replicaLagSeconds',
  // the token of this test has no limits; viewer.spec.ts reads those of others
  'Viewer.expiresAt',
  'Viewer.owners',
  'Viewer.scope',
];
/** In answers to subscriptions, which subscriptions.spec.ts reads. */
const SUBSCRIBED = ['ChangedHosts', 'StalledTransitions', 'Subscription', 'VerdictChange'];

test('every field of the schema is resolved over HTTP', async () => {
  fingerprint = (await registry.ask('{ ownerKeys { fingerprint } }')).ownerKeys[0].fingerprint;
  const query = schema.getQueryType()!;
  for (const field of fieldsOf(query)) {
    const type = objectOf(field);
    if (type !== null)
      for (const call of callsOf(query, field))
        for (const [below, way] of pathsFrom(type)) await askAll('query', call, way, below);
    else expect((await registry.ask(`{ ${callsOf(query, field)[0]!} { id } }`)).node).toEqual({ id });
    seen.add(`Query.${field.name}`);
  }
  const mutation = schema.getMutationType()!;
  // in the order of ARGUMENTS: a retired host is not changed any more
  for (const name of Object.keys(ARGUMENTS).flatMap((key) => /^Mutation\.(.*)/.exec(key)?.[1] ?? [])) {
    const field = mutation.getFields()[name]!;
    const type = objectOf(field)!;
    // what a dry run answers is in no other answer, and it changes nothing
    const isRepeatable = name === 'applyPolicy';
    const paths = isRepeatable ? [...pathsFrom(type)] : [[type, []] as const];
    for (const call of callsOf(mutation, field))
      for (const [below, way] of paths) await askAll('mutation', call, way, below);
    seen.add(`Mutation.${name}`);
  }

  const all = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && !type.name.startsWith('__') && !SUBSCRIBED.includes(type.name),
  ) as GraphQLObjectType[];
  const missing = all
    .flatMap((type) => fieldsOf(type).map(({ name }) => `${type.name}.${name}`))
    .filter((name) => !seen.has(name));
  expect(missing.toSorted()).toEqual(NEVER);
});
