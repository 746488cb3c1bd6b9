import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../../src/config.js';
import { giveToken } from '../access/give-token.js';
import { Database } from '../../src/database/database.js';
import { idle, later, logged, Registry, running } from '../registry.js';

const RECORD = `mutation ($input: RecordDecisionInput!) { recordDecision(input: $input) { ...D } }`;
const DECISION = `fragment D on Decision {
  id changeId gate decision registryDecision passed overridden at who question kind counts { safe unknown unsafe refused total accepted }
  limitedByScope noReturn reasonCount reasons { hosts reason { code stateId } } ruleSets evidence
  snapshot { id now catalogRevision rules }
  overrides { allowed ignored { code owner reason expiresAt } waivers { id codes hosts } breakGlass }
  certificate { content keyId signature issuedAt expiresAt } }`;
const HOLDS = `query ($c: CertificateInput!) { certificateHolds(certificate: $c) {
  holds why expired decisionThen decisionNow kindThen kindNow countsThen { safe total } countsNow { safe total }
  changes { hostsThen hostsNow reason { code } } historyGone } }`;
const PROD = { labels: [{ key: 'env', in: ['prod'] }], authoritativeLabels: true };
const FORWARD = { name: 'lab_r_1v2_a' };
const BACK = { name: 'lab_r_1v1_a' };

let registry: Registry;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_HISTORY_DAYS: '30', KLPREG_ACCESS: 'on' });
});
afterAll(() => registry.stop());

/** `web-1` and `web-2` of prod run the first patch, `web-3` of no environment runs the second. */
const start = async () => {
  await registry.reset();
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) {
    await registry.publish(name, { release: name });
    await registry.witnessed(name, { over: ['lab_r_1v1_a'] });
  }
  for (const [hostname, patch] of [
    ['web-1', 'lab_r_1v1_a'],
    ['web-2', 'lab_r_1v1_a'],
    ['web-3', 'lab_r_1v2_a'],
  ] as const) {
    const report = logged(running(hostname, [patch]));
    await registry.report(report);
    reports[hostname] = report;
    if (hostname === 'web-3') continue;
    const id = report.host.instance;
    await registry.ask(`mutation { labelHost(id: "${id}", labels: [{ key: "env", value: "prod" }]) { id } }`);
  }
};
const reports: Record<string, ReturnType<typeof running>> = {};

const send = async (query: string, variables: object = {}, headers: Record<string, string> = {}) =>
  (await registry.send<any>('POST', '/graphql', { query, variables }, headers)).body;
const record = async (input: object, headers = {}) =>
  send(
    `${RECORD} ${DECISION}`,
    { input: { gate: 'CAN_DOWNGRADE', target: BACK, claimed: 'NO', ...input } },
    headers,
  );
const recorded = async (input: object, headers = {}) => {
  const { data, errors } = await record(input, headers);
  expect(errors).toBeUndefined();
  return data.recordDecision;
};
const failed = async (input: object, headers = {}) => (await record(input, headers)).errors[0];
const snapshotOf = async (where: object = {}) =>
  (
    await registry.ask(
      'query ($where: HostFilter) { canDowngrade(to: { name: ' +
        '"lab_r_1v1_a" }, where: $where) { snapshot { id } } }',
      { where },
    )
  ).canDowngrade.snapshot.id;
const holds = async ({ content, signature }: { content: string; signature: string }, headers = {}) =>
  send(HOLDS, { c: { content, signature } }, headers);

describe('about one fleet', () => {
  beforeAll(start);

  test('a decision has the question, the answer of the registry, and who recorded it; the audit log has it', async () => {
    const snapshot = await snapshotOf();
    const made = await recorded({ changeId: 'CHG-123', snapshot, maxAge: null });
    expect(made).toMatchObject({
      changeId: 'CHG-123',
      decision: 'NO',
      passed: false,
      overridden: false,
      who: 'tester',
      kind: 'REFUSED',
      counts: { refused: 1, total: 3 },
      noReturn: null,
      ruleSets: ['KLP_5_5'],
      evidence: 'MODULE',
      snapshot: { id: snapshot },
      overrides: { allowed: [], ignored: [], waivers: [], breakGlass: null },
    });
    expect(made.reasons).toContainEqual({
      hosts: 1,
      reason: { code: 'STATE_VERSION_TOO_LOW', stateId: '1' },
    });
    expect(JSON.parse(made.question)).toMatchObject({ target: BACK, snapshot });
    const { auditLog } = await registry.ask(
      '{ auditLog(first: 1) { nodes { who action subject detail } } auditCheck { problems { kind } } }',
    );
    expect(auditLog.nodes[0]).toMatchObject({ who: 'tester', action: 'RECORD_DECISION', subject: made.id });
    expect(JSON.parse(auditLog.nodes[0].detail)).toMatchObject({ changeId: 'CHG-123', decision: 'NO' });
  });

  test.each<[string, object, string]>([
    ['refused hosts within the limit are tolerated', { maxRefused: { hosts: 1 } }, 'YES'],
    ['a percentage of the hosts is tolerated', { maxRefused: { percent: 34 } }, 'YES'],
    ['a smaller percentage is not', { maxRefused: { percent: 33 } }, 'NO'],
    ['no host matches', { where: { hostnames: ['none'] } }, 'CANNOT_TELL'],
    ['no host matches, which is accepted', { where: { hostnames: ['none'] }, allowEmpty: true }, 'YES'],
    ['a rollout closes the way back', { gate: 'CAN_DEPLOY', target: FORWARD, where: PROD }, 'NO'],
    [
      'which is tolerated',
      { gate: 'CAN_DEPLOY', target: FORWARD, where: PROD, maxNoReturn: { percent: 100 } },
      'YES',
    ],
  ])('%s', async (_rule, input, claimed) => {
    expect(await recorded({ ...input, claimed })).toMatchObject({
      decision: claimed,
      passed: claimed === 'YES',
    });
  });

  test.each<[string, object, string]>([
    ['a target that does not exist', { target: { name: 'nothing' } }, 'NOT_FOUND'],
    ['a tolerance of both kinds', { maxRefused: { hosts: 1, percent: 1 } }, 'BAD_USER_INPUT'],
    ['a tolerance of no kind', { maxRefused: {} }, 'BAD_USER_INPUT'],
    ['lost ways back before a rollback', { maxNoReturn: { hosts: 1 } }, 'BAD_USER_INPUT'],
    ['a certificate for two days', { validFor: '2d' }, 'BAD_USER_INPUT'],
    ['a certificate for no time', { validFor: '0s' }, 'BAD_USER_INPUT'],
    ['break-glass without a reason', { breakGlass: ' ' }, 'BAD_USER_INPUT'],
    ['a change of two lines', { changeId: 'a\nb' }, 'BAD_USER_INPUT'],
    ['a snapshot of nothing', { snapshot: 'abc' }, 'BAD_USER_INPUT'],
    [
      'an ignored code that has expired',
      {
        ignored: [{ code: 'SYMBOLS_UNVERIFIED', owner: 'a', reason: 'b', expiresAt: '2026-11-23T09:00:00Z' }],
      },
      'BAD_USER_INPUT',
    ],
    [
      'an ignored code that cannot be allowed',
      { ignored: [{ code: 'REPORT_STALE', owner: 'a', reason: 'b', expiresAt: '2027-11-23T09:00:00Z' }] },
      'BAD_USER_INPUT',
    ],
  ])('%s is refused, and nothing is recorded', async (_what, input, code) => {
    const before = (await registry.ask('{ decisions { totalCount } }')).decisions;
    expect((await failed(input)).extensions.code).toBe(code);
    expect((await registry.ask('{ decisions { totalCount } }')).decisions).toEqual(before);
  });

  test('break-glass lets a change pass: the decision stays NO, and is listed as overridden', async () => {
    const made = await recorded({ changeId: 'CHG-9', breakGlass: 'the site is down' });
    expect(made).toMatchObject({
      decision: 'NO',
      passed: true,
      overridden: true,
      overrides: { breakGlass: 'the site is down' },
    });
    // it overrides no yes
    expect(await recorded({ where: PROD, claimed: 'YES', breakGlass: 'to be sure' })).toMatchObject({
      overridden: false,
      overrides: { breakGlass: null },
    });
    const { decisions } = await registry.ask('{ decisions(where: { overridden: true }) { nodes { id } } }');
    expect(decisions.nodes[0]).toEqual({ id: made.id });
  });

  test.each(['reader', 'publisher', 'relay'] as const)('a %s records no decision', async (role) => {
    const headers = await giveToken(registry, role);
    expect((await failed({}, headers)).extensions.code).toBe('FORBIDDEN');
  });

  test('the key of the registry signed it, and not with another byte', async () => {
    const { certificate, id } = await recorded({ validFor: '2h' });
    const { certificateKeys } = await registry.ask('{ certificateKeys { id publicKey } }');
    const [{ id: keyId, publicKey }] = certificateKeys;
    expect(certificate).toMatchObject({ keyId, expiresAt: '2026-11-23T12:00:00.000Z' });
    const signature = Buffer.from(certificate.signature, 'base64');
    expect(verify(null, Buffer.from(certificate.content), createPublicKey(publicKey), signature)).toBe(true);
    expect(JSON.parse(certificate.content)).toMatchObject({ schema: 'certificate/v1', id, decision: 'NO' });
    const changed = { ...certificate, content: certificate.content.replace('"NO"', '"YES"') };
    for (const wrong of [changed, { ...certificate, signature: 'AAAA' }])
      expect((await holds(wrong)).errors[0]).toMatchObject({
        message: expect.stringContaining('must be signed with the key'),
        extensions: { code: 'BAD_USER_INPUT' },
      });
  });
});

describe('about a fleet that changes', () => {
  beforeEach(start);

  test('after the key of the registry was replaced, the earlier one is listed, and what it signed holds', async () => {
    const { certificate } = await recorded({ where: PROD, claimed: 'YES' });
    const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-keys-'));
    const file = path.join(folder, 'audit-key');
    const earlier = readFileSync(path.resolve(readConfig({}).dataDir, 'audit-key'), 'utf8');
    writeFileSync(file, `${'A'.repeat(43)}\n${earlier}`, { mode: 0o600 });
    const other = await registry.another({ KLPREG_ACCESS: 'on', KLPREG_AUDIT_KEY_FILE: file });
    const { certificateKeys } = await other.ask('{ certificateKeys { id current } }');
    expect(certificateKeys).toEqual([
      { id: expect.not.stringMatching(certificate.keyId), current: true },
      { id: certificate.keyId, current: false },
    ]);
    const { content, signature } = certificate;
    expect((await other.ask(HOLDS, { c: { content, signature } })).certificateHolds.holds).toBe(true);
    await other.close();
    rmSync(folder, { recursive: true });
  });

  test('the snapshot decides, whatever the fleet has become', async () => {
    const snapshot = await snapshotOf(PROD);
    registry.wait(1, 'minutes');
    await registry.report(
      later(reports['web-1']!, { livepatches: logged(running('web-1', ['lab_r_1v2_a'])).livepatches }),
    );
    expect(await recorded({ where: PROD, snapshot, claimed: 'YES' })).toMatchObject({ counts: { safe: 2 } });
    expect(await failed({ where: PROD, claimed: 'YES' })).toMatchObject({
      message: expect.stringContaining('the gate claims YES, and the registry decides NO'),
      extensions: { code: 'DECISION_DIFFERS' },
    });
    expect((await registry.ask('{ decisions { totalCount } }')).decisions.totalCount).toBe(1);
  });

  test('decisions are listed by change, person, time, result and page, the newest first', async () => {
    const ids: string[] = [];
    for (const changeId of ['A', 'A', 'B']) {
      ids.unshift((await recorded({ changeId })).id);
      registry.wait(1, 'minutes');
    }
    ids.unshift((await recorded({ changeId: 'B', where: PROD, claimed: 'YES' })).id);
    const list = async (text: string) =>
      (
        await registry.ask(
          `{ decisions${text} { totalCount nodes { id } pageInfo { endCursor hasNextPage } } }`,
        )
      ).decisions;
    const idsOf = async (where: string) =>
      (await list(`(where: { ${where} })`)).nodes.map(({ id }: { id: string }) => id);
    expect(await idsOf('changeId: "A"')).toEqual(ids.slice(2));
    expect(await idsOf('decision: YES')).toEqual(ids.slice(0, 1));
    expect(await idsOf('who: "tester"')).toEqual(ids);
    expect(await idsOf('who: "other"')).toEqual([]);
    expect(await idsOf('from: "2026-11-23T10:01:00Z", until: "2026-11-23T10:03:00Z"')).toEqual(
      ids.slice(1, 3),
    );
    const first = await list('(first: 3)');
    expect(first).toMatchObject({ totalCount: 4, pageInfo: { hasNextPage: true } });
    const rest = await list(`(first: 3, after: "${first.pageInfo.endCursor}")`);
    expect([...first.nodes, ...rest.nodes].map(({ id }: { id: string }) => id)).toEqual(ids);
    const last = await list('(last: 2)');
    expect(last.nodes.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2));
    expect((await registry.ask(`{ decision(id: "${ids[0]}") { changeId } }`)).decision).toEqual({
      changeId: 'B',
    });
    expect((await registry.ask('{ decision(id: "x") { id } }')).decision).toBeNull();
  });

  test('a token with a scope records within it, and sees what was recorded within it', async () => {
    const gate = await giveToken(registry, 'gate', { scope: { env: ['prod'] } });
    const other = await giveToken(registry, 'gate', { scope: { env: ['test'] } });
    const whole = await recorded({});
    // the other host is out of its scope, so the registry cannot tell
    expect(await failed({ claimed: 'NO' }, gate)).toMatchObject({ extensions: { code: 'DECISION_DIFFERS' } });
    const own = await recorded({ where: PROD, claimed: 'YES' }, gate);
    expect(own.counts.total).toBe(2);
    const seen = async (headers: Record<string, string>) =>
      (await send('{ decisions { nodes { id } } }', {}, headers)).data.decisions.nodes.map(
        (one: any) => one.id,
      );
    expect(await seen(gate)).toEqual([own.id]);
    expect(await seen(other)).toEqual([]);
    expect(await seen({})).toEqual([own.id, whole.id]);
    const one = async (id: string) =>
      (await send(`{ decision(id: "${id}") { id } }`, {}, gate)).data.decision;
    expect([await one(own.id), await one(whole.id)]).toEqual([{ id: own.id }, null]);
  });

  test('afterwards: hosts at the target, unchanged, changed and gone, at any time', async () => {
    await registry.report(logged(idle('web-4')));
    await registry.report(logged(running('web-5', ['lab_r_1v1_a'])));
    const made = await recorded({ target: FORWARD, claimed: 'YES' });
    registry.wait(1, 'minutes');
    const onList = (patch: string) => ({ livepatches: logged(running('x', [patch])).livepatches });
    await registry.report(later(reports['web-1']!, onList('lab_r_1v2_a')));
    registry.wait(1, 'minutes');
    await registry.report(later(reports['web-2']!, { livepatches: [] }));
    await registry.ask(
      `mutation { retireHost(id: "${running('web-5', []).host.instance}", reason: "sold") { id } }`,
    );
    const after = async (args = '') =>
      (
        await registry.ask(
          `{ decision(id: "${made.id}") { afterwards${args} { hosts atTarget unchanged changed gone } } }`,
        )
      ).decision.afterwards;
    expect(await after()).toEqual({ hosts: 5, atTarget: 2, unchanged: 1, changed: 1, gone: 1 });
    expect(await after('(at: "2026-11-23T10:01:30Z")')).toEqual({
      hosts: 5,
      atTarget: 2,
      unchanged: 3,
      changed: 0,
      gone: 0,
    });
    const error = await registry.graphqlError(
      `{ decision(id: "${made.id}") { afterwards(at: "2026-11-23T09:00:00Z") { hosts } } }`,
    );
    expect(error.extensions.code).toBe('BAD_USER_INPUT');
    registry.wait(31 * 24, 'hours');
    const gone = await registry.graphqlError(`{ decision(id: "${made.id}") { afterwards { hosts } } }`);
    expect(gone.extensions.code).toBe('SNAPSHOT_GONE');
  });

  test('a decision about hosts by what they run is recorded, holds, and knows what became of them', async () => {
    const where = { runningNames: ['lab_r_1v1_a'], not: { states: [{ id: '9' }] }, freshness: ['FRESH'] };
    const made = await recorded({ where, claimed: 'YES' });
    expect(made.counts.total).toBe(2);
    expect((await holds(made.certificate)).data.certificateHolds).toMatchObject({ holds: true });
    registry.wait(1, 'minutes');
    await registry.report(later(reports['web-1']!, { livepatches: [] }));
    const query = `{ decision(id: "${made.id}") { afterwards { hosts changed } } }`;
    expect((await registry.ask(query)).decision.afterwards).toEqual({ hosts: 2, changed: 1 });
  });

  test('it holds while nothing changes, and then the answer lists the difference', async () => {
    const { certificate } = await recorded({ where: PROD, claimed: 'YES' });
    expect((await holds(certificate)).data.certificateHolds).toEqual({
      holds: true,
      why: null,
      expired: false,
      decisionThen: 'YES',
      decisionNow: 'YES',
      kindThen: 'SAFE',
      kindNow: 'SAFE',
      countsThen: { safe: 2, total: 2 },
      countsNow: { safe: 2, total: 2 },
      changes: [],
      historyGone: null,
    });
    registry.wait(1, 'minutes');
    await registry.report(
      later(reports['web-1']!, { livepatches: logged(running('web-1', ['lab_r_1v2_a'])).livepatches }),
    );
    expect((await holds(certificate)).data.certificateHolds).toMatchObject({
      holds: false,
      decisionNow: 'NO',
      kindNow: 'REFUSED',
      countsNow: { safe: 1, total: 2 },
      changes: [{ hostsThen: 0, hostsNow: 1, reason: { code: 'STATE_VERSION_TOO_LOW' } }],
    });
  });

  test('weaker evidence does not hold where a rule of the policy asks for more', async () => {
    const { instance } = reports['web-1']!.host;
    const labels = '[{ key: "env", value: "prod" }, { key: "tier", value: "1" }]';
    await registry.ask(`mutation { labelHost(id: "${instance}", labels: ${labels}) { id } }`);
    const rule = { name: 'tier 1', where: [{ key: 'tier', in: ['1'] }], evidence: 'LIVE' };
    // no machine has shown this build
    await registry.publish('lab_r_1v1_2v1_a', { release: 'lp-13' });
    const { certificate, evidence, question } = await recorded({
      target: { release: 'lp-13' },
      where: PROD,
      allow: ['SYMBOLS_UNVERIFIED'],
      claimed: 'YES',
    });
    expect(evidence).toBe('MODULE');
    expect(JSON.parse(question)).not.toHaveProperty('evidence');
    await registry.ask(
      'mutation ($document: String!) { applyPolicy(document: ' +
        '$document, reason: "test") { policy { revision } } }',
      { document: JSON.stringify({ schema: 'policy/v1', rules: [rule] }) },
    );
    expect((await holds(certificate)).data.certificateHolds).toMatchObject({
      holds: false,
      decisionNow: 'CANNOT_TELL',
      why: 'the decision was YES, and is CANNOT_TELL now',
    });
  });

  test.each<[string, (at: { now: string; snapshot: string }) => object]>([
    ['a snapshot', ({ snapshot }) => ({ snapshot })],
    ['a time', ({ now }) => ({ asOf: now })],
  ])('%s of more than five intervals ago is refused, and the error says how old it is', async (_what, at) => {
    const asked = at({ now: registry.now().toISOString(), snapshot: await snapshotOf(PROD) });
    registry.wait(5, 'minutes');
    expect(await recorded({ where: PROD, claimed: 'YES', ...asked })).toMatchObject({ decision: 'YES' });
    registry.wait(1, 'seconds');
    expect(await failed({ where: PROD, claimed: 'YES', ...asked })).toMatchObject({
      message: expect.stringMatching(/must be at most 300 s old .*ask again.* 301 s ago/),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('a gate that cannot tell is recorded so, and as NO if the registry decides NO', async () => {
    const doubtful = await recorded({ where: PROD, claimed: 'CANNOT_TELL' });
    expect(doubtful).toMatchObject({ decision: 'CANNOT_TELL', registryDecision: 'YES', passed: false });
    expect((await holds(doubtful.certificate)).data.certificateHolds).toMatchObject({ holds: false });
    expect(await recorded({ claimed: 'CANNOT_TELL', breakGlass: 'it burns' })).toMatchObject({
      decision: 'NO',
      registryDecision: 'NO',
      passed: true,
      overridden: true,
    });
  });

  test('afterwards: hosts of the scope of the gate, and none that left the scope of the viewer', async () => {
    const gate = await giveToken(registry, 'gate', { scope: { env: ['prod'] } });
    const { id } = await recorded({ where: PROD, target: FORWARD, claimed: 'YES' }, gate);
    // the same question without the filter of the gate: its scope alone leaves `web-3` out
    const { id: doubtful } = await recorded({ target: FORWARD, claimed: 'CANNOT_TELL' }, gate);
    registry.wait(1, 'minutes');
    const { instance } = reports['web-1']!.host;
    await registry.ask(
      `mutation { labelHost(id: "${instance}", labels: [{ key: "env", value: "test" }]) { id } }`,
    );
    await registry.report(
      later(reports['web-1']!, { livepatches: logged(running('web-1', ['lab_r_1v2_a'])).livepatches }),
    );
    const after = async (one: string, headers = {}) =>
      (await send(`{ decision(id: "${one}") { afterwards { hosts atTarget unchanged gone } } }`, {}, headers))
        .data.decision.afterwards;
    for (const one of [id, doubtful]) {
      expect(await after(one)).toEqual({ hosts: 2, atTarget: 1, unchanged: 1, gone: 0 });
      expect(await after(one, gate)).toEqual({ hosts: 2, atTarget: 0, unchanged: 1, gone: 1 });
    }
  });

  test('afterwards is null with a reason if no history has what the question selects by', async () => {
    const { id } = await recorded({ where: { agentVersions: ['0.0.0'] }, allowEmpty: true, claimed: 'YES' });
    const { decision } = await registry.ask(
      `{ decision(id: "${id}") { afterwards { hosts } afterwardsUnknown } }`,
    );
    expect(decision).toEqual({
      afterwards: null,
      afterwardsUnknown: expect.stringContaining('`where.agentVersions`'),
    });
  });

  test('afterwards is known although the release of the target has two builds for one kernel now', async () => {
    const target = { release: 'lab_r_1v2_a' };
    const { id } = await recorded({ target, where: PROD, claimed: 'YES' });
    await registry.publish('lab_r_1v1_2v1_a', { release: 'lab_r_1v2_a' });
    expect((await failed({ target, where: PROD, claimed: 'YES' })).extensions.code).toBe('AMBIGUOUS');
    const query = `{ decision(id: "${id}") { afterwards { hosts atTarget } afterwardsUnknown } }`;
    expect((await registry.ask(query)).decision).toEqual({
      afterwards: { hosts: 2, atTarget: 0 },
      afterwardsUnknown: null,
    });
  });

  test('it expires, and the history ends', async () => {
    const { certificate } = await recorded({});
    registry.wait(31 * 24, 'hours');
    expect((await holds(certificate)).data.certificateHolds).toMatchObject({
      holds: false,
      expired: true,
      historyGone: expect.stringContaining('history is kept for 30 days'),
    });
  });

  test('a registry with other rules, or a restored one, cannot give the answer of then again', async () => {
    const { certificate } = await recorded({ snapshot: await snapshotOf() });
    await registry.app.get(Database).epoch.deleteMany();
    expect((await holds(certificate)).data.certificateHolds.historyGone).toMatch(/restored or replaced/);
  });
});
