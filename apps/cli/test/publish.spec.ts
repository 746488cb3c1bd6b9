import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AuthorStatement, signedForm } from '@klpreg/wire';
import { authorPathOf, errorsIn } from '../src/module/author.js';
import { unpackModules } from './modules.js';
import { type ReceivedRequest, type Reply, TinyRegistry } from './tiny-registry.js';
import { klpreg } from './environment.js';

const folder = unpackModules('7.3', ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_r_2v1_a', 'lab_target']);
const file = (name: string) => path.join(folder, name);
const [first, second, third] = ['lab_r_1v1_a.ko', 'lab_r_1v2_a.ko', 'lab_r_2v1_a.ko'].map(file) as [
  string,
  string,
  string,
];
const AUTHOR = 'schema: klp/v1\nstates:\n  - id: 18446744073709551615\n    version: 1\n    what: a state\n';

const answered = (request: ReceivedRequest, outcome: string, conflicts: string[] = []): Reply => ({
  status: outcome === 'PUBLISHED' ? 201 : 200,
  body: {
    outcome,
    buildId: request.path.split('/').at(-1),
    name: 'n',
    release: 'r',
    owner: 'o',
    evidence: 'MODULE',
    conflicts,
  },
});

const taken = (request: ReceivedRequest): Reply => answered(request, 'PUBLISHED');

async function publish(
  files: readonly string[],
  answer: (request: ReceivedRequest, nth: number) => Reply | 'hang up',
  words: readonly string[] = [],
) {
  const registry = await TinyRegistry.open(answer);
  const done = await klpreg([
    'patch',
    'publish',
    ...files,
    '--release',
    'web-2026.11',
    '--owner',
    'web-team',
    '--url',
    registry.url,
    '--token',
    't',
    ...words,
  ]);
  await registry.close();
  const { files: outcomes } =
    done.out === ''
      ? { files: [] }
      : (JSON.parse(done.out) as { files: { outcome: string; exitCode: number; details: string[] }[] });
  return { ...done, requests: registry.requests, outcomes };
}

describe('a module in which the lint finds an error', () => {
  const ordinary = file('lab_target.ko');

  test('is not sent, and the others are', async () => {
    const { exit, requests, outcomes, err } = await publish([ordinary, second], taken);
    expect([exit, outcomes.map(({ outcome }) => outcome)]).toEqual([1, ['FAILED', 'PUBLISHED']]);
    expect(requests).toHaveLength(1);
    expect(outcomes[0]!.details.join()).toContain('NOT_A_LIVEPATCH');
    expect(err).toContain('--force publishes it all the same');
  });

  test('is sent with --force, and the error is shown all the same', async () => {
    const { exit, requests, outcomes } = await publish([ordinary], taken, ['--force']);
    expect([exit, requests.length, outcomes[0]!.outcome]).toEqual([0, 1, 'PUBLISHED']);
    expect(outcomes[0]!.details.join()).toContain('NOT_A_LIVEPATCH');
  });

  test('also fails a dry run', async () => {
    const { exit, requests } = await publish([ordinary], taken, ['--dry-run']);
    expect([exit, requests.length]).toEqual([1, 0]);
  });
});

test('a module is uploaded as a form to the URL of its build-id, with its author statement', async () => {
  writeFileSync(authorPathOf(first), AUTHOR);
  // the statement describes a state that the module does not have
  const { exit, requests, outcomes, err } = await publish([first, second], taken, ['--force']);
  expect(exit).toBe(0);
  expect(outcomes.map((each) => each.outcome)).toEqual(['PUBLISHED', 'PUBLISHED']);
  expect(requests[0]).toMatchObject({
    method: 'PUT',
    path: expect.stringMatching(/^\/v1\/patches\/[0-9a-f]{40}$/),
    headers: { 'content-type': expect.stringMatching(/^multipart\/form-data/), authorization: 'Bearer t' },
  });
  for (const part of [
    'name="release"\r\n\r\nweb-2026.11\r\n',
    'name="owner"\r\n\r\nweb-team\r\n',
    'name="module"; filename="lab_r_1v1_a.ko"',
    'name="author"; filename="lab_r_1v1_a.klp.yaml"',
    '18446744073709551615',
  ])
    expect(requests[0]!.body).toContain(part);
  expect(requests[1]!.body).not.toContain('name="author"');
  expect(err).toMatch(
    /^\[1\/2\] .*lab_r_1v1_a.ko PUBLISHED: with .*lab_r_1v1_a.klp.yaml\n {4}[A-Z_]+: .*\n\[2\/2\]/,
  );
});

test('a file that fails does not stop the others; the exit code is the worst', async () => {
  const refusal = {
    status: 422,
    body: {
      status: 422,
      code: 'MODULE_UNREADABLE',
      detail: 'cannot be read',
      errors: [{ pointer: '/module', detail: 'is odd', found: '"x\u001b"' }],
    },
  };
  const { exit, outcomes, err } = await publish([file('missing.ko'), second, third], (request, nth) =>
    nth === 1 ? refusal : answered(request, 'UNCHANGED'),
  );
  expect(exit).toBe(1);
  expect(outcomes.map((each) => each.outcome)).toEqual(['FAILED', 'FAILED', 'UNCHANGED']);
  expect(outcomes[1]!.details).toEqual(['/module: is odd (found "x\\u001b")']);
  expect(err).toContain('cannot be read (MODULE_UNREADABLE)\n    /module: is odd');
});

test.each<
  [what: string, answer: (request: ReceivedRequest) => Reply | 'hang up', exit: number, outcome: string]
>([
  ['unchanged', (request) => answered(request, 'UNCHANGED'), 0, 'UNCHANGED'],
  ['the author statement changed', (request) => answered(request, 'UPDATED'), 0, 'UPDATED'],
  ['another file under this build-id', (request) => answered(request, 'CONFLICT', ['sha256']), 1, 'CONFLICT'],
  ['too large', () => ({ status: 413, body: { code: 'TOO_LARGE', detail: 'too large' } }), 1, 'FAILED'],
  [
    'no token',
    () => ({ status: 401, body: { code: 'UNAUTHENTICATED', detail: 'this needs a token' } }),
    5,
    'FAILED',
  ],
  ['a fault of the registry', () => ({ status: 500, body: { code: 'INTERNAL' } }), 4, 'FAILED'],
  ['an unknown outcome', (request) => answered(request, 'MAYBE'), 4, 'FAILED'],
  ['garbage', () => ({ body: 'ok' }), 4, 'FAILED'],
  ['the connection breaks', () => 'hang up', 4, 'FAILED'],
])('%s', async (_what, answer, exit, outcome) => {
  const done = await publish([second], answer);
  expect(done.outcomes.map((each) => each.outcome)).toEqual([outcome]);
  expect(done.exit).toBe(exit);
});

test('a dry run sends nothing and hides no error', async () => {
  writeFileSync(authorPathOf(third), 'schema: klp/v2\n');
  const { exit, requests, outcomes } = await publish([second, third], taken, ['--dry-run']);
  expect(requests).toEqual([]);
  expect(outcomes.map((each) => each.outcome)).toEqual(['WOULD_SEND', 'FAILED']);
  expect(exit).toBe(1);
});

test('the file of --author must exist, and applies to one module', async () => {
  expect(await publish([second], taken, ['--author', file('missing.yaml')])).toMatchObject({
    exit: 1,
    requests: [],
  });
  expect(await publish([second, third], taken, ['--author', file('missing.yaml')])).toMatchObject({
    exit: 2,
    requests: [],
    err: expect.stringContaining('--author applies to one module'),
  });
});

test.each([
  ['x.ko', 'x.klp.yaml'],
  ['d/x.ko.xz', 'd/x.klp.yaml'],
  ['x.ko.zst', 'x.klp.yaml'],
  ['x.ko.gz', 'x.klp.yaml'],
  ['x', 'x.klp.yaml'],
])('the author of %s is in %s', (module, author) => {
  expect(authorPathOf(module)).toBe(author);
});

test.each<[rule: string, yaml: string, errors: string[]]>([
  ['a valid statement', AUTHOR, []],
  [
    'every id, up to 2^64-1',
    'schema: klp/v1\nstates: [{id: 18446744073709551615, version: 4294967295, what: a}, {id: ' +
      '9007199254740993, version: 0, what: b}]',
    [],
  ],
  [
    'an id above 2^64-1',
    'schema: klp/v1\nstates:\n  - id: 18446744073709551616\n    version: 1\n    what: a\n',
    [
      'line 3: /states/0/id: must be an unsigned 64-bit number written as a decimal string, from "0" to ' +
        '"18446744073709551615" (found "18446744073709551616")',
    ],
  ],
  [
    'an unknown field',
    'schema: klp/v1\nstats: []\n',
    ['line 2: /stats: is not a field of this document (found [])'],
  ],
  [
    'a missing field is reported at the line of its parent',
    'schema: klp/v1\nstates:\n  - id: 1\n    version: 1\n',
    ['line 3: /states/0/what: Invalid input: expected string, received undefined (found nothing)'],
  ],
  [
    'broken YAML',
    'schema: klp/v1\nstates: [\n',
    [
      'line 3: Flow sequence in block collection must be sufficiently ' +
        'indented and end with a ] at line 3, column 1:',
    ],
  ],
  [
    'an id twice',
    'schema: klp/v1\nstates: [{id: 1, version: 1, what: a}, {id: 1, version: 2, what: a}]',
    [
      'line 2: /states: lists an id twice (found ' +
        '[{"id":"1","version":"1","what":"a"},{"id":"1","version":"2","what":"a"}])',
    ],
  ],
  ['nothing', '', ['line 1: the document: Invalid input: expected object, received null (found null)']],
])('an author: %s', (_rule, yaml, errors) => {
  expect(errorsIn(yaml)).toEqual(errors);
});

test('with a key, each statement is signed over its content, its file, its build, its release and its owner', async () => {
  writeFileSync(authorPathOf(first), AUTHOR);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = path.join(folder, 'key.pem');
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const { requests, err } = await publish([first, second], taken, ['--sign-key', key, '--force']);
  expect(err).toContain('lab_r_1v1_a.klp.yaml, signed');
  const signature = /name="signature"\r\n\r\n([A-Za-z0-9+/]{86}==)/.exec(requests[0]!.body)?.[1] ?? '';
  const word = AuthorStatement.parse({
    schema: 'klp/v1',
    states: [{ id: '18446744073709551615', version: 1, what: 'a state' }],
  });
  const content = signedForm(
    {
      buildId: requests[0]!.path.split('/').at(-1)!,
      sha256: createHash('sha256').update(readFileSync(first)).digest('hex'),
      release: 'web-2026.11',
      owner: 'web-team',
    },
    word,
  );
  expect(verify(null, content, publicKey, Buffer.from(signature, 'base64'))).toBe(true);
  // Without a statement there is nothing to sign.
  expect(requests[1]!.body).not.toContain('name="signature"');
});

test.each<[string, string | null]>([
  ['is not there', null],
  ['is no key', 'hello'],
  [
    'is of another kind',
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
  ],
])('a key that %s is a usage error, before anything is sent', async (_rule, content) => {
  const key = path.join(folder, 'wrong.pem');
  if (content !== null) writeFileSync(key, content);
  const { exit, requests, err } = await publish([second], taken, [
    '--sign-key',
    content === null ? path.join(folder, 'nowhere.pem') : key,
  ]);
  expect([exit, requests]).toEqual([2, []]);
  expect(err).toContain('--sign-key');
});
