import { giveToken } from '../access/give-token.js';
import { logged, Registry, running } from '../registry.js';

const ADD = `mutation ($input: AddWaiverInput!) { addWaiver(input: $input) {
  id owner reason codes selector { key values } release active createdBy expiresAt revokedAt } }`;
const ASK = `query ($to: TargetInput!, $where: HostFilter, $allow: [ReasonCode!], $asOf: DateTime, $snapshot: ID) {
  canDowngrade(to: $to, where: $where, allow: $allow, asOf: $asOf, snapshot: $snapshot) {
    kind counts { unknown accepted total } waivers { id owner codes expiresAt hosts } snapshot { id }
    cohorts { nodes { verdict { allowed accepted } } } } }`;
const PROD = [{ key: 'env', values: ['prod', 'stage'] }];
const WAIVER = {
  owner: 'kernel team',
  reason: 'two canaries ran it',
  codes: ['SYMBOLS_UNVERIFIED'],
  selector: PROD,
  expiresIn: '7d',
};
const TO = { release: 'lp-12' };
const IN_PROD = { labels: [{ key: 'env', in: ['prod'] }], authoritativeLabels: true };

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on' });
});
afterAll(() => registry.stop());

/** Two hosts of prod run a patch, and no machine has shown the one that is to be loaded. */
beforeEach(async () => {
  await registry.reset();
  await registry.publish('lab_r_1v1_a', { release: 'lp-10' });
  await registry.publish('lab_r_1v2_a', { release: 'lp-12' });
  await registry.publish('lab_r_1v1_2v1_a', { release: 'lp-13' });
  for (const hostname of ['web-1', 'web-2']) {
    const report = logged(running(hostname, ['lab_r_1v1_a']));
    await registry.report(report);
    const { instance } = report.host;
    await registry.ask(
      `mutation { labelHost(id: "${instance}", labels: [{ key: "env", value: "prod" }]) { id } }`,
    );
  }
});

const send = async (query: string, variables: object = {}, headers: Record<string, string> = {}) =>
  (await registry.send<any>('POST', '/graphql', { query, variables }, headers)).body;
const add = async (changes: object = {}, headers = {}) =>
  send(ADD, { input: { ...WAIVER, ...changes } }, headers);
const added = async (changes: object = {}) => {
  const { data, errors } = await add(changes);
  expect(errors).toBeUndefined();
  return data.addWaiver;
};
const ask = async (variables: object = {}) =>
  (await registry.ask(ASK, { to: TO, where: IN_PROD, ...variables })).canDowngrade;
const accepted = async (variables: object = {}) => (await ask(variables)).counts.accepted;

test('a waiver is accepted as an allowed code is: the kind stays, and the answer names it', async () => {
  expect(await ask()).toMatchObject({ kind: 'UNKNOWN', counts: { unknown: 2, accepted: 0 }, waivers: [] });
  const waiver = await added();
  expect(waiver).toMatchObject({
    owner: 'kernel team',
    reason: 'two canaries ran it',
    codes: ['SYMBOLS_UNVERIFIED'],
    selector: PROD,
    release: null,
    active: true,
    createdBy: 'tester',
    expiresAt: '2026-11-30T10:00:00.000Z',
    revokedAt: null,
  });
  expect(await ask()).toMatchObject({
    kind: 'UNKNOWN',
    counts: { unknown: 2, accepted: 2 },
    waivers: [{ id: waiver.id, owner: 'kernel team', codes: ['SYMBOLS_UNVERIFIED'], hosts: 2 }],
    cohorts: { nodes: [{ verdict: { allowed: ['SYMBOLS_UNVERIFIED'], accepted: true } }] },
  });
  // a question that allows the code itself needs no waiver
  expect(await ask({ allow: ['SYMBOLS_UNVERIFIED'] })).toMatchObject({
    counts: { accepted: 2 },
    waivers: [],
  });
  const { auditLog } = await registry.ask('{ auditLog(first: 1) { nodes { action subject detail } } }');
  expect(auditLog.nodes[0]).toMatchObject({ action: 'ADD_WAIVER', subject: waiver.id });
});

test.each<[string, object, object, number]>([
  ['a question within the selector', {}, {}, 2],
  ['a question for part of it', {}, { where: { ...IN_PROD, hostnames: ['web-1'] } }, 1],
  ['a question for all hosts', {}, { where: {} }, 0],
  ['a question by labels that hosts report', {}, { where: { labels: IN_PROD.labels } }, 0],
  ['a question for more', {}, { where: { ...IN_PROD, labels: [{ key: 'env', in: ['prod', 'test'] }] } }, 0],
  ['a question by other labels', {}, { where: { ...IN_PROD, labels: [{ key: 'env', exists: true }] } }, 0],
  ['the release of the waiver', { release: 'lp-12' }, {}, 2],
  ['another release', { release: 'lp-13' }, {}, 0],
  ['the module of the release by its name', { release: 'lp-12' }, { to: { name: 'lab_r_1v2_a' } }, 0],
  ['another code', { codes: ['PRE_PATCH_MAY_REFUSE'] }, {}, 0],
])('a waiver and %s', async (_name, waiver, question, hosts) => {
  await added(waiver);
  expect(await accepted(question)).toBe(hosts);
});

test('it is valid from its creation until it expires or is revoked, also in answers about earlier times', async () => {
  const before = registry.now().toISOString();
  registry.wait(1, 'minutes');
  const { id } = await added({ expiresIn: '1h' });
  const { snapshot } = await ask();
  registry.wait(1, 'minutes');
  const revoked = await send(
    `mutation { revokeWaiver(id: "${id}", reason: "it failed") { active revokedBy revokeReason } }`,
  );
  expect(revoked.data.revokeWaiver).toEqual({
    active: false,
    revokedBy: 'tester',
    revokeReason: 'it failed',
  });
  expect(await accepted()).toBe(0);
  expect(await accepted({ snapshot: snapshot.id })).toBe(2);
  expect(await accepted({ asOf: before })).toBe(0);
  // revoked once more, nothing changes
  await send(`mutation { revokeWaiver(id: "${id}", reason: "again") { id } }`);
  expect((await registry.ask('{ waivers { nodes { revokeReason } } }')).waivers.nodes).toEqual([
    { revokeReason: 'it failed' },
  ]);
  await added({ expiresIn: '30s' });
  expect(await accepted()).toBe(2);
  registry.wait(30, 'seconds');
  expect(await accepted()).toBe(0);
});

test('a gate passes by a waiver, which the decision and the rollout name', async () => {
  const { id } = await added();
  const input = { gate: 'CAN_DOWNGRADE', target: TO, where: IN_PROD, claimed: 'YES' };
  const made = await send(
    `mutation ($input: RecordDecisionInput!) { recordDecision(input: $input) {
       overridden overrides { waivers { id codes hosts } } } }`,
    { input },
  );
  expect(made.data.recordDecision).toEqual({
    overridden: true,
    overrides: { waivers: [{ id, codes: ['SYMBOLS_UNVERIFIED'], hosts: 2 }] },
  });
  const { canDeploy } = await registry.ask(
    'query ($where: HostFilter) { canDeploy(what: { release: "lp-12" }, where: $where) { waivers { id hosts } } }',
    { where: IN_PROD },
  );
  expect(canDeploy.waivers).toEqual([{ id, hosts: 2 }]);
});

test.each<[string, object, (id: string) => Promise<unknown>]>([
  [
    'revoked',
    {},
    async (id) => registry.ask(`mutation { revokeWaiver(id: "${id}", reason: "it failed") { id } }`),
  ],
  ['expired', { expiresIn: '30s' }, async () => registry.wait(30, 'seconds')],
])('no decision is recorded by a waiver that was %s after the answer', async (_how, waiver, end) => {
  const { id } = await added(waiver);
  const { snapshot } = await ask();
  registry.wait(1, 'seconds');
  await end(id);
  const input = { gate: 'CAN_DOWNGRADE', target: TO, where: IN_PROD, claimed: 'YES', snapshot: snapshot.id };
  const { errors } = await send(
    'mutation ($input: RecordDecisionInput!) { recordDecision(input: $input) { id } }',
    { input },
  );
  expect(errors[0]).toMatchObject({
    message: expect.stringContaining(`by the waiver ${id} of kernel team, which was revoked or has expired`),
    extensions: { code: 'DECISION_DIFFERS' },
  });
});

test('waivers are listed by owner, code and validity, the newest first', async () => {
  const a = await added({ owner: 'a', expiresIn: '1h' });
  registry.wait(2, 'hours');
  const b = await added({ owner: 'b', codes: ['BOOT_UNKNOWN'] });
  const ids = async (where: string) =>
    (await registry.ask(`{ waivers(where: { ${where} }) { nodes { id } } }`)).waivers.nodes.map(
      (one: { id: string }) => one.id,
    );
  expect(await ids('')).toEqual([b.id, a.id]);
  expect(await ids('active: true')).toEqual([b.id]);
  expect(await ids('active: false')).toEqual([a.id]);
  expect(await ids('owner: "a"')).toEqual([a.id]);
  expect(await ids('code: BOOT_UNKNOWN')).toEqual([b.id]);
});

test.each<[string, object]>([
  ['a code that cannot be accepted', { codes: ['REPORT_STALE'] }],
  ['no code', { codes: [] }],
  ['no reason', { reason: ' ' }],
  ['no owner', { owner: '' }],
  ['91 days', { expiresIn: '91d' }],
  ['no time', { expiresIn: '0s' }],
  ['no label', { selector: [] }],
  ['a label of the host', { selector: [{ key: 'agent.env', values: ['prod'] }] }],
  ['a label without values', { selector: [{ key: 'env', values: [] }] }],
])('a waiver with %s is refused', async (_what, changes) => {
  expect((await add(changes)).errors[0].extensions.code).toBe('BAD_USER_INPUT');
  expect((await registry.ask('{ waivers { totalCount } }')).waivers.totalCount).toBe(0);
});

test('only an admin adds a waiver, and one with a scope adds, sees and revokes within it', async () => {
  for (const role of ['gate', 'reader', 'publisher'] as const)
    expect((await add({}, await giveToken(registry, role))).errors[0].extensions.code).toBe('FORBIDDEN');
  const admin = await giveToken(registry, 'admin', { scope: { env: ['prod'] } });
  expect((await add({}, admin)).errors[0].extensions.code).toBe('FORBIDDEN');
  const { id } = await added();
  const revoke = `mutation { revokeWaiver(id: "${id}", reason: "x") { id } }`;
  expect((await send(revoke, {}, admin)).errors[0].extensions.code).toBe('NOT_FOUND');
  const own = await add({ selector: [{ key: 'env', values: ['prod'] }] }, admin);
  expect(own.errors).toBeUndefined();
  const list = await send('{ waivers { nodes { id } } }', {}, admin);
  expect(list.data.waivers.nodes).toEqual([{ id: own.data.addWaiver.id }]);
});
