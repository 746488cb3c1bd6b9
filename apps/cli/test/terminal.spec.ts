import { parse } from 'yaml';
import { HOSTS } from '../src/registry/generated/operations.js';
import { clean } from '../src/show/clean.js';
import { asData, cohort, fleetAnswer, listed, reason, verdict } from './fleet-answer.js';
import { madeUpAnswer } from './made-up.js';
import { type ReceivedRequest, TinyRegistry } from './tiny-registry.js';
import { klpreg, TestEnvironment } from './environment.js';

/** Characters of untrusted text that must not reach a terminal, by their effect there. */
const DANGEROUS: readonly [what: string, first: number, last: number][] = [
  ['C0, such as ESC, CR and BEL', 0x00, 0x1f],
  ['DEL', 0x7f, 0x7f],
  ['C1, such as the CSI of one character', 0x80, 0x9f],
  ['soft hyphen, which is not seen', 0xad, 0xad],
  ['Arabic request mark, which turns the direction', 0x61c, 0x61c],
  ['spaces and joiners of no width', 0x200b, 0x200d],
  ['marks of direction', 0x200e, 0x200f],
  ['separators of lines and paragraphs', 0x2028, 0x2029],
  ['embeddings and overrides of direction', 0x202a, 0x202e],
  ['what is not seen: word joiner, invisible operators', 0x2060, 0x2064],
  ['isolates of direction', 0x2066, 0x2069],
  ['deprecated format characters', 0x206a, 0x206f],
  ['byte order mark', 0xfeff, 0xfeff],
  ['annotations between lines', 0xfff9, 0xfffb],
  ['tags, which spell a text that is not seen', 0xe0020, 0xe007f],
];
const charactersOf = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));

test.each(DANGEROUS)('%s: escaped', (_what, first, last) => {
  for (const character of charactersOf(first, last)) {
    const escaped = Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join('');
    expect(clean(`web${character}1`)).toBe(`web${escaped}1`);
  }
});

test.each(['web-1.ams', 'wéb-1', 'веб-1', '東京-1', 'ويب', 'a\\u202eb', 'e\u0301', '🐧'])(
  '%s is not changed',
  (name) => {
    expect(clean(name)).toBe(name);
  },
);

/** A name with all these characters. */
const EVIL = `web${DANGEROUS.flatMap(([, first, last]) => charactersOf(first, last)).join('')}1`;
const OVERRIDE = '\u202e';
const raw = new RegExp(
  `[${DANGEROUS.map(([, first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join('')}]`,
  'u',
);

/** A valid answer in which every text is hostile. */
function evilAnswer({ body, operation }: ReceivedRequest) {
  if (operation === 'CanDowngrade') return evilFleet();
  const data = madeUpAnswer((JSON.parse(body) as { query: string }).query, { text: EVIL }) as Record<
    string,
    { pageInfo?: object; canDowngrade?: object; hosts?: { pageInfo: object } } | null
  >;
  if (operation === 'CanDeploy') {
    const counts = { safe: 0, unknown: 1, unsafe: 0, refused: 0, total: 1, harmful: 0, accepted: 0 };
    const answer = data['canDeploy'] as { ways: object[] };
    const ways = answer.ways.map((way) => ({ ...way, openToday: 1, lost: 1 }));
    const [today, original] = ['TODAY', 'ORIGINAL'].map((to) => ({ ...ways[0], to }));
    Object.assign(answer, { kind: 'UNKNOWN', counts, matched: 1, noReturn: 1, ways: [today, original] });
  }
  if (operation === 'AskPlan') makeConsistent(data['plan'] as never);
  if (operation === 'AskDrift') {
    const drift = data['drift'] as { transitions: object[]; groups: { pageInfo: object } };
    drift.groups.pageInfo = { hasNextPage: false, endCursor: null };
    const transitions = [{ before: 'SAFE', after: 'REFUSED', hosts: 9 }];
    Object.assign(drift, { matched: 9, lost: 9, won: 0, transitions });
  }
  for (const field of Object.values(data)) {
    if (field?.pageInfo !== undefined) field.pageInfo = { hasNextPage: false, endCursor: null };
    if (field?.hosts !== undefined) field.hosts.pageInfo = { hasNextPage: false, endCursor: null };
    if (field?.canDowngrade !== undefined)
      Object.assign(field.canDowngrade, { kind: 'REFUSED', accepted: false });
  }
  return { data };
}

/** Makes the sums of a made-up plan agree with its groups. */
function makeConsistent(plan: { groups: EvilGroups; blockedGroups: EvilGroups; routes: object[] }): void {
  for (const groups of [plan.groups, plan.blockedGroups]) {
    groups.pageInfo = { hasNextPage: false, endCursor: null };
    groups.nodes = [{ ...groups.nodes[0]!, hosts: 1 }];
    groups.nodes[0]!.verdict['accepted'] = groups === plan.groups;
    groups.nodes[0]!.verdict['kind'] = 'REFUSED';
  }
  const routes = [{ ...plan.routes[0], hosts: 1 }];
  Object.assign(plan, { matched: 2, served: 1, blocked: 1, reboots: 1, routes });
}

interface EvilGroups {
  pageInfo: object;
  nodes: { hosts: number; verdict: Record<string, unknown> }[];
}

function evilFleet() {
  const why = reason(EVIL, 'REFUSED', { errno: EVIL, clearedBy: EVIL, patch: EVIL, text: EVIL });
  const judged = verdict([why], { errno: EVIL, route: EVIL });
  const where = {
    kernelRelease: EVIL,
    arch: EVIL,
    stack: [listed(EVIL)],
    labels: [{ key: EVIL, value: EVIL }],
    freshness: EVIL,
    examples: [EVIL, EVIL],
  };
  const answer = fleetAnswer([cohort(3, judged, where)]);
  return asData({ ...answer, snapshot: { ...answer.snapshot, id: EVIL, now: EVIL } });
}

const COMMANDS: readonly string[][] = [
  ['can-i-downgrade', '--to', 'original'],
  ['can-i-downgrade', '--to', 'original', '--snapshot', 'WyJrbHAyIl0', '--catalog', 'now'],
  ['can-i-downgrade', '--to', 'original', '--full'],
  ['can-i-downgrade', '--to', 'original', '--list', 'refused'],
  ['can-i-deploy', 'release:web'],
  ['plan', '--to', 'original', '--drain-by', 'rack'],
  ['drift', '--to', 'original', '--from', '1h'],
  ['explain', 'web-1'],
  ['explain', 'web-1', '--to', 'original'],
  ['explain', 'web-1', '--to', 'original', '--as-of', '1h'],
  ['hosts'],
  ['states'],
  ['host', 'add', 'web-1'],
  ['host', 'label', 'web-1', 'env=prod'],
  ['host', 'retire', 'web-1', '--reason', 'sold'],
  ['patch', 'list'],
  ['patch', 'show', 'lp_1'],
  ['patch', 'recall', '00112233445566778899aabbccddeeff00112233', '--reason', 'breaks'],
  ['patch', 'transfer', '00112233445566778899aabbccddeeff00112233', '--to', 'web', '--reason', 'moved'],
  ['policy', 'show'],
  ['policy', 'history'],
  ['owner', 'list'],
  ['owner', 'set', 'web', '--require-signed', '--from', '2027-01-01', '--reason', 'audit'],
  ['token', 'list', '--all'],
  ['token', 'create', 'x', '--role', 'reader'],
  ['token', 'revoke', 'x', '--reason', 'old'],
  ['owner-key', 'list'],
  ['owner-key', 'revoke', 'ab'.repeat(32)],
  ['audit', 'list'],
  ['audit', 'head'],
  ['enrolment', 'token', 'create', 'web servers'],
  ['enrolment', 'token', 'list'],
  ['enrolment', 'token', 'revoke', '0190a000-0000-7000-8000-000000000000'],
  ['enrolment', 'list'],
  ['enrolment', 'approve', 'web-1'],
  ['enrolment', 'revoke', 'web-1', '--reason', 'stolen'],
];

async function ask(
  answer: (request: ReceivedRequest) => unknown,
  words: readonly string[],
  environment = new TestEnvironment(),
) {
  const registry = await TinyRegistry.open((request) => ({ body: answer(request) }));
  const done = await klpreg([...words, '--url', registry.url], {}, environment);
  await registry.close();
  return done;
}

/** Colours are the program's own. */
// eslint-disable-next-line no-control-regex -- escape sequences are what is taken out
const withoutColours = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '').replaceAll('\n', '');

test.each(COMMANDS.map((words) => [words]))('%j escapes untrusted text', async (words) => {
  for (const columns of [undefined, 80, 300]) {
    const { out, err } = await ask(
      evilAnswer,
      [...words, '-o', 'table'],
      new TestEnvironment({}, { isTTY: columns !== undefined, columns }),
    );
    expect(withoutColours(out)).not.toMatch(raw);
    expect(out).toContain(words[0] === 'states' ? '18446744073709551615' : '\\u202e');
    expect(withoutColours(err)).not.toMatch(raw);
  }
  for (const [form, read] of [
    ['json', (text: string): unknown => JSON.parse(text)],
    ['yaml', (text: string): unknown => parse(text)],
  ] as const) {
    const { out } = await ask(evilAnswer, [...words, '-o', form]);
    expect(out.replaceAll('\n', '')).not.toMatch(raw);
    expect(JSON.stringify(read(out))).toContain(JSON.stringify(EVIL).slice(1, -1));
  }
});

test.each(['junit', 'sarif', 'github'])('a report as %s escapes untrusted text', async (format) => {
  const { out, err } = await ask(evilAnswer, ['can-i-downgrade', '--to', 'original', '-o', format]);
  expect(out.replaceAll('\n', '')).not.toMatch(raw);
  expect(out).toContain('\\u202e');
  expect(withoutColours(err)).not.toMatch(raw);
});

test.each<[what: string, words: string[], answer: (request: ReceivedRequest) => unknown]>([
  [
    'an error of the registry',
    ['hosts'],
    () => ({ errors: [{ message: EVIL, extensions: { code: EVIL } }], data: null }),
  ],
  [
    'a usage error',
    ['explain', 'web-1'],
    () => ({ errors: [{ message: EVIL, extensions: { code: 'AMBIGUOUS' } }], data: null }),
  ],
  ['an answer of another shape', ['hosts'], () => ({ data: { hosts: OVERRIDE } })],
  [
    'the reason for a wait',
    ['can-i-downgrade', '--to', 'original', '--wait', '2s'],
    () => ({ data: { canDowngrade: OVERRIDE } }),
  ],
  ['a name that does not exist', ['explain', EVIL.replaceAll('\0', '')], () => ({ data: { host: null } })],
  [
    'the issuer of the registry',
    ['login'],
    () => ({ openIdConnect: { issuer: `https://${OVERRIDE}`, clientId: EVIL, scopes: EVIL } }),
  ],
  ['a selector', ['hosts', '--where', `env=${OVERRIDE} ${OVERRIDE}`], evilAnswer],
  ['a command that does not exist', [`host${OVERRIDE}s`], evilAnswer],
  ['a flag that does not exist', ['hosts', `--wh${OVERRIDE}ere`], evilAnswer],
])('%s is shown, and escaped', async (_what, words, answer) => {
  const { err } = await ask(answer, words);
  expect(err).toContain('\\u202e');
  expect(err.replaceAll('\n', '')).not.toMatch(raw);
});

test('a name with characters of double width is not cut', async () => {
  const names = ['web-1', '東京ネットワーク', 'e\u0301e\u0301'];
  const one = (madeUpAnswer(HOSTS.text) as { hosts: { nodes: object[] } }).hosts.nodes[0]!;
  const hosts = {
    nodes: names.map((hostname) => ({ ...one, hostname })),
    totalCount: 3,
    pageInfo: { hasNextPage: false, endCursor: null },
  };
  const { out } = await ask(() => ({ data: { hosts } }), ['hosts', '-o', 'table']);
  for (const name of names) expect(out).toContain(`\n${name} `);
  expect(out).not.toContain('…');
});
