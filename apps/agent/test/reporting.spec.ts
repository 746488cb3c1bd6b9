import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Readable } from 'node:stream';
import { Heartbeat, Report } from '@klpreg/wire';
import { agent } from './agent.js';
import { objection } from '../src/state/state-directory.js';
import { openRegistry, type Received } from './registry.js';
import { livepatch, loadedLine, plant, PLAIN } from './tree.js';
import { temporaryFolder } from './trees.js';

const folder = temporaryFolder();
let registry: Awaited<ReturnType<typeof openRegistry>>;
let tree: string;
let state: string;

beforeEach(async () => {
  registry = await openRegistry();
  tree = plant(mkdtempSync(join(folder, 'tree-')), PLAIN, livepatch('lp_1'), {
    'proc/modules': loadedLine('lp_1'),
  });
  state = mkdtempSync(join(folder, 'state-'));
});
afterEach(() => registry.close());

const reportOnce = (command: string, ...words: string[]) =>
  agent(
    command,
    '--root',
    tree,
    '--state',
    state,
    '--instance',
    'web-1',
    '--url',
    registry.url,
    '--token',
    's3cret',
    '--timeout',
    '5',
    ...words,
  );
const sent = () =>
  registry.received.map(({ document }) => `${document.schema.split('/')[0]} ${document.sequence}`);
function* endless() {
  for (;;) yield ' '.repeat(1 << 16);
}
const directory = () => join(state, 'instances/291537cb-f174-5a8a-b459-f545873a2c8f');
const spooled = () => readdirSync(join(directory(), 'spool')).sort();
/** No server listens there. */
const AWAY = 'http://127.0.0.1:1025';

test('first a report, then heartbeats, and a report when something changed', async () => {
  expect(await reportOnce('report')).toMatchObject({
    exit: 0,
    out: 'report 1 of 291537cb-f174-5a8a-b459-f545873a2c8f: STORED\n',
  });
  expect(await reportOnce('report')).toMatchObject({
    exit: 0,
    out: 'heartbeat 2 of 291537cb-f174-5a8a-b459-f545873a2c8f: CONFIRMED\n',
  });
  plant(tree, livepatch('lp_1', { enabled: 0, transition: 1 }));
  expect(await reportOnce('report')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^report 3 .*STORED/),
  });
  expect(await reportOnce('report', '--full')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^report 4 .*UNCHANGED/),
  });

  expect(sent()).toEqual(['report 1', 'heartbeat 2', 'report 3', 'report 4']);
  const [report, heartbeat] = registry.received as [Received, Received];
  expect(report).toMatchObject({
    path: '/v1/reports',
    headers: { authorization: 'Bearer s3cret', 'content-type': 'application/json' },
  });
  expect(heartbeat).toMatchObject({ path: '/v1/heartbeats', headers: { authorization: 'Bearer s3cret' } });
  expect(Report.safeParse(report.document).error).toBeUndefined();
  expect(Heartbeat.safeParse(heartbeat.document).error).toBeUndefined();
  expect(report.document.clock.sentMs).toBeGreaterThanOrEqual(report.document.clock.observedMs);
  expect(spooled()).toEqual([]);
});

test('another boot is a report, though nothing else changed', async () => {
  await reportOnce('report');
  writeFileSync(join(tree, 'proc/sys/kernel/random/boot_id'), '1b6b8e1a-2f0e-4c0c-9a3e-1f2d3c4b5a69\n');
  await reportOnce('report');
  expect(sent()).toEqual(['report 1', 'report 2']);
});

test('a report follows at once where the registry wants one', async () => {
  expect(await reportOnce('heartbeat')).toMatchObject({
    exit: 0,
    out:
      'heartbeat 1 of 291537cb-f174-5a8a-b459-f545873a2c8f: REPORT_WANTED (unknown digest)\nreport 2 of ' +
      '291537cb-f174-5a8a-b459-f545873a2c8f: STORED\n',
  });
});

test('a transition keeps the instant at which it was first seen', async () => {
  plant(tree, livepatch('lp_1', { transition: 1 }), { 'proc/7/patch_state': '0\n', 'proc/7/comm': 'cat\n' });
  await reportOnce('report');
  await reportOnce('report', '--full');
  const [first, second] = registry.received.map(({ document }) => document.transition);
  expect(first).toMatchObject({ patch: 'lp_1', tasks: [{ pid: 7, comm: 'cat', patchState: 0 }] });
  expect(first?.since).toBe(registry.received[0]?.document.clock.wall);
  expect(second?.since).toBe(first?.since);
});

test('while the registry is unreachable, messages wait on disk; they are sent first, in order', async () => {
  expect(await reportOnce('report', '--url', AWAY, '--timeout', '1')).toMatchObject({
    exit: 4,
    err: expect.stringMatching(
      /1 message waits in .*\nklpreg-agent: http:\/\/127\.0\.0\.1:1025\/v1\/reports: ECONNREFUSED/,
    ),
  });
  // a report that waits is as good as one that was taken: nothing changed since
  expect(await reportOnce('report', '--url', AWAY, '--timeout', '1')).toMatchObject({ exit: 4 });
  plant(tree, livepatch('lp_1', { enabled: 0, transition: 1 }));
  expect(await reportOnce('report', '--url', AWAY, '--timeout', '1')).toMatchObject({ exit: 4 });
  expect(spooled()).toEqual([
    '0000000000000001.report.json',
    '0000000000000002.heartbeat.json',
    '0000000000000003.report.json',
  ]);

  expect(await reportOnce('report')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(
      /^report 1 .*: STORED\nheartbeat 2 .*\nreport 3 .*: STORED\nheartbeat 4 .*: CONFIRMED\n$/,
    ),
  });
  expect(sent()).toEqual(['report 1', 'heartbeat 2', 'report 3', 'heartbeat 4']);
  const { observedMs, sentMs } = registry.received[0]!.document.clock;
  expect(sentMs - observedMs).toBeGreaterThan(0);
  expect(spooled()).toEqual([]);
});

test('--spool sends nothing, and needs no registry: the report at boot is sent first by the next run', async () => {
  const spoolAction = await agent(
    'report',
    '--spool',
    '--root',
    tree,
    '--state',
    state,
    '--instance',
    'web-1',
  );
  expect(spoolAction).toMatchObject({
    exit: 0,
    out: 'report 1 of 291537cb-f174-5a8a-b459-f545873a2c8f: spooled\n',
  });
  expect([sent(), spooled()]).toEqual([[], ['0000000000000001.report.json']]);
  plant(tree, livepatch('lp_1', { enabled: 0, transition: 1 }));
  expect(await reportOnce('report')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^report 1 .*: STORED\nreport 2 .*: STORED\n$/),
  });
});

test('a host that is looked at without a gap says since when, in each report', async () => {
  await reportOnce('report');
  await reportOnce('report', '--full');
  const [first, second] = registry.received.map(({ document }) => document);
  expect(first?.watchedSinceMs).toBe(first?.clock.observedMs);
  expect(second?.watchedSinceMs).toBe(first?.watchedSinceMs);
  expect(second?.digest).toBe(first?.digest);
});

test('a message of an earlier boot waited as long as the wall clock says', async () => {
  await reportOnce('report', '--url', AWAY, '--timeout', '1');
  const file = join(directory(), 'spool', spooled()[0]!);
  const message = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const clock = { wall: new Date(Date.now() - 3_600_000).toISOString(), observedMs: 9e12, sentMs: 9e12 };
  writeFileSync(
    file,
    JSON.stringify({
      ...message,
      host: { ...message.host, bootId: '2b6b8e1a-2f0e-4c0c-9a3e-1f2d3c4b5a69' },
      clock,
    }),
  );
  await reportOnce('report');
  const { observedMs, sentMs } = registry.received[0]!.document.clock;
  expect((sentMs - observedMs) / 1000).toBeCloseTo(3600, -1);
});

test('an overload is waited out as long as it asks, and no longer than we have', async () => {
  let turns = 0;
  registry.play.reply = () =>
    (turns += 1) === 1 ? { status: 503, headers: { 'retry-after': '1' }, body: { title: 'Busy' } } : null;
  const began = Date.now();
  expect(await reportOnce('report')).toMatchObject({ exit: 0 });
  expect(Date.now() - began).toBeGreaterThanOrEqual(1_000);
  // tried again with the same number: a repetition, not another document
  expect(sent()).toEqual(['report 1', 'report 1']);

  registry.play.reply = () => ({
    status: 429,
    headers: { 'retry-after': '3600' },
    body: { title: 'Too Many Requests' },
  });
  expect(await reportOnce('report')).toMatchObject({
    exit: 4,
    err: expect.stringMatching(/429 Too Many Requests/),
  });
  expect(spooled()).toEqual(['0000000000000002.heartbeat.json']);
});

test('what is tried when the time is nearly up is not given up at once: a busy registry would do its work for nothing', async () => {
  let turns = 0;
  registry.play.reply = () =>
    (turns += 1) === 1
      ? { status: 503, headers: { 'retry-after': '1' }, body: { title: 'Busy' } }
      : { after: 2_200, body: { outcome: 'STORED' } };
  expect(await reportOnce('report', '--timeout', '3')).toMatchObject({ exit: 0 });
  expect(sent()).toEqual(['report 1', 'report 1']);
});

test('no request begins after the time limit, however slow the registry is; the other messages wait', async () => {
  for (let i = 0; i < 3; i++) await reportOnce('report', '--full', '--url', AWAY, '--timeout', '1');
  registry.play.reply = () => ({ after: 700, body: { outcome: 'STORED' } });
  expect(await reportOnce('report', '--timeout', '1')).toMatchObject({
    exit: 4,
    err: expect.stringMatching(/the time limit was reached before all messages were sent/),
  });
  const numbers = () => sent().map((message) => message.split(' ')[1]);
  expect(numbers()).toEqual(['1', '2']);
  registry.play.reply = () => ({ body: { outcome: 'STORED' } });
  expect(await reportOnce('report')).toMatchObject({ exit: 0 });
  expect(numbers()).toEqual(['1', '2', '3', '5']);
});

test('a slow answer is given up in time, and the document waits', async () => {
  registry.play.reply = () => ({ after: 4_000 });
  const began = Date.now();
  expect(await reportOnce('report', '--timeout', '1')).toMatchObject({
    exit: 4,
    err: expect.stringMatching(/no answer in time/),
  });
  expect(Date.now() - began).toBeLessThan(3_000);
  expect(spooled()).toEqual(['0000000000000001.report.json']);
});

test.each<[what: string, end: (response: ServerResponse) => void, message: RegExp]>([
  ['stops in the middle', () => undefined, /no answer in time/],
  ['is cut off', (response) => response.destroy(), /ECONNRESET|aborted/],
  [
    'does not end',
    (response) => void Readable.from(endless()).pipe(response),
    /the response is too long to be a registry's/,
  ],
])('an answer that %s is none: the document waits', async (_what, end, message) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"outcome":"STORED",', () => end(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await reportOnce('report', '--url', url, '--timeout', '1')).toMatchObject({
      exit: 4,
      err: expect.stringMatching(message),
    });
    expect(spooled()).toEqual(['0000000000000001.report.json']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('not authorised: exit 5, the document waits, the token is not shown', async () => {
  registry.play.reply = () => ({
    status: 401,
    body: { title: 'Unauthorized', code: 'TOKEN_UNKNOWN', detail: 'this token is not known' },
  });
  const { exit, out, err } = await reportOnce('report');
  expect({ exit, out }).toEqual({ exit: 5, out: '' });
  expect(err).toMatch(/401 TOKEN_UNKNOWN Unauthorized: this token is not known/);
  expect(err).not.toMatch(/s3cret/);
  expect(spooled()).toHaveLength(1);
});

test('a refusal names each field, and does not stand in the way of the next document', async () => {
  registry.play.reply = () => ({
    status: 400,
    body: {
      title: 'Bad Request',
      status: 400,
      code: 'DOCUMENT_INVALID',
      detail: 'the document is not a report',
      errors: [{ pointer: '/host/hostname', detail: 'is too long', found: '"we\u001b[31mb"' }],
    },
  });
  const refused = await reportOnce('report');
  expect(refused).toMatchObject({
    exit: 1,
    err: expect.stringMatching(
      /400 DOCUMENT_INVALID Bad Request: the document is not a report\n {2}\/host\/hostname: is too long \(found "we\?\[31mb"\)/,
    ),
  });
  expect([spooled(), readdirSync(join(directory(), 'refused'))]).toEqual([
    [],
    ['0000000000000001.report.json'],
  ]);

  registry.play.reply = () => null;
  expect(await reportOnce('report')).toMatchObject({ exit: 0, out: expect.stringMatching(/^report 2/) });
});

test('409, or a newer message there: another agent uses this instance', async () => {
  registry.play.reply = () => ({
    status: 409,
    body: { title: 'Conflict', detail: 'number 1 had other content' },
  });
  expect(await reportOnce('report')).toMatchObject({
    exit: 1,
    err: expect.stringMatching(/409 Conflict: number 1 had other content/),
  });
  registry.play.reply = () => ({ body: { outcome: 'SUPERSEDED', reason: null, intervalSeconds: 60 } });
  expect(await reportOnce('report')).toMatchObject({
    exit: 1,
    err: expect.stringMatching(
      /the registry has a newer message of instance .* than number 2: another agent uses this instance/,
    ),
  });
  expect(existsSync(join(directory(), 'acknowledged.json'))).toBe(false);
});

test.each<[what: string, reply: object, message: RegExp]>([
  ['a page', { body: '<html>welcome</html>' }, /the server there is not a registry/],
  [
    'a redirect',
    { status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: '' },
    /302 .*is the URL that of a registry/,
  ],
  ['an endpoint that does not exist', { status: 404, body: {} }, /404 .*is the URL that of a registry/],
])('%s is not an acknowledgement', async (_what, reply, message) => {
  registry.play.reply = () => reply;
  expect(await reportOnce('report')).toMatchObject({ exit: 4, err: expect.stringMatching(message) });
  expect(spooled()).toHaveLength(1);
});

test('a tree that cannot be read sends nothing, not even a heartbeat', async () => {
  await reportOnce('report');
  rmSync(join(tree, 'proc/sys/kernel/osrelease'));
  expect(await reportOnce('report')).toMatchObject({ exit: 3 });
  expect(sent()).toEqual(['report 1']);
});

test('the time limit of a request outlives a garbage collection', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  registry.play.reply = () => ({ after: 60_000 });
  const timer = setInterval(collect, 50);
  try {
    expect(await reportOnce('report', '--timeout', '1')).toMatchObject({
      exit: 4,
      err: expect.stringMatching(/no answer in time/),
    });
  } finally {
    clearInterval(timer);
  }
});

test('a memory of random bytes stops nothing: the next document is a report', async () => {
  await reportOnce('report');
  writeFileSync(join(directory(), 'acknowledged.json'), Buffer.from([0xff, 0x00, 0xfe]));
  writeFileSync(join(directory(), 'last-number.json'), Buffer.from([0xff, 0x00, 0xfe]));
  expect(await reportOnce('report')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^report 2 .*: UNCHANGED/),
  });
  expect(await reportOnce('report')).toMatchObject({ exit: 0, out: expect.stringMatching(/^heartbeat 3 /) });
});

test('a lost folder of numbers never makes a number twice', async () => {
  for (let i = 0; i < 3; i += 1) await reportOnce('report');
  rmSync(join(directory(), 'sequence'), { recursive: true });
  await reportOnce('report');
  const numbers = registry.received.map(({ document }) => document.sequence);
  expect(numbers.slice(0, 3)).toEqual([1, 2, 3]);
  expect(numbers[3]).toBeGreaterThan(3);
});

describe('a state directory that is not for this user alone is refused', () => {
  test.each<[what: string, make: (at: string) => string, message: RegExp]>([
    [
      'below /proc',
      () => '/proc/self/klpreg',
      /^klpreg-agent: \/proc\/self\/klpreg: lies below \/proc, where this agent never writes; give --state another folder$/m,
    ],
    [
      'below the tree’s own sys',
      () => join(tree, 'sys/klpreg'),
      /lies below .*\/sys, where this agent never writes/,
    ],
    [
      'in a file',
      (at) => (writeFileSync(join(at, 'file'), ''), join(at, 'file/state')),
      /file\/state: cannot be written \(ENOTDIR\); give --state a folder that can/,
    ],
    [
      'a file',
      (at) => (writeFileSync(join(at, 'file'), ''), join(at, 'file')),
      /file: is not a folder; give --state a folder/,
    ],
    [
      'a link',
      (at) => (mkdirSync(join(at, 'real')), symlinkSync('real', join(at, 'link')), join(at, 'link')),
      /link: is a symbolic link; give --state the folder itself/,
    ],
    [
      'open to others',
      (at) => (chmodSync(at, 0o777), at),
      /can be written by other users \(mode 0777\); make it 0700/,
    ],
  ])('%s', async (_what, make, message) => {
    const at = make(mkdtempSync(join(folder, 'state-')));
    expect(await reportOnce('report', '--state', at)).toMatchObject({
      exit: 2,
      out: '',
      err: expect.stringMatching(message),
    });
    expect(sent()).toEqual([]);
  });

  const owned = (uid: number) => ({
    uid,
    mode: 0o40700,
    isDirectory: () => true,
    isSymbolicLink: () => false,
  });
  test.each([
    [0, 1000, 'belongs to user 0, and this agent runs as user 1000; give --state a folder of this user'],
    [1000, 0, 'belongs to user 1000, and this agent runs as user 0; give --state a folder of this user'],
    [1000, 1000, null],
  ])('of user %i for user %i', (owner, user, why) => expect(objection(owned(owner), user)).toBe(why));
});
