import { generateKeyPairSync, sign } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { canonicalJson, sha256 } from '@klpreg/wire';
import { parse } from 'yaml';
import { completionTable } from '../src/completion/table.js';
import { allCommands } from '../src/commands/all.js';
import { programFor } from '../src/program.js';
import { HOSTS } from '../src/registry/generated/operations.js';
import { clean } from '../src/show/clean.js';
import { asData, cohort, fleetAnswer, listed, reason, verdict } from './fleet-answer.js';
import { expectFile } from './golden.js';
import { publishedSchema, shortTypes } from './json-schema.js';
import { madeUpAnswer } from './made-up.js';
import { type ReceivedRequest, TinyRegistry } from './tiny-registry.js';
import { unpackModules } from './modules.js';
import { klpreg, TestEnvironment } from './environment.js';

/** The published schemas. `UPDATE_GOLDEN=1` writes them again. */
const SCHEMAS = path.join(__dirname, '../schemas');

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

const SIGNED = signedCertificate();

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
  return answerTo(body, operation, { text: EVIL });
}

function answerTo(body: string, operation: string, stuff: Parameters<typeof madeUpAnswer>[1]) {
  const data = madeUpAnswer((JSON.parse(body) as { query: string }).query, stuff) as Record<
    string,
    {
      pageInfo?: object;
      canDowngrade?: object;
      hosts?: { pageInfo: object };
      changes?: { pageInfo: object };
    } | null
  >;
  if (operation === 'CanDeploy') {
    const counts = { safe: 0, unknown: 1, unsafe: 0, refused: 0, total: 1, harmful: 0, accepted: 0 };
    const answer = data['canDeploy'] as { ways: object[]; reasons: object[] };
    const reasons = answer.reasons.map((each) => ({ ...each, hosts: 1 }));
    const ways = answer.ways.map((way) => ({ ...way, openToday: 1, lost: 1 }));
    const [today, original] = ['TODAY', 'ORIGINAL'].map((to) => ({ ...ways[0], to }));
    const numbers = { counts, matched: 1, noReturn: 1, refusedInDoubt: 0 };
    Object.assign(answer, { kind: 'UNKNOWN', ...numbers, reasons, ways: [today, original] });
  }
  const { decision } = data as { decision?: { question?: string } };
  if (decision?.question !== undefined) decision.question = JSON.stringify({ target: { name: EVIL } });
  if (operation === 'RecordDecision')
    Object.assign(data['recordDecision']!, { decision: 'NO', passed: true });
  if (operation === 'CertificateKeys' && stuff?.text !== EVIL)
    Object.assign((data['certificateKeys'] as unknown as object[])[0]!, { publicKey: SIGNED.publicKey });
  if (operation === 'AskPlan') makeConsistent(data['plan'] as never);
  if (operation === 'AskDrift') {
    const drift = data['drift'] as { transitions: object[]; groups: { pageInfo: object } };
    drift.groups.pageInfo = { hasNextPage: false, endCursor: null };
    const transitions = [{ before: 'SAFE', after: 'REFUSED', hosts: 9 }];
    Object.assign(drift, { matched: 9, lost: 9, won: 0, transitions });
  }
  for (const field of Object.values(data)) {
    if (field?.pageInfo !== undefined) field.pageInfo = { hasNextPage: false, endCursor: null };
    if (field?.changes !== undefined) field.changes.pageInfo = { hasNextPage: false, endCursor: null };
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

/** A fleet with every value that an answer can have. */
const fullFleet = () => {
  const facts = { errno: 'EINVAL', patch: 'p', buildId: 'b', stateId: '1', have: 1, need: 2, other: 'o' };
  const why = reason('WHY', 'REFUSED', { ...facts, function: 'f', routes: ['REPLACE'], detail: 'd' });
  const price = { transitions: 1, transitionsUnpatched: 0, cvesReopened: ['CVE-2026-1'], reboots: 0 };
  const steps = [{ action: 'LOAD', patch: 'p', sha256: 'a' }];
  const judged = verdict([why], {
    errno: 'EINVAL',
    price,
    steps,
    searched: { tried: 1, of: 2 },
    allowed: ['A'],
  });
  const states = [{ id: '1', version: 1 }];
  const published = { release: 'r', owner: 'o' };
  const stack = [listed('p', { buildId: 'b', states, moduleTaint: 'K', file: 'f', patch: published })];
  const labels = [{ key: 'env', value: 'prod' }];
  const waiver = { id: 'w', owner: 'o', codes: ['WHY'], expiresAt: '2027-01-01T00:00:00Z', hosts: 1 };
  return asData(fleetAnswer([cohort(3, judged, { stack, labels })], { waivers: [waiver] }));
};

/** A fleet with null wherever the schema allows it. */
const sparseFleet = () => {
  const judged = verdict([reason('WHY', 'REFUSED')], { route: null });
  const none = { kernelRelease: null, arch: null, runs: null, stack: null, freshness: null };
  const answer = fleetAnswer([cohort(3, judged, none as never)]);
  return asData({ ...answer, snapshot: { ...answer.snapshot, id: null } });
};

const COMMANDS: readonly string[][] = [
  ['can-i-downgrade', '--to', 'original'],
  ['can-i-downgrade', '--to', 'original', '--snapshot', 'WyJrbHAyIl0', '--catalog', 'now'],
  ['can-i-downgrade', '--to', 'original', '--full'],
  ['can-i-downgrade', '--to', 'original', '--list', 'refused'],
  ['can-i-downgrade', '--to', 'original', '--change', 'CHG-1', '--break-glass', '--reason', 'x'],
  ['can-i-deploy', 'release:web'],
  ['can-i-deploy', 'release:web', '--change', 'CHG-1', '--break-glass', '--reason', 'x'],
  ['plan', '--to', 'original', '--drain-by', 'rack'],
  ['drift', '--to', 'original', '--from', '1h'],
  ['explain', 'web-1'],
  ['explain', 'web-1', '--to', 'original'],
  ['explain', 'web-1', '--to', 'original', '--as-of', '1h'],
  ['hosts'],
  ['host', 'changes', 'web-1'],
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
  ['decision', 'list'],
  ['decision', 'show', '0190a000-0000-7000-8000-000000000000'],
  ['waiver', 'list'],
  ['waiver', 'revoke', '0190a000-0000-7000-8000-000000000000', '--reason', 'x'],
  ['audit', 'list'],
  ['audit', 'head'],
  ['enrolment', 'token', 'create', 'web servers'],
  ['enrolment', 'token', 'list'],
  ['enrolment', 'token', 'revoke', '0190a000-0000-7000-8000-000000000000'],
  ['enrolment', 'list'],
  ['enrolment', 'approve', 'web-1'],
  ['enrolment', 'revoke', 'web-1', '--reason', 'stolen'],
];

/** Valid answers with every value, and with null wherever the schema allows it. */
const PLAIN = [false, true].map((nulls) => ({ body, operation }: ReceivedRequest) => {
  if (operation === '') return nulls ? {} : { version: '1.0.0', rules: '2026-11-27' };
  if (operation === 'CanDowngrade') return nulls ? sparseFleet() : fullFleet();
  return answerTo(body, operation, { nulls, answered: true });
});

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

/** A certificate, and the key that signed it. */
function signedCertificate(): { file: string; publicKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const counts = { safe: 0, unknown: 0, unsafe: 0, refused: 1, total: 1 };
  const why = { hosts: 1, reason: { code: 'A', kind: 'REFUSED', text: 'because' } };
  const content = {
    schema: 'certificate/v1',
    id: 'i',
    changeId: 'c',
    gate: 'CAN_DOWNGRADE',
    decision: 'NO',
    passed: true,
    who: 'w',
    issuedAt: '2020-01-01T00:00:00.000Z',
    expiresAt: '2099-01-01T00:00:00.000Z',
    answer: {
      kind: 'REFUSED',
      counts,
      evidence: 'MODULE',
      ruleSets: ['KLP_5_5'],
      reasons: [why],
      snapshot: { now: '2020-01-01T00:00:00.000Z', rules: 'r' },
    },
    overrides: { allowed: [], ignored: [], waivers: [], breakGlass: 'x' },
  };
  const signature = sign(null, Buffer.from(canonicalJson(content)), privateKey).toString('base64');
  const keyId = sha256(der).slice(0, 16);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { file: JSON.stringify({ content, keyId, signature }), publicKey: pem };
}

describe('the JSON of a command has its published schema', () => {
  const folder = unpackModules('7.3', ['lab_r_1v2_2v1_a', 'lab_r_1v1_dyn', 'lab_data', 'lab_two']);
  const modules = ['lab_r_1v2_2v1_a', 'lab_r_1v1_dyn', 'lab_data', 'lab_two'].map((name) =>
    path.join(folder, `${name}.ko`),
  );
  writeFileSync(path.join(folder, 'broken.ko'), 'no module');
  const { publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(path.join(folder, 'key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(path.join(folder, 'policy.yaml'), 'schema: policy/v1\nrules: []\n');
  writeFileSync(
    path.join(folder, 'ignore.yaml'),
    '- { code: BOOT_UNKNOWN, owner: o, reason: x, expires: 2099-01-01 }',
  );
  const certificate = path.join(folder, 'certificate.json');
  writeFileSync(certificate, SIGNED.file);
  writeFileSync(path.join(folder, 'signer.pem'), SIGNED.publicKey);
  const broken = path.join(folder, 'broken.ko');
  const publication = ['--release', 'r', '--owner', 'o', '--dry-run'];
  const local = [
    ['patch', 'inspect', ...modules, broken],
    ['patch', 'lint', ...modules, broken, '--after', modules[0]!],
    ['patch', 'publish', ...modules, broken, ...publication],
    ['patch', 'statement', modules[0]!, '--force'],
    ['patch', 'statement', modules[1]!, '--force'],
    ['version'],
    ['hosts', '--as-of', '1h'],
    ['audit', 'verify'],
    ['token', 'list'],
    ['host', 'release', 'web-1', '--reason', 'x'],
    ['host', 'reset', 'web-1', '--reason', 'x'],
    ['host', 'baseline', 'web-1', '--reason', 'x'],
    ['enrolment', 'reject', 'web-1', '--reason', 'x'],
    ['enrolment', 'reset', 'web-1', '--reason', 'x'],
    ['owner-key', 'add', 'o', path.join(folder, 'key.pem')],
    ['policy', 'apply', path.join(folder, 'policy.yaml'), '--reason', 'x'],
    ['can-i-downgrade', '--to', 'original', '--ignore-file', path.join(folder, 'ignore.yaml')],
    ['can-i-deploy', 'release:web', '--ignore-file', path.join(folder, 'ignore.yaml')],
    ['waiver', 'add', '--owner', 'o', '--reason', 'x', '--where', 'a=b', '--allow', 'BOOT_UNKNOWN'],
    ['certificate', 'show', certificate],
    ['certificate', 'verify', certificate, '--key', path.join(folder, 'key.pem')],
    ['certificate', 'verify', certificate, '--key', path.join(folder, 'signer.pem')],
    ['certificate', 'check', certificate],
    ['certificate', 'key'],
  ];
  const named = (words: readonly string[]) =>
    completionTable(programFor(new TestEnvironment(), allCommands, () => {}))
      .map(({ path: at }) => at.replace(/^klpreg ?/, ''))
      .filter((name) => name !== '' && `${words.join(' ')} `.startsWith(`${name} `))
      .toSorted((a, b) => b.length - a.length)[0]!;
  const lines = [...COMMANDS, ...local];
  const commands = [...new Set(lines.map(named))];

  test.each(commands)('%s', async (command) => {
    const outputs: unknown[] = [];
    for (const words of lines.filter((each) => named(each) === command))
      for (const answer of PLAIN) {
        const { out } = await ask(answer, [...words, '-o', 'json']);
        if (out !== '') outputs.push(JSON.parse(out));
      }
    expect(outputs.length).toBeGreaterThan(0);
    const schema = `${JSON.stringify(publishedSchema(command, outputs), shortTypes, 2)}\n`;
    expectFile(path.join(SCHEMAS, `${command.replaceAll(' ', '-')}.json`), schema);
  });

  test.each(commands)('klpreg schema %s prints it', async (command) => {
    const { exit, out } = await klpreg(['schema', ...command.split(' ')]);
    expect([exit, JSON.parse(out)]).toMatchObject([0, { title: `klpreg ${command} -o json` }]);
  });

  test('each published schema is that of a command', () => {
    const files = commands.map((command) => `${command.replaceAll(' ', '-')}.json`);
    expect(readdirSync(SCHEMAS).toSorted()).toEqual(files.toSorted());
  });
});
