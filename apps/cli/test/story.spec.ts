import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unpackModules } from './modules.js';
import { klpreg } from './world.js';

const SERVER = path.join(__dirname, '../../server/dist/main.js');
const folder = unpackModules('7.3', ['lab_r_u64max_a', 'lab_r_p53_a', 'lab_r_p53p1_a']);

/** What the story looks at of what the commands say. */
interface Answer {
  readonly files: object[];
  readonly states: { readonly stateId: string }[];
  readonly patches: { readonly buildId: string; readonly states: object[] }[];
  readonly labels: object[];
  readonly hosts: { readonly id: string }[];
  readonly matched: number;
}

/** A real registry, on a port and with a database of its own. */
describe('against the real registry', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'klpreg-story-'));
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    if (!existsSync(SERVER)) throw new Error('the server is not built: npm run build');
    server = spawn(process.execPath, [SERVER], {
      env: { ...process.env, KLPREG_PORT: '0', KLPREG_DATA: data, KLPREG_HOST: '127.0.0.1', DATABASE_URL: undefined, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    url = await new Promise<string>((resolve, reject) => {
      let said = '';
      const hear = (chunk: Buffer) => {
        said += chunk.toString();
        const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(said);
        if (found) resolve(found[1]!);
      };
      server.stdout!.on('data', hear);
      server.stderr!.on('data', hear);
      server.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said}`)));
    });
  }, 60_000);

  afterAll(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }, 30_000);

  const ask = (...words: string[]) => klpreg([...words, '--url', url, '-o', 'json'], {});
  const asAdmin = (...words: string[]) => ask(...words, '--token-file', path.join(data, 'admin-token'));
  const json = (done: { out: string }): Answer => JSON.parse(done.out) as Answer;

  test('modules are published, found, recalled; hosts made known, labelled, asked about, retired', async () => {
    const files = ['lab_r_u64max_a', 'lab_r_p53_a', 'lab_r_p53p1_a'].map((name) => path.join(folder, `${name}.ko`));

    // writing needs a token, and says so
    expect((await ask('patch', 'publish', files[0]!, '--release', 'wide-1', '--owner', 'team')).exit).toBe(5);
    expect((await ask('host', 'add', 'web-1')).exit).toBe(5);

    // three releases; again changes nothing
    for (const [i, file] of files.entries()) {
      const done = await asAdmin('patch', 'publish', file, '--release', `wide-${i + 1}`, '--owner', 'team');
      expect({ err: done.err, exit: done.exit }).toEqual({ err: expect.stringContaining('PUBLISHED'), exit: 0 });
    }
    expect(json(await asAdmin('patch', 'publish', files[0]!, '--release', 'wide-1', '--owner', 'team')).files).toMatchObject([{ outcome: 'UNCHANGED' }]);

    // state ids arrive whole
    const states = json(await ask('states'));
    expect(states.states.map((state) => state.stateId)).toEqual(['9007199254740992', '9007199254740993', '18446744073709551615']);
    const [found] = json(await ask('patch', 'list', '--state', '18446744073709551615')).patches;
    expect(found!.states).toEqual([{ id: '18446744073709551615', version: 1 }]);
    expect(json(await ask('patch', 'show', found!.buildId))).toMatchObject({ name: 'lab_r_u64max_a', evidence: 'MODULE', author: null });

    // nobody is there yet
    expect(await ask('can-i-downgrade', '--to', 'wide-1')).toMatchObject({ exit: 3, out: expect.stringContaining('matched 0 hosts') });
    expect((await ask('can-i-downgrade', '--to', 'wide-1', '--allow-empty')).exit).toBe(0);
    expect((await ask('can-i-downgrade', '--to', 'wide-9')).exit).toBe(2);
    // a code that cannot be allowed is a mistake, not a yes
    expect((await ask('can-i-downgrade', '--to', 'wide-1', '--allow', 'STATE_LEFT_BEHIND')).exit).toBe(2);

    // a host that never reported cannot be told
    expect((await asAdmin('host', 'add', 'web-1', '--label', 'env=prod', '--label', 'role=web')).exit).toBe(0);
    expect(json(await asAdmin('host', 'label', 'web-1', 'env=staging', 'role-')).labels).toEqual([{ key: 'env', value: 'staging' }]);
    expect(json(await ask('hosts', '--where', 'env in (staging),!role')).hosts).toMatchObject([{ hostname: 'web-1', freshness: { level: 'NEVER' } }]);
    expect(json(await ask('can-i-downgrade', '--to', 'original', '--where', 'env=staging', '--authoritative-labels'))).toMatchObject({
      kind: 'UNKNOWN',
      reasons: [{ code: 'NEVER_REPORTED', hosts: 1 }],
      exitCode: 3,
    });
    expect(await ask('explain', 'web-1', '--to', 'original')).toMatchObject({ exit: 3, out: expect.stringContaining('NEVER_REPORTED') });

    // two hosts of one name: the asker must say which
    expect((await asAdmin('host', 'add', 'web-1')).exit).toBe(0);
    const twins = await ask('explain', 'web-1');
    expect(twins).toMatchObject({ exit: 2, err: expect.stringContaining('AMBIGUOUS') });

    for (const { id } of json(await ask('hosts')).hosts) expect((await asAdmin('host', 'retire', id, '--reason', 'the story ends')).exit).toBe(0);
    expect(json(await ask('can-i-downgrade', '--to', 'original')).matched).toBe(0);

    // a recall, and back
    expect(json(await asAdmin('patch', 'recall', found!.buildId, '--reason', 'breaks NFS'))).toMatchObject({
      recalledAt: expect.any(String),
      recallReason: 'breaks NFS',
    });
    expect(json(await asAdmin('patch', 'recall', found!.buildId, '--undo'))).toMatchObject({ recalledAt: null });
  }, 60_000);
});
