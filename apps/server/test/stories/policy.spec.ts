import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AllowedCode, RaisedCode } from '@klpreg/wire';
import { canBeAllowed, canBeRaised, REASON_CODES } from '@klpreg/compat';
import { parse } from 'yaml';
import { Clock } from '../../src/clock.js';
import { readConfig } from '../../src/config.js';
import { createServer } from '../../src/server.js';
import { FleetStore } from '../../src/store/counts/fleet.store.js';
import { giveToken } from '../access/give-token.js';
import { idle, logged, Registry, running } from '../registry.js';
import { Random } from '../random.js';

jest.setTimeout(240_000);

const CVE = 'CVE-2026-12345';
const FIXING = 'lab_r_1v1_a';
const LATER = 'lab_r_1v2_a';

/** Hosts by name: labels from an admin, the host's own labels, and what it runs. */
const HOSTS: readonly [string, Record<string, string>, Record<string, string>, string | null][] = [
  ['web-1', { env: 'prod', tier: 'web' }, {}, FIXING],
  ['web-2', { env: 'prod', tier: 'web' }, { env: 'dev' }, FIXING],
  ['web-3', { env: 'dev', tier: 'web' }, {}, FIXING],
  ['db-1', { env: 'prod', tier: 'db' }, {}, LATER],
  ['db-2', { env: 'prod', tier: 'db' }, {}, FIXING],
  ['db-3', { tier: 'db' }, { env: 'prod' }, FIXING],
  ['plain', {}, {}, null],
  ['false-web', {}, { env: 'prod' }, FIXING],
];

let registry: Registry;
let second: NestFastifyApplication;
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on' });
  const author = JSON.stringify({
    schema: 'klp/v1',
    states: [{ id: '1', version: 1, what: 'a limit' }],
    cves: [CVE],
  });
  await registry.publish(FIXING, { author });
  registry.wait(1, 'seconds');
  await registry.publish(LATER);
  for (const name of [FIXING, LATER]) await registry.witnessed(name);
  for (const [hostname, labels, own, runs] of HOSTS) {
    const host = { labels: own } as never;
    const report = runs === null ? idle(hostname, { host }) : running(hostname, [runs], { host });
    const input = {
      id: report.host.instance,
      hostname,
      labels: Object.entries(labels).map(([key, value]) => ({ key, value })),
    };
    await registry.ask('mutation ($input: AddHostInput!) { addHost(input: $input) { id } }', { input });
    await registry.report(logged(report));
  }
  await registry.ask('mutation { addHost(input: { hostname: "new" }) { id } }');
  const clock = new (class extends Clock {
    override now = () => registry.now();
  })();
  second = await createServer(
    readConfig({ KLPREG_LOG_LEVEL: 'silent', KLPREG_ACCESS: 'on' }),
    registry.databaseUrl,
    clock,
  );
  await second.init();
  await second.getHttpAdapter().getInstance().ready();
});
afterAll(async () => {
  await second.close();
  await registry.stop();
});

const POLICY =
  'revision appliedBy reason rules { name where { key in notIn exists } raise maxAge evidence routes allow }';
const APPLY = `mutation ($document: String!, $reason: String = "a test", $dryRun: Boolean, $expected: Int, $targets: [TargetInput!]) {
  applyPolicy(document: $document, reason: $reason, dryRun: $dryRun, expectedRevision: $expected, targets: $targets) {
    replaces policy { ${POLICY} }
    differences { to before { ...C } after { ...C } moreGroups groups { runs kernelRelease before { ...C } after { ...C } } } } }
  fragment C on VerdictCounts { safe unknown unsafe refused total harmful accepted }`;
const documentOf = (...rules: object[]) => JSON.stringify({ schema: 'policy/v1', rules });
const apply = async (rules: object[], more: object = {}) =>
  (await registry.ask(APPLY, { document: documentOf(...rules), ...more })).applyPolicy;
const refusal = async (document: string, more: object = {}): Promise<any> =>
  registry.graphqlError(APPLY, { document, ...more });

const PROD = [{ key: 'env', in: ['prod'] }];
const STRICT = { name: 'production', where: PROD, raise: ['CVE_REOPENED'] };

const FLEET = `query ($to: TargetInput!, $where: HostFilter, $snapshot: ID, $asOf: DateTime, $allow: [ReasonCode!], $maxAge: Duration, $kind: VerdictKind, $code: ReasonCode) {
  canDowngrade(to: $to, where: $where, snapshot: $snapshot, asOf: $asOf, allow: $allow, maxAge: $maxAge) {
    kind matched counts { safe unknown unsafe refused total harmful accepted }
    policy { revision rules { rule hosts raise maxAge evidence routes allow } }
    snapshot { id policyRevision }
    reasons { nodes { hosts reason { code kind raised text } } }
    cohorts(first: 100) { totalCount nodes { hosts examples labels { key value } verdict { kind accepted policyRule } } }
    groups: cohorts(by: [STACK], first: 100) { nodes { hosts runs verdict { kind policyRule } } }
    hosts(first: 100, kind: $kind, code: $code) { totalCount nodes { host { hostname } verdict { kind accepted policyRule reasons { code kind raised } } } } } }`;
const TO = { name: LATER };
const ask = async (variables: object = {}) =>
  (await registry.ask(FLEET, { to: TO, ...variables })).canDowngrade;
const HOST = `query ($hostname: String!, $to: TargetInput!) { host(hostname: $hostname) { hostname
  canDowngrade(to: $to) { kind accepted policyRule reasons { code kind raised } } } }`;
const kindsOf = (answer: any): Record<string, string> =>
  Object.fromEntries(answer.hosts.nodes.map((node: any) => [node.host.hostname, node.verdict.kind]));

test('a policy names the codes that the rule engine raises and allows', () => {
  expect(RaisedCode.options).toEqual(REASON_CODES.filter(canBeRaised));
  expect(AllowedCode.options.toSorted()).toEqual(REASON_CODES.filter(canBeAllowed).toSorted());
});

describe('a rule', () => {
  let before: any;
  beforeAll(async () => {
    before = await ask();
    await apply([STRICT]);
  });

  test('raises an advisory for the hosts of its selector alone, by their authoritative labels', async () => {
    expect(kindsOf(before)).toMatchObject({ 'web-1': 'SAFE', 'web-3': 'SAFE', 'false-web': 'SAFE' });
    const after = await ask();
    expect(kindsOf(after)).toEqual({
      ...kindsOf(before),
      'web-1': 'UNSAFE',
      'web-2': 'UNSAFE',
      'db-2': 'UNSAFE',
    });
    expect(after.counts).toMatchObject({
      unsafe: before.counts.unsafe + 3,
      harmful: before.counts.harmful + 3,
      safe: before.counts.safe - 3,
      total: before.counts.total,
    });
  });

  test('is shown in the answer, with the number of its hosts', async () => {
    const { policy, snapshot } = await ask();
    const options = { maxAge: '5m', evidence: 'MODULE', routes: null, allow: [] };
    expect(policy).toEqual({
      revision: 1,
      rules: [
        { rule: 'production', hosts: 4, raise: ['CVE_REOPENED'], ...options },
        { rule: null, hosts: 5, raise: [], ...options },
      ],
    });
    expect(snapshot.policyRevision).toBe(1);
    expect(before.policy.revision).toBe(null);
  });

  test('makes a reason of the same code both UNSAFE and an advisory, and counts each apart', async () => {
    const { reasons } = await ask();
    const own = reasons.nodes.filter(({ reason }: any) => reason.code === 'CVE_REOPENED');
    expect(own.map(({ hosts, reason: { kind, raised } }: any) => ({ hosts, kind, raised }))).toEqual([
      { hosts: 3, kind: 'UNSAFE', raised: true },
      { hosts: 3, kind: 'ADVISORY', raised: false },
    ]);
    expect(own[0].reason.text).toMatch(/would be open again; the policy counts this as UNSAFE$/);
  });

  test('selects hosts by verdict and by reason', async () => {
    const unsafe = await ask({ kind: 'UNSAFE' });
    expect(Object.keys(kindsOf(unsafe))).toEqual(['db-2', 'web-1', 'web-2']);
    expect(unsafe.hosts.totalCount).toBe(3);
    const reopened = await ask({ code: 'CVE_REOPENED' });
    expect(Object.keys(kindsOf(reopened))).toEqual(['db-2', 'db-3', 'false-web', 'web-1', 'web-2', 'web-3']);
  });

  test('costs one count of the cached cohorts, which agrees with PostgreSQL', async () => {
    const { counted } = registry.app.get(FleetStore);
    await ask();
    const before = { ...counted };
    const present = await ask();
    expect(counted).toEqual({ ...before, cached: before.cached + 1 });
    const { snapshot, ...past } = await ask({ snapshot: present.snapshot.id });
    expect(past).toEqual({ ...present, snapshot: undefined });
    expect(snapshot.id).toBe(present.snapshot.id);
  });

  test('is seen by another server at once', async () => {
    const answers = [];
    for (const app of [registry.app, second]) {
      const { authorization } = await giveToken(registry, 'reader');
      const payload = { query: FLEET, variables: { to: TO } };
      const response = await app.inject({
        method: 'POST',
        url: '/graphql',
        payload,
        headers: { authorization },
      });
      answers.push(response.json().data.canDowngrade);
    }
    expect(answers[0].counts).toEqual(answers[1].counts);
    expect(answers[1].policy.revision).toBe(1);
  });

  test('also holds in the answers about a roll-out and for the newest release', async () => {
    const { canDeploy, newestSafe } = await registry.ask(
      `query ($where: HostFilter) {
        canDeploy(what: { name: "${LATER}" }, where: $where) { kind counts { unsafe } reasons { reason { code kind } } snapshot { policyRevision } }
        newestSafe(where: $where) { release tried { release counts { unsafe } } } }`,
      { where: { hostnames: ['web-1', 'web-2'] } },
    );
    expect(canDeploy).toMatchObject({
      kind: 'UNSAFE',
      counts: { unsafe: 2 },
      snapshot: { policyRevision: 1 },
    });
    expect(newestSafe.tried[0]).toMatchObject({ release: LATER, counts: { unsafe: 2 } });
  });

  test('holds in a plan, whose groups name it', async () => {
    const { plan } = await registry.ask(
      `query ($to: TargetInput!, $where: HostFilter) { plan(to: $to, where: $where) {
        matched served blocked groups { nodes { hosts verdict { kind policyRule } } }
        blockedGroups { nodes { hosts verdict { kind policyRule } examples } } } }`,
      { to: TO, where: { hostnames: ['web-1', 'web-3'] } },
    );
    expect(plan).toMatchObject({
      matched: 2,
      served: 1,
      blocked: 1,
      groups: { nodes: [{ hosts: 1, verdict: { kind: 'SAFE', policyRule: null } }] },
      blockedGroups: {
        nodes: [{ hosts: 1, examples: ['web-1'], verdict: { policyRule: 'production' } }],
      },
    });
  });

  test('cannot be undone by a question, which may not even ask for it', async () => {
    const error = await registry.graphqlError(FLEET, { to: TO, allow: ['CVE_REOPENED'] });
    expect(error.message).toMatch(/`allow` takes/);
  });
});

describe('the policy of an answer', () => {
  test('is pinned by its snapshot', async () => {
    await apply([STRICT]);
    const then = await ask();
    registry.wait(1, 'seconds');
    await apply([]);
    expect(kindsOf(await ask())).toMatchObject({ 'web-1': 'SAFE' });
    const again = await ask({ snapshot: then.snapshot.id });
    expect(again).toEqual(then);
  });

  test('is that of the time which the question is about', async () => {
    const instant = registry.now().toISOString();
    registry.wait(1, 'seconds');
    await apply([{ name: 'all', raise: ['CVE_REOPENED'] }]);
    registry.wait(1, 'seconds');
    expect(kindsOf(await ask())).toMatchObject({ 'web-3': 'UNSAFE' });
    const past = await ask({ asOf: instant });
    expect(kindsOf(past)).toMatchObject({ 'web-1': 'SAFE', 'web-3': 'SAFE' });
    const asOf = await registry.ask(
      'query ($at: DateTime!) { host(hostname: "web-3", asOf: $at) { canDowngrade(to: { name: ' +
        `"${LATER}" }) { kind policyRule } } }`,
      { at: instant },
    );
    expect(asOf.host.canDowngrade).toEqual({ kind: 'SAFE', policyRule: null });
  });

  test('whose maximum age is below five intervals cannot be asked about the past, unless the question names one', async () => {
    await apply([{ name: 'prompt', where: PROD, maxAge: '2m' }]);
    registry.wait(1, 'seconds');
    const { snapshot, policy } = await ask();
    expect(snapshot.id).toBe(null);
    expect(policy.rules[0]).toMatchObject({ rule: 'prompt', maxAge: '2m' });
    const asOf = registry.now().toISOString();
    const error = await registry.graphqlError(FLEET, { to: TO, asOf });
    expect(error.message).toMatch(/found 120 s in the rule "prompt" of the policy; name `maxAge`/);
    expect((await ask({ asOf, maxAge: '5m' })).matched).toBe(9);
    // what hosts run depends on no maximum age
    const listed = 'query ($asOf: DateTime) { hosts(where: { minPatches: 1 }, asOf: $asOf) { totalCount } }';
    expect(await registry.ask(listed, { asOf })).toEqual(await registry.ask(listed));
    // hosts for which the rule does not hold have a past
    const where = {
      labels: [
        { key: 'tier', in: ['web'] },
        { key: 'env', in: ['dev'] },
      ],
    };
    expect((await ask({ asOf, where: { ...where, authoritativeLabels: true } })).matched).toBe(1);
  });

  test('makes old facts stale for its hosts', async () => {
    await apply([{ name: 'prompt', where: PROD, maxAge: '2m' }]);
    registry.wait(3, 'minutes');
    const kinds = kindsOf(await ask());
    expect(kinds).toMatchObject({
      'web-1': 'UNKNOWN',
      'db-1': 'UNKNOWN',
      'web-3': 'SAFE',
      'false-web': 'SAFE',
    });
    expect(kindsOf(await ask({ maxAge: '5m' }))).toMatchObject({ 'web-1': 'SAFE', 'db-1': 'SAFE' });
    for (const [hostname, , , runs] of HOSTS)
      await registry.report(
        logged(runs === null ? idle(hostname, renewed()) : running(hostname, [runs], renewed())),
      );
  });
});

/** A later report. */
let sequence = 10;
const renewed = (): any => ({
  sequence: (sequence += 10),
  clock: { observedMs: sequence * 1000, sentMs: sequence * 1000 },
});

describe('defaults', () => {
  test('hold for a question that does not name them, and an empty list allows nothing', async () => {
    const allow = ['BOOT_HISTORY_INCOMPLETE', 'STATES_UNDECLARED'];
    await apply([{ name: 'all', allow, evidence: 'LIVE', routes: ['NONE_NEEDED', 'REPLACE'] }]);
    const { policy } = await ask();
    expect(policy.rules).toEqual([
      {
        rule: 'all',
        hosts: 9,
        raise: [],
        maxAge: '5m',
        evidence: 'LIVE',
        routes: ['NONE_NEEDED', 'REPLACE'],
        allow,
      },
    ]);
    const { rules } = (await ask({ allow: [] })).policy;
    expect(rules[0].allow).toEqual([]);
  });
});

describe('a dry run', () => {
  test('stores nothing, and tells the difference it would make', async () => {
    await apply([]);
    const { policy } = await registry.ask(`{ policy { ${POLICY} } }`);
    const change = await apply([STRICT], { dryRun: true, targets: [TO, { original: true }] });
    expect(change).toMatchObject({ policy: null, replaces: policy.revision });
    const [later, original] = change.differences;
    expect(later.to).toBe(`name:${LATER}`);
    expect(later.before.total).toBe(9);
    expect(later.after).toMatchObject({ unsafe: later.before.unsafe + 3, safe: later.before.safe - 3 });
    expect(later.groups).toMatchObject([
      { runs: [FIXING], before: { total: 6, safe: 6, unsafe: 0 }, after: { total: 6, safe: 3, unsafe: 3 } },
    ]);
    expect(original.to).toBe('original');
    expect(await registry.ask(`{ policy { ${POLICY} } }`)).toEqual({ policy });
    // afterwards it makes just this difference
    await apply([STRICT]);
    expect((await ask()).counts).toEqual(later.after);
  });

  test('compares `previous` and `original` by default', async () => {
    const { differences } = await apply([], { dryRun: true });
    expect(differences.map(({ to }: { to: string }) => to)).toEqual(['previous', 'original']);
  });
});

describe('the history', () => {
  test('has every policy, the newest first, with who and why; and so has the audit log', async () => {
    for (const rules of [[STRICT], [], []]) await apply(rules);
    const { policy } = await apply([STRICT], { reason: 'CHG-7' });
    const { policies, one, none, auditLog } = await registry.ask(
      `query ($revision: Int!) { policies(first: 2) { totalCount nodes { revision reason } pageInfo { endCursor } }
        one: policy(revision: 1) { ${POLICY} } none: policy(revision: 100000) { revision }
        auditLog(where: { action: APPLY_POLICY }, first: 1) { nodes { who subject detail } }
        now: policy(revision: $revision) { revision } }`,
      { revision: policy.revision },
    );
    expect(policies.totalCount).toBe(policy.revision);
    expect(policies.nodes[0]).toEqual({ revision: policy.revision, reason: 'CHG-7' });
    const next = await registry.ask(
      'query ($after: String!) { policies(after: $after) { nodes { revision } } }',
      {
        after: policies.pageInfo.endCursor,
      },
    );
    expect(next.policies.nodes[0].revision).toBe(policy.revision - 2);
    expect(one).toMatchObject({
      revision: 1,
      appliedBy: 'tester',
      rules: [{ name: 'production', where: [{ key: 'env', in: ['prod'] }] }],
    });
    expect(none).toBe(null);
    expect(auditLog.nodes[0]).toMatchObject({ who: 'tester', subject: String(policy.revision) });
    expect(JSON.parse(auditLog.nodes[0].detail)).toMatchObject({
      reason: 'CHG-7',
      document: { rules: [STRICT] },
    });
  });

  test('is not changed by an admin who has seen another policy', async () => {
    const { revision } = (await apply([])).policy;
    const error = await refusal(documentOf(STRICT), { expected: revision - 1 });
    expect(error).toMatchObject({ extensions: { code: 'AMBIGUOUS' } });
    expect(error.message).toContain(`the current policy is revision ${revision}, and`);
    expect((await registry.ask('{ policy { revision } }')).policy.revision).toBe(revision);
    expect((await apply([], { expected: revision })).policy.revision).toBe(revision + 1);
  });

  test('is read by readers, and changed by admins of the whole fleet alone', async () => {
    const scope = { env: ['prod'] };
    for (const headers of [
      await giveToken(registry, 'reader', { scope }),
      await giveToken(registry, 'gate'),
      await giveToken(registry, 'admin', { scope }),
    ]) {
      const send = async (query: string, variables = {}) =>
        (await registry.send<any>('POST', '/graphql', { query, variables }, headers)).body;
      expect((await send('{ policy { revision } policies { totalCount } }')).errors).toBeUndefined();
      for (const dryRun of [true, false]) {
        const { errors } = await send(APPLY, { document: documentOf(), dryRun });
        expect(errors[0].extensions.code).toBe('FORBIDDEN');
      }
    }
  });

  test('a token with a scope gets the numbers of its own hosts', async () => {
    await apply([STRICT]);
    const headers = await giveToken(registry, 'reader', { scope: { tier: ['web'] } });
    const { body } = await registry.send<any>(
      'POST',
      '/graphql',
      { query: FLEET, variables: { to: TO } },
      headers,
    );
    const { rules } = body.data.canDowngrade.policy;
    expect(rules.map(({ rule, hosts }: any) => [rule, hosts])).toEqual([
      ['production', 2],
      [null, 1],
    ]);
  });
});

test.each([
  ['no JSON', '{', '', /must be JSON/],
  ['another version', '{"schema":"policy/v2","rules":[]}', '/schema', /policy\/v1/],
  [
    'a code that is no advisory',
    documentOf({ name: 'a', raise: ['STATE_LEFT_BEHIND'] }),
    '/rules/0/raise/0',
    /CVE_REOPENED/,
  ],
  [
    'a code that cannot be allowed',
    documentOf({ name: 'a', allow: ['EVIDENCE_CONFLICT'] }),
    '/rules/0/allow/0',
    /STATES_UNDECLARED/,
  ],
  [
    'weaker evidence than SAFE needs',
    documentOf({ name: 'a', evidence: 'UNSIGNED' }),
    '/rules/0/evidence',
    /MODULE/,
  ],
  [
    'an age above five intervals',
    documentOf({ name: 'a', maxAge: '6m' }),
    '/rules/0/maxAge',
    /at most 300 s/,
  ],
  [
    'a label that hosts report',
    documentOf({ name: 'a', where: [{ key: 'agent.env', exists: true }] }),
    '/rules/0/where/0/key',
    /agent\./,
  ],
  [
    'two tests in a condition',
    documentOf({ name: 'a', where: [{ key: 'env', in: ['a'], exists: true }] }),
    '/rules/0/where/0',
    /exactly one/,
  ],
  ['no condition in a selector', documentOf({ name: 'a', where: [] }), '/rules/0/where', />=1|at least/],
  ['a name twice', documentOf({ name: 'a' }, { name: 'a' }), '/rules', /same name/],
  ['an unknown field', documentOf({ name: 'a', lower: [] }), '/rules/0/lower', /not a field/],
  [
    'too many rules',
    documentOf(...Array.from({ length: 51 }, (_, i) => ({ name: `r${i}` }))),
    '/rules',
    /50/,
  ],
])('a policy with %s is refused, and the error names the field', async (_, document, pointer, detail) => {
  const { message, extensions } = await refusal(document);
  expect(extensions.code).toBe('BAD_USER_INPUT');
  const [problem] = extensions.errors ?? extensions.problems;
  expect(problem.pointer).toBe(pointer);
  expect(problem.detail).toMatch(detail);
  expect(message).toContain(problem.detail);
});

test('the document and the question of the documentation work', async () => {
  const page = readFileSync(path.join(__dirname, '../../../../docs/operating/policy.md'), 'utf8');
  const block = (language: string) => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)![1]!;
  const { rules } = parse(block('yaml')) as { rules: object[] };
  await apply(rules);
  const { policy, canDowngrade } = await registry.ask(block('graphql'));
  expect(policy.rules.map(({ name }: any) => name)).toEqual(['production', 'laboratory', 'everything else']);
  expect(canDowngrade.policy.rules).toMatchObject([
    { rule: 'production', hosts: 4, raise: ['CVE_REOPENED', 'NOT_BOOT_PERSISTENT'] },
    { rule: 'everything else', hosts: 5, routes: ['NONE_NEEDED', 'REPLACE', 'DISABLE'] },
  ]);
});

describe('for any policy', () => {
  const random = new Random(20261127);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;
  const some = <T>(items: readonly T[]): T[] => items.filter(() => random.next() < 0.5);
  const condition = () =>
    pick([
      { key: pick(['env', 'tier']), in: [pick(['prod', 'dev', 'web', 'db'])] },
      { key: pick(['env', 'tier']), notIn: [pick(['prod', 'web'])] },
      { key: pick(['env', 'tier', 'absent']), exists: pick([true, false]) },
    ]);
  const rule = (i: number) => ({
    name: `rule-${i}`,
    ...(random.next() < 0.85 && { where: Array.from({ length: pick([1, 1, 2]) }, condition) }),
    raise: some(RaisedCode.options),
    ...(random.next() < 0.4 && { allow: some(AllowedCode.options) }),
    ...(random.next() < 0.3 && { evidence: pick(['LIVE', 'MODULE']) }),
    ...(random.next() < 0.3 && {
      routes: pick([['REPLACE'], ['NONE_NEEDED', 'REPLACE', 'DISABLE'], ['DISABLE']]),
    }),
    ...(random.next() < 0.3 && { maxAge: pick(['90s', '5m']) }),
  });

  test.each(Array.from({ length: 12 }, (_, i) => i))(
    'host, fleet, cohorts and counts agree (%i)',
    async () => {
      await apply(Array.from({ length: pick([1, 2, 3, 5]) }, (_, i) => rule(i)));
      const to = pick([TO, { original: true }, { name: FIXING }]);
      const fleet = await ask({ to });
      const found = new Map<string, any>(
        fleet.hosts.nodes.map((node: any) => [node.host.hostname, node.verdict]),
      );
      expect(found.size).toBe(9);
      for (const [hostname, verdict] of found)
        expect((await registry.ask(HOST, { hostname, to })).host.canDowngrade).toEqual(verdict);

      const kinds = [...found.values()].map(({ kind }) => kind);
      const count = (kind: string) => kinds.filter((each) => each === kind).length;
      expect(fleet.counts).toMatchObject({
        safe: count('SAFE'),
        unknown: count('UNKNOWN'),
        unsafe: count('UNSAFE'),
        refused: count('REFUSED'),
        accepted: [...found.values()].filter(({ accepted }) => accepted).length,
      });
      for (const { hosts, examples, verdict } of fleet.cohorts.nodes) {
        expect(examples).toHaveLength(Math.min(hosts, 3));
        for (const name of examples) expect(found.get(name)).toMatchObject(verdict);
      }
      const sum = (rows: any[]) => rows.reduce((total, { hosts }) => total + hosts, 0);
      for (const rows of [fleet.cohorts.nodes, fleet.groups.nodes, fleet.policy.rules])
        expect(sum(rows)).toBe(9);
      for (const { rule: name, hosts } of fleet.policy.rules)
        expect([...found.values()].filter(({ policyRule }) => policyRule === name)).toHaveLength(hosts);

      const { verdictCounts } = await registry.ask(
        'query ($to: TargetInput!) { verdictCounts(to: $to, labels: ' +
          '["env"]) { safe unknown unsafe refused total } }',
        { to },
      );
      const total = (field: string) => verdictCounts.reduce((all: number, row: any) => all + row[field], 0);
      for (const field of ['safe', 'unknown', 'unsafe', 'refused', 'total'])
        expect(total(field)).toBe(fleet.counts[field]);

      // PostgreSQL pages the cohorts that a fragment selects, and has them all, in the same order
      if (fleet.snapshot.id === null) return;
      const pages: any[] = [];
      let after: string | null = null;
      do {
        const { canDowngrade } = (await registry.ask(
          `query ($to: TargetInput!, $snapshot: ID!, $after: String) {
           canDowngrade(to: $to, snapshot: $snapshot) { ...Cohorts } }
         fragment Cohorts on FleetVerdict {
           cohorts(first: 2, after: $after) {
             nodes { hosts examples verdict { kind policyRule } } pageInfo { endCursor hasNextPage } } }`,
          { to, snapshot: fleet.snapshot.id, after },
        )) as any;
        pages.push(...canDowngrade.cohorts.nodes);
        after = canDowngrade.cohorts.pageInfo.hasNextPage ? canDowngrade.cohorts.pageInfo.endCursor : null;
      } while (after !== null);
      expect(pages).toEqual(
        fleet.cohorts.nodes.map(({ hosts, examples, verdict: { kind, policyRule } }: any) => ({
          hosts,
          examples,
          verdict: { kind, policyRule },
        })),
      );
      expect(await ask({ to, snapshot: fleet.snapshot.id })).toEqual(fleet);
    },
  );
});
