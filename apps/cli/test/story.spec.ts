import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { violations } from './json-schema.js';
import { unpackModules } from './modules.js';
import { klpreg, TestEnvironment } from './environment.js';

const SERVER = path.join(__dirname, '../../server/dist/main.js');
const folder = unpackModules('7.3', ['lab_r_u64max_a', 'lab_r_p53_a', 'lab_r_p53p1_a']);

/** The fields of the output that the story checks. */
interface Answer {
  readonly files: object[];
  readonly states: { readonly stateId: string }[];
  readonly patches: { readonly buildId: string; readonly states: object[] }[];
  readonly labels: object[];
  readonly hosts: { readonly id: string }[];
  readonly matched: number;
  readonly question: object;
  readonly cohorts: object[];
  readonly why: string;
  readonly snapshot: { readonly id: string | null; readonly now: string };
}

/** An environment with the real clock, which the registry uses. */
function environmentWithRealClock(): TestEnvironment {
  const environment = new TestEnvironment();
  environment.time = Date.now();
  return environment;
}

/** The snapshot id as a server with older rules would have written it. */
function otherRules(id: string): string {
  const parts = JSON.parse(Buffer.from(id, 'base64url').toString()) as unknown[];
  return Buffer.from(JSON.stringify([parts[0], '2020-01-01', ...parts.slice(2)])).toString('base64url');
}

/** Checks what a real registry makes klpreg write. */
function expectSchema(words: readonly string[], out: string): void {
  const file = [3, 2, 1]
    .map((count) => path.join(__dirname, '../schemas', `${words.slice(0, count).join('-')}.json`))
    .find(existsSync);
  const schema = JSON.parse(readFileSync(file!, 'utf8')) as object;
  expect([words, violations(schema, JSON.parse(out))]).toEqual([words, []]);
}

/** A real registry with its own port and database. */
describe('against the real registry', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'klpreg-story-'));
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    if (!existsSync(SERVER)) throw new Error('the server is not built: npm run build');
    server = spawn(process.execPath, [SERVER], {
      env: {
        ...process.env,
        KLPREG_PORT: '0',
        KLPREG_DATA: data,
        KLPREG_HOST: '127.0.0.1',
        DATABASE_URL: undefined,
        NODE_OPTIONS: '',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    url = await new Promise<string>((resolve, reject) => {
      let output = '';
      const readOutput = (chunk: Buffer) => {
        output += chunk.toString();
        const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output);
        if (found) resolve(found[1]!);
      };
      server.stdout!.on('data', readOutput);
      server.stderr!.on('data', readOutput);
      server.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
    });
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  });

  const ask = async (...words: string[]) => {
    const done = await klpreg([...words, '--url', url, '-o', 'json'], {}, environmentWithRealClock());
    if (done.out !== '') expectSchema(words, done.out);
    return done;
  };
  const asAdmin = (...words: string[]) => ask(...words, '--token-file', path.join(data, 'admin-token'));
  const json = (done: { out: string }): Answer => JSON.parse(done.out) as Answer;

  test('a token that is piped into a file works for its role, and no more after it was revoked', async () => {
    const file = path.join(data, 'gate-token');
    const admin = ['--url', url, '--token-file', path.join(data, 'admin-token')];
    const words = ['token', 'create', 'ci', '--role', 'gate', '--scope', 'env in (prod,stage),role=web'];
    const made = await klpreg([...words, ...admin], {}, environmentWithRealClock());
    expect(made).toMatchObject({ exit: 0, err: expect.stringContaining("gate token 'ci'") });
    expect(made.out).toMatch(/^klpreg_gate_[\w-]{43}_\w{6}\n$/);
    expect(made.err).not.toContain(made.out.trim());
    writeFileSync(file, made.out, { mode: 0o600 });

    const add = (...more: string[]) => ask('host', 'add', 'new-1', '--token-file', file, ...more);
    expect(await add()).toMatchObject({ exit: 5, err: expect.stringContaining('FORBIDDEN') });

    const table = (...more: string[]) =>
      klpreg([...more, ...admin, '-o', 'table'], {}, environmentWithRealClock());
    expect((await table('token', 'list')).out).toMatch(/gate +ci +env in \(prod,stage\)\s+role=web/);
    const { tokens } = JSON.parse((await asAdmin('token', 'list')).out) as {
      tokens: { id: string; name: string }[];
    };
    const { id } = tokens.find(({ name }) => name === 'ci')!;
    expect(await table('token', 'revoke', id, '--reason', 'it leaked')).toMatchObject({ exit: 0 });
    expect(await add()).toMatchObject({ exit: 5, err: expect.stringContaining('was revoked') });
    expect((await table('token', 'list')).out).not.toContain('ci');
    expect((await table('token', 'list', '--all')).out).toContain('revoked');

    const last = tokens.find(({ name }) => name === 'bootstrap admin')!.id;
    expect(await asAdmin('token', 'revoke', last, '--reason', 'x')).toMatchObject({ exit: 2 });
    const json = await asAdmin('token', 'create', 'other', '--role', 'reader');
    expect(JSON.parse(json.out)).toMatchObject({
      schemaVersion: 1,
      text: expect.stringContaining('klpreg_reader_'),
    });
  });

  test('modules are published, found and recalled; hosts are added, labelled, judged and retired', async () => {
    const files = ['lab_r_u64max_a', 'lab_r_p53_a', 'lab_r_p53p1_a'].map((name) =>
      path.join(folder, `${name}.ko`),
    );

    // Writing requires a token.
    expect((await ask('patch', 'publish', files[0]!, '--release', 'wide-1', '--owner', 'team')).exit).toBe(5);
    expect((await ask('host', 'add', 'web-1')).exit).toBe(5);

    // Three releases. Publishing again changes nothing.
    for (const [i, file] of files.entries()) {
      const done = await asAdmin('patch', 'publish', file, '--release', `wide-${i + 1}`, '--owner', 'team');
      expect({ err: done.err, exit: done.exit }).toEqual({
        err: expect.stringContaining('PUBLISHED'),
        exit: 0,
      });
    }
    expect(
      json(await asAdmin('patch', 'publish', files[0]!, '--release', 'wide-1', '--owner', 'team')).files,
    ).toMatchObject([{ outcome: 'UNCHANGED' }]);

    // State ids are not rounded.
    const states = json(await ask('states'));
    expect(states.states.map((state) => state.stateId)).toEqual([
      '9007199254740992',
      '9007199254740993',
      '18446744073709551615',
    ]);
    const [found] = json(await ask('patch', 'list', '--state', '18446744073709551615')).patches;
    expect(found!.states).toEqual([{ id: '18446744073709551615', version: 1 }]);
    expect(json(await ask('patch', 'show', found!.buildId))).toMatchObject({
      name: 'lab_r_u64max_a',
      evidence: 'MODULE',
      author: null,
    });

    // An enrolment token is shown once.
    const created = (await asAdmin('enrolment', 'token', 'create', 'web', '--group', '--label', 'env=prod'))
      .out;
    expect(JSON.parse(created)).toMatchObject({
      token: expect.stringMatching(/^klpreg_enrol_/),
      useLimit: null,
    });
    const listed = (await asAdmin('enrolment', 'token', 'list')).out;
    expect(listed).not.toContain('klpreg_enrol_');
    const { id } = JSON.parse(created) as { id: string };
    expect(JSON.parse((await asAdmin('enrolment', 'token', 'revoke', id, '--with-hosts')).out)).toMatchObject(
      {
        revokedAt: expect.any(String),
        hostsRevokedAt: expect.any(String),
      },
    );
    expect(JSON.parse((await asAdmin('enrolment', 'list', '--enrolment-token', id)).out)).toMatchObject({
      total: 0,
    });
    expect((await ask('enrolment', 'list')).exit).toBe(5);

    // There is no host yet.
    expect(await ask('can-i-downgrade', '--to', 'wide-1')).toMatchObject({
      exit: 3,
      out: expect.stringContaining('no host matches'),
    });
    expect((await ask('can-i-downgrade', '--to', 'wide-1', '--allow-empty')).exit).toBe(0);
    expect((await ask('can-i-downgrade', '--to', 'wide-9')).exit).toBe(2);
    // a code that cannot be allowed is a usage error, not a yes
    expect((await ask('can-i-downgrade', '--to', 'wide-1', '--allow', 'STATE_LEFT_BEHIND')).exit).toBe(2);

    // A host that never reported is "cannot tell".
    expect((await asAdmin('host', 'add', 'web-1', '--label', 'env=prod', '--label', 'role=web')).exit).toBe(
      0,
    );
    expect(json(await asAdmin('host', 'label', 'web-1', 'env=staging', 'role-')).labels).toEqual([
      { key: 'env', value: 'staging' },
    ]);
    expect(json(await ask('hosts', '--where', 'env in (staging),!role')).hosts).toMatchObject([
      { hostname: 'web-1', freshness: { level: 'NEVER' } },
    ]);
    expect(
      json(
        await ask('can-i-downgrade', '--to', 'original', '--where', 'env=staging', '--authoritative-labels'),
      ),
    ).toMatchObject({
      kind: 'UNKNOWN',
      reasons: [{ code: 'NEVER_REPORTED', hosts: 1 }],
      exitCode: 3,
    });
    expect(await ask('explain', 'web-1', '--to', 'original')).toMatchObject({
      exit: 3,
      out: expect.stringContaining('NEVER_REPORTED'),
    });

    // A question about a snapshot gets the same answer, whatever has changed since.
    const before = json(await ask('can-i-downgrade', '--to', 'original'));
    await sleep(20);
    const then = new Date().toISOString();
    await sleep(20);
    expect((await asAdmin('host', 'label', 'web-1', 'env=retired')).exit).toBe(0);
    expect((await asAdmin('host', 'add', 'web-9')).exit).toBe(0);
    expect(json(await ask('can-i-downgrade', '--to', 'original')).matched).toBe(2);
    const again = json(await ask('can-i-downgrade', '--to', 'original', '--snapshot', before.snapshot.id!));
    expect(again).toEqual({
      ...before,
      question: { ...before.question, snapshot: before.snapshot.id },
      asOf: before.snapshot.now,
      why: `as of ${before.snapshot.now.replace('.000Z', 'Z')}, ${before.why}`,
    });
    const asOf = json(
      await ask('can-i-downgrade', '--to', 'original', '--where', 'env=staging', '--as-of', then),
    );
    expect(asOf).toMatchObject({
      matched: 1,
      asOf: then,
      snapshot: { id: null, now: then },
      cohorts: before.cohorts,
    });
    expect(json(await ask('hosts', '--as-of', then)).hosts).toMatchObject([
      { hostname: 'web-1', labels: [{ key: 'env', value: 'staging' }] },
    ]);
    expect(json(await ask('hosts')).hosts).toMatchObject([
      { hostname: 'web-1', labels: [{ value: 'retired' }] },
      { hostname: 'web-9' },
    ]);
    expect(await ask('explain', 'web-1', '--as-of', then)).toMatchObject({
      exit: 0,
      out: expect.stringContaining('"staging"'),
    });
    expect(await ask('explain', 'web-9', '--as-of', then)).toMatchObject({
      exit: 2,
      err: expect.stringContaining(`no host 'web-9' as of ${then}`),
    });
    expect(await ask('explain', 'web-1', '--to', 'original', '--as-of', then)).toMatchObject({
      exit: 3,
      out: expect.stringContaining('NEVER_REPORTED'),
    });

    // So small a maximum age is not recorded for the past, so the answer has no snapshot.
    expect(json(await ask('can-i-downgrade', '--to', 'original', '--max-age', '10s')).snapshot).toMatchObject(
      { id: null },
    );

    // A target is looked up in the catalog of that time, or with --catalog now in today's.
    const unpublished = await ask('can-i-downgrade', '--to', 'wide-1', '--as-of', '2d');
    expect(unpublished).toMatchObject({ exit: 2, err: expect.stringMatching(/NOT_FOUND[^]*--catalog now/) });
    expect(await ask('can-i-downgrade', '--to', 'wide-1', '--as-of', '2d', '--catalog', 'now')).toMatchObject(
      {
        exit: 3,
        out: expect.stringContaining('no host matches'),
      },
    );
    // A point in time that this registry does not have is a usage error.
    for (const [flags, said] of [
      [
        ['--as-of', '2999-01-01T00:00:00Z'],
        /--as-of must not be in the future: it is .*Z now, found 2999-01-01T00:00:00.000Z/,
      ],
      [['--as-of', '99d'], /history is kept for 30 days, since /],
      [['--as-of', '1h', '--max-age', '10s'], /--max-age must be at least that, found 10 s/],
      [['--snapshot', 'WyJrbHAyIl0'], /"WyJrbHAyIl0" is not the id of a snapshot/],
      [['--snapshot', otherRules(before.snapshot.id!)], /taken by the rules of 2020-01-01[^]*--as-of/],
    ] as const)
      expect(await ask('can-i-downgrade', '--to', 'original', ...flags)).toMatchObject({
        exit: 2,
        out: '',
        err: expect.stringMatching(said),
      });
    for (const words of [['hosts'], ['explain', 'web-1']])
      expect(await ask(...words, '--as-of', '2999-01-01T00:00:00Z')).toMatchObject({
        exit: 2,
        err: expect.stringContaining('--as-of must not be in the future'),
      });

    // Two hosts have the same name.
    expect((await asAdmin('host', 'add', 'web-1')).exit).toBe(0);
    const twins = await ask('explain', 'web-1');
    expect(twins).toMatchObject({ exit: 2, err: expect.stringContaining('AMBIGUOUS') });

    for (const { id } of json(await ask('hosts')).hosts)
      expect((await asAdmin('host', 'retire', id, '--reason', 'the story ends')).exit).toBe(0);
    expect(json(await ask('can-i-downgrade', '--to', 'original')).matched).toBe(0);

    // A recall, and its undo.
    expect(json(await asAdmin('patch', 'recall', found!.buildId, '--reason', 'breaks NFS'))).toMatchObject({
      recalledAt: expect.any(String),
      recallReason: 'breaks NFS',
    });
    expect(json(await asAdmin('patch', 'recall', found!.buildId, '--undo'))).toMatchObject({
      recalledAt: null,
    });
  });
});
