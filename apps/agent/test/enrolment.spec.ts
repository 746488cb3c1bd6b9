import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnrolmentRequest, isProven, RenewalRequest } from '@klpreg/wire';
import { ageOf, type StoredCredential } from '../src/enrol/credential-file.js';
import { readEnrolmentToken } from '../src/enrol/enrolment-token.js';
import { agent } from './agent.js';
import { openRegistry, type Received, type Reply } from './registry.js';
import { livepatch, loadedLine, plant, PLAIN } from './tree.js';
import { temporaryFolder } from './trees.js';

const TOKEN = `klpreg_enrol_${'s3cret-'.repeat(6)}x_abcdef`;
const folder = temporaryFolder();
let registry: Awaited<ReturnType<typeof openRegistry>>;
let tree: string;
let state: string;
let issued: number;
let keys: Map<string, Buffer>;

type Planned = (request: Received) => Reply | null;
/** What a test plans for each route; null: the answer of a registry that accepts a valid proof. */
const routes: Record<'enrolment' | 'renewal' | 'message', Planned> = {
  enrolment: () => null,
  renewal: () => null,
  message: () => null,
};

function credential(outcome: string): Reply {
  issued += 1;
  const [issuedAt, expiresAt] = ['2026-11-26T10:00:00.000Z', '2026-11-27T10:00:00.000Z'];
  return {
    body: {
      outcome,
      host: 'h',
      credential: { credential: `klpreg_host_${issued}-s3cret`, serial: issued, issuedAt, expiresAt },
    },
  };
}

function play(request: Received): Reply | null {
  const { path, document } = request;
  if (path === '/v1/enrolments') {
    const enrolment = EnrolmentRequest.parse(document);
    const key = Buffer.from(enrolment.publicKey, 'base64url');
    const planned = routes.enrolment(request);
    if (planned !== null) return planned;
    if (!isProven(enrolment, key)) return { status: 403, body: { code: 'FORBIDDEN' } };
    keys.set(enrolment.instance, key);
    return credential('ENROLLED');
  }
  if (path === '/v1/credentials') {
    const renewal = RenewalRequest.parse(document);
    const key = keys.get(renewal.instance);
    const planned = routes.renewal(request);
    if (planned !== null) return planned;
    if (key === undefined || !isProven(renewal, key)) return { status: 403, body: { code: 'FORBIDDEN' } };
    return credential('RENEWED');
  }
  return routes.message(request);
}

beforeEach(async () => {
  registry = await openRegistry();
  registry.play.reply = play;
  [issued, keys] = [0, new Map()];
  for (const name of ['enrolment', 'renewal', 'message'] as const) routes[name] = () => null;
  tree = plant(mkdtempSync(join(folder, 'tree-')), PLAIN, livepatch('lp_1'), {
    'proc/modules': loadedLine('lp_1'),
  });
  state = mkdtempSync(join(folder, 'state-'));
});
afterEach(() => registry.close());

const tokenFile = (text = TOKEN): string => {
  const file = join(state, 'token');
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
};
const run = (command: string, ...words: string[]) => {
  const own = [
    '--root',
    tree,
    '--state',
    state,
    '--instance',
    'web-1',
    '--url',
    registry.url,
    '--timeout',
    '2',
  ];
  return agent(command, ...own, ...words);
};
const withToken = (command: string, flag = '--token-file') => run(command, flag, tokenFile());
const paths = () => registry.received.map(({ path }) => path.replace('/v1/', ''));
const bearers = () => registry.received.map(({ headers }) => headers.authorization?.replace('Bearer ', ''));
const instanceFolder = () => join(state, 'instances', readdirSync(join(state, 'instances'))[0]!);
const stored = (): StoredCredential =>
  JSON.parse(readFileSync(join(instanceFolder(), 'credential.json'), 'utf8')) as StoredCredential;
const keep = (changes: Partial<StoredCredential>) =>
  writeFileSync(join(instanceFolder(), 'credential.json'), JSON.stringify({ ...stored(), ...changes }));

describe('the first run with an enrolment token', () => {
  test.each(['--token-file', '--enrol-token-file'])(
    'enrols, and sends by the credential (%s)',
    async (flag) => {
      expect(await withToken('report', flag)).toMatchObject({ exit: 0 });
      expect(paths()).toEqual(['enrolments', 'reports']);
      expect(bearers()).toEqual([TOKEN, 'klpreg_host_1-s3cret']);
      expect(await withToken('report', flag)).toMatchObject({ exit: 0 });
      expect(paths().slice(2)).toEqual(['heartbeats']);
    },
  );

  test('needs no token afterwards', async () => {
    await withToken('enrol');
    expect(await run('report')).toMatchObject({ exit: 0 });
    expect(bearers().at(-1)).toBe('klpreg_host_1-s3cret');
  });

  test('stores the key before it sends anything, and only its owner can read it', async () => {
    routes.enrolment = () => {
      expect(existsSync(join(instanceFolder(), 'key.pem'))).toBe(true);
      return null;
    };
    await withToken('enrol');
    for (const name of ['key.pem', 'credential.json'])
      expect(statSync(join(instanceFolder(), name)).mode & 0o777).toBe(0o600);
  });

  test('says that the enrolment waits for an admin, keeps the message, and asks again', async () => {
    routes.enrolment = () => ({
      status: 202,
      headers: { 'retry-after': '60' },
      body: { outcome: 'PENDING' },
    });
    const first = await withToken('report');
    expect(first).toMatchObject({ exit: 5, err: expect.stringContaining('waits for an admin') });
    routes.enrolment = () => null;
    expect(await withToken('report')).toMatchObject({ exit: 0 });
    expect(paths().filter((path) => path === 'reports' || path === 'heartbeats')).toHaveLength(2);
  });

  test('signs again with the time of the registry if the clock of the host is wrong', async () => {
    const time = '2031-01-01T00:00:00.000Z';
    routes.enrolment = ({ document }) =>
      (document as unknown as { at: string }).at < time
        ? { status: 409, headers: { 'klpreg-time': time }, body: { code: 'PROOF_NOT_CURRENT' } }
        : null;
    expect(await withToken('enrol')).toMatchObject({ exit: 0 });
    expect(paths()).toEqual(['enrolments', 'enrolments']);
  });
});

describe('a credential', () => {
  beforeEach(async () => {
    await withToken('enrol');
    registry.received.length = 0;
  });
  const DAY = 86_400_000;

  test('is renewed by the key when it is due, and the one before it is kept until the new one was accepted', async () => {
    keep({ gotMs: Date.now() - 0.8 * DAY });
    routes.message = () => {
      expect(stored()).toMatchObject({ serial: 2, previous: 'klpreg_host_1-s3cret' });
      return null;
    };
    expect(await run('report')).toMatchObject({ exit: 0 });
    expect(paths()).toEqual(['credentials', 'reports']);
    expect(bearers()).toEqual([undefined, 'klpreg_host_2-s3cret']);
    expect(stored().previous).toBeNull();
  });

  test('is still used if it cannot be renewed yet', async () => {
    keep({ gotMs: Date.now() - 0.8 * DAY });
    routes.renewal = () => ({ status: 503, body: { code: 'BUSY' } });
    const outcome = await run('report');
    expect(outcome).toMatchObject({ exit: 0, err: expect.stringContaining('could not be renewed yet') });
    expect(bearers().at(-1)).toBe('klpreg_host_1-s3cret');
  });

  test('that expired during a week without the registry is renewed', async () => {
    keep({ gotMs: Date.now() - 7 * DAY });
    expect(await run('report')).toMatchObject({ exit: 0 });
    expect(bearers()).toEqual([undefined, 'klpreg_host_2-s3cret']);
  });

  test('that the registry does not accept is renewed once', async () => {
    routes.message = ({ headers }) =>
      headers.authorization === 'Bearer klpreg_host_1-s3cret' ? { status: 401, body: {} } : null;
    expect(await run('report')).toMatchObject({ exit: 0 });
    expect(paths()).toEqual(['reports', 'credentials', 'reports']);
  });

  test('is the one before if no new one is accepted', async () => {
    routes.message = ({ headers }) =>
      headers.authorization === 'Bearer klpreg_host_2-s3cret' ? { status: 401, body: {} } : null;
    keep({ gotMs: Date.now() - 0.8 * DAY });
    expect(await run('report')).toMatchObject({ exit: 0 });
    expect(bearers()).toEqual([undefined, 'klpreg_host_2-s3cret', 'klpreg_host_1-s3cret']);
  });

  test('that was revoked ends the run with 5, and the message waits', async () => {
    routes.message = () => ({ status: 401, body: {} });
    routes.renewal = () => ({ status: 403, body: { code: 'FORBIDDEN', detail: 'were revoked' } });
    expect(await run('report')).toMatchObject({ exit: 5, err: expect.stringContaining('were revoked') });
  });

  test('whose grace period has passed is replaced with a token', async () => {
    keep({ gotMs: Date.now() - 90 * DAY });
    routes.renewal = () => ({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await run('report')).toMatchObject({ exit: 5 });
    expect(await withToken('report')).toMatchObject({ exit: 0 });
    expect(paths()).toEqual(['credentials', 'credentials', 'enrolments', 'reports', 'heartbeats']);
  });

  test.each(['', '{', '{"credential":1}'])(
    'whose file is damaged (%s) is replaced by the key',
    async (text) => {
      writeFileSync(join(instanceFolder(), 'credential.json'), text);
      expect(await run('report')).toMatchObject({ exit: 0 });
      expect(paths()).toEqual(['credentials', 'reports']);
    },
  );

  test('without its key is an error that says what to do', async () => {
    writeFileSync(join(instanceFolder(), 'key.pem'), 'no key');
    keep({ gotMs: 0 });
    expect(await run('report')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('let an admin reset'),
    });
  });
});

test.each([
  ['just made', 0, 'FRESH'],
  ['before half of its life', 11.9, 'FRESH'],
  ['after 17 hours', 17, 'DUE'],
  ['after a day', 24, 'EXPIRED'],
  ['from the future: the clock was set back', -1, 'DUE'],
] as const)('a credential of 24 hours %s', (_, hours, age) => {
  const hour = 3_600_000;
  const credential = { credential: 'c', serial: 1, lifeMs: 24 * hour, gotMs: 0, previous: null };
  for (const instance of ['0190a000-0000-7000-8000-000000000000', '0190a000-0000-7000-8000-00000000ffff'])
    expect(ageOf(credential, instance, hours * hour)).toBe(age);
});

test('renewals of hosts that enrolled together are spread', () => {
  const credential = { credential: 'c', serial: 1, lifeMs: 100, gotMs: 0, previous: null };
  const at = (instance: string) =>
    Array.from({ length: 100 }, (_, ms) => ms).find((ms) => ageOf(credential, instance, ms) === 'DUE');
  expect(['0000', '8000', 'ffff'].map((end) => at(`0190a000-0000-7000-8000-00000000${end}`))).toEqual([
    50, 60, 70,
  ]);
});

test('a secret is never in what the agent prints', async () => {
  const outcomes = [await withToken('enrol'), await withToken('report'), await run('report')];
  routes.enrolment = ({ headers }) => ({ status: 401, body: { detail: 'no', code: headers['x'] ?? 'NO' } });
  routes.renewal = () => ({ status: 500, body: { detail: 'no' } });
  routes.message = () => ({ status: 401, body: { detail: 'no' } });
  outcomes.push(
    await withToken('enrol'),
    await withToken('report'),
    await run('enrol', '--token', 's3cret s3cret'),
  );
  outcomes.push(await run('enrol', '--token-file', tokenFile('klpreg_enrol_s3cret#sha256:00')));
  const printed = outcomes.map(({ out, err }) => out + err).join('');
  expect(printed).not.toContain('s3cret');
  expect(printed).not.toContain('PRIVATE');
});

test.each([
  [TOKEN, { token: TOKEN, pin: null }],
  [`${TOKEN}#sha256:${'ab'.repeat(32)}`, { token: TOKEN, pin: 'ab'.repeat(32) }],
  [`${TOKEN}#sha256:${'ab'.repeat(31)}`, undefined],
  [`${TOKEN}#sha1:${'ab'.repeat(32)}`, undefined],
  ['klpreg_admin_x', undefined],
])('the enrolment token %s', (text, read) => {
  expect(readEnrolmentToken(text)).toEqual(read);
});

test('a token with the hash of a certificate is not sent over http', async () => {
  const file = tokenFile(`${TOKEN}#sha256:${'ab'.repeat(32)}`);
  expect(await run('enrol', '--token-file', file)).toMatchObject({
    exit: 2,
    err: expect.stringContaining('https'),
  });
  expect(registry.received).toEqual([]);
});
