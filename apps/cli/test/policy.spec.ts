import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { type ReceivedRequest, TinyRegistry } from './tiny-registry.js';
import { klpreg } from './environment.js';
import { asData, cohort, fleetAnswer, verdict } from './fleet-answer.js';
import { verdictText } from '../src/show/verdict.js';

const PAGE = readFileSync(path.join(__dirname, '../../../docs/operating/policy.md'), 'utf8');
const DOCUMENT = /```yaml\n([^]*?)```/.exec(PAGE)![1]!;
/** The commands of the page, each with its output. */
const EXAMPLES = [
  .../```\n(\$ klpreg[^]*?)```/.exec(PAGE)![1]!.matchAll(/^\$ klpreg (.+)\n((?!\$)[^]*?)(?=^\$|$(?![^]))/gm),
].map(([, words, output]) => [words!, output!] as const);

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-policy-'));
const file = path.join(folder, 'policy.yaml');
writeFileSync(file, DOCUMENT);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Rule {
  readonly where?: readonly object[];
  readonly raise?: readonly string[];
}
const document = parse(DOCUMENT) as { rules: Rule[] };
const POLICY = {
  revision: 1,
  document: JSON.stringify(document),
  appliedAt: '2026-11-27T10:00:00.000Z',
  appliedBy: 'ada@example.org',
  reason: 'CHG-123',
  rules: document.rules.map((rule) => ({
    maxAge: null,
    evidence: null,
    routes: null,
    allow: null,
    raise: [],
    ...rule,
    where: (rule.where ?? []).map((condition) => ({ in: null, notIn: null, exists: null, ...condition })),
  })),
};

const counts = (safe: number, unsafe: number, accepted: number, total: number) => ({
  safe,
  unsafe,
  unknown: total - safe - unsafe,
  refused: 0,
  total,
  harmful: unsafe,
  accepted,
});
const GROUP = { runs: ['web_lp12'], kernelRelease: '6.12.95+deb13-amd64', arch: 'x86_64' };
const DIFFERENCES = [
  {
    to: 'previous',
    before: counts(40, 2, 41, 50),
    after: counts(31, 11, 32, 50),
    moreGroups: 0,
    groups: [{ ...GROUP, before: counts(12, 0, 12, 12), after: counts(3, 9, 3, 12) }],
  },
  { to: 'original', before: counts(0, 9, 0, 50), after: counts(0, 9, 0, 50), moreGroups: 0, groups: [] },
];

function answer({ operation, variables }: ReceivedRequest): unknown {
  if (operation === 'ApplyPolicy')
    return {
      data: {
        applyPolicy:
          variables['dryRun'] === true
            ? { replaces: null, policy: null, differences: DIFFERENCES }
            : { replaces: null, policy: POLICY, differences: [] },
      },
    };
  if (operation === 'ShowPolicy') return { data: { policy: variables['revision'] === 9 ? null : POLICY } };
  const pageInfo = { hasNextPage: false, endCursor: null };
  return { data: { policies: { nodes: [POLICY], totalCount: 1, pageInfo } } };
}

async function run(words: readonly string[], reply: (request: ReceivedRequest) => unknown = answer) {
  const registry = await TinyRegistry.open((request) => ({ body: reply(request) }));
  const named = words.map((word) => (word === 'policy.yaml' ? file : word));
  const done = await klpreg([...named, '--url', registry.url]);
  await registry.close();
  return { ...done, requests: registry.requests };
}

test('the page has examples', () => expect(EXAMPLES.length).toBeGreaterThan(2));

test.each(EXAMPLES)('klpreg %s writes what the page shows', async (words, output) => {
  const { exit, err, out, requests } = await run([...words.split(' '), '-o', 'table']);
  expect({ exit, err }).toEqual({ exit: 0, err: '' });
  expect(out).toBe(output);
  if (words.includes('apply'))
    expect(JSON.parse(requests[0]!.variables['document'] as string)).toMatchObject(document);
});

test('what is applied is sent as JSON, with the revision that it replaces', async () => {
  const { requests } = await run('policy apply policy.yaml --expected-revision 3 --reason CHG-7'.split(' '));
  expect(requests[0]!.variables).toMatchObject({
    expectedRevision: 3,
    reason: 'CHG-7',
    dryRun: false,
    targets: null,
  });
});

test('a dry run compares the targets that are named', async () => {
  const { requests } = await run(
    'policy apply policy.yaml --dry-run --to release:lp-12 --to original --reason CHG-7'.split(' '),
  );
  expect(requests[0]!.variables).toMatchObject({
    dryRun: true,
    targets: [{ release: 'lp-12' }, { original: true }],
  });
});

test.each([
  ['policy show', { policy: { revision: 1 } }],
  ['policy history', { total: 1, cut: false, policies: [{ revision: 1 }] }],
  ['policy apply policy.yaml --reason x', { applied: true, policy: { revision: 1 } }],
  [
    'policy apply policy.yaml --reason x --dry-run',
    { applied: false, differences: [{ to: 'previous' }, {}] },
  ],
])('%s writes JSON', async (words, expected) => {
  const { out } = await run([...words.split(' '), '-o', 'json']);
  expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, ...expected });
});

test('the document that show prints is what apply takes', async () => {
  const { out } = await run(['policy', 'show', '--document']);
  expect(parse(out)).toEqual(document);
  const none = await run(['policy', 'show', '--document'], () => ({ data: { policy: null } }));
  expect(parse(none.out)).toEqual({ schema: 'policy/v1', rules: [] });
});

test('the history is a table', async () => {
  const { out } = await run(['policy', 'history', '-o', 'table']);
  expect(out).toMatch(
    /REVISION +APPLIED +BY +RULES +REASON\n +1 +2026-11-27T10:00:00.000Z +ada@example.org +3 +CHG-123/,
  );
});

test.each([
  [
    'a code that is no advisory',
    'raise: [STATE_LEFT_BEHIND]',
    /line 4: \/rules\/0\/raise\/0: .*"CVE_REOPENED".*found "STATE_LEFT_BEHIND"/,
  ],
  ['a field that does not exist', 'lower: [A]', /line 4: \/rules\/0\/lower: is not a field/],
  ['an age without a unit', 'maxAge: 240', /line 4: \/rules\/0\/maxAge: /],
  ['text that is no YAML', '  raise: [', /line \d+: /],
])(
  'a document with %s is not sent, and the error names line, field and what is allowed',
  async (_, field, said) => {
    writeFileSync(path.join(folder, 'wrong.yaml'), `schema: policy/v1\nrules:\n  - name: a\n    ${field}\n`);
    const words = ['policy', 'apply', path.join(folder, 'wrong.yaml'), '--reason', 'x'];
    const { exit, err, requests } = await run(words);
    expect(exit).toBe(2);
    expect(err.replaceAll('\n', ' ')).toMatch(said);
    expect(requests).toEqual([]);
  },
);

test.each([
  [['policy', 'apply', 'policy.yaml', '--reason', 'x', '--to', 'original'], /--to needs --dry-run/],
  [['policy', 'apply', 'policy.yaml'], /--reason/],
  [['policy', 'apply', '/absent.yaml', '--reason', 'x'], /\/absent.yaml cannot be read/],
  [['policy', 'apply', 'policy.yaml', '--reason', 'x', '--expected-revision', '-1'], /is not a revision/],
  [['policy', 'show', '--revision', '0'], /'0' is not a revision/],
  [['policy', 'show', '--revision', '9'], /there is no policy of revision 9/],
])('%j is a usage error', async (words, said) => {
  const { exit, err } = await run(words);
  expect([exit, err]).toEqual([2, expect.stringMatching(said)]);
});

test('another policy in the meantime is a usage error, and a missing right another', async () => {
  for (const [code, expected] of [
    ['AMBIGUOUS', 2],
    ['FORBIDDEN', 5],
  ] as const) {
    const errors = [{ message: 'no', extensions: { code } }];
    const { exit } = await run(['policy', 'apply', 'policy.yaml', '--reason', 'x'], () => ({ errors }));
    expect(exit).toBe(expected);
  }
});

test('the answer of a gate names the policy, and the number of hosts for each rule', async () => {
  const options = { raise: ['CVE_REOPENED'], maxAge: '5m', evidence: 'MODULE', routes: null, allow: [] };
  const rules = [
    { rule: 'production', hosts: 2, ...options },
    { rule: null, hosts: 1, ...options },
  ];
  const reply = () => asData(fleetAnswer([cohort(3, verdict([]))], { policy: { revision: 3, rules } }));
  const words = ['can-i-downgrade', '--to', 'original', '-o'];
  const { out } = await run([...words, 'table'], reply);
  expect(out).toContain('\nby policy revision 3: rule production for 2 hosts, no rule for 1 host\n');
  expect(JSON.parse((await run([...words, 'json'], reply)).out)).toMatchObject({
    policy: { revision: 3, rules },
  });
  const none = await run([...words, 'table'], () => asData(fleetAnswer([cohort(3, verdict([]))])));
  expect(none.out).not.toContain('policy');
});

test('the verdict on a host names the rule of the policy', () => {
  const text = verdictText(verdict([], { policyRule: 'production' }), 'original', (_style, text) => text);
  expect(text).toContain('\n  by the rule production of the policy');
});
