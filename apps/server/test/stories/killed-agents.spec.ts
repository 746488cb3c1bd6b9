import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newToken } from '../../src/access/token-text.js';
import { Database as Connections } from '../../src/database/database.js';
import { EnrolmentTokensStore } from '../../src/store/access/enrolment-tokens.store.js';
import { ServerProcess } from '../crash/processes.js';
import { copyDatabase, type Database } from '../database.js';

const PROGRAM = path.join(__dirname, '../../../agent/bin/klpreg-agent.js');
/** Kills of the server. `npm run check:crashes` has more. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 2);
const HOSTS = 2 * ROUNDS;
const KILLS = 2;

/** A host without livepatches. */
const TREE = {
  'sys/kernel/livepatch/.empty': '',
  'sys/module/.empty': '',
  'proc/modules': '',
  'proc/sys/kernel/tainted': '0\n',
  'proc/sys/kernel/osrelease': '6.12.9-amd64\n',
  'proc/sys/kernel/version': '#1 SMP Debian 6.12.9-1\n',
  'proc/sys/kernel/hostname': 'web-1\n',
  'proc/sys/kernel/random/boot_id': '0b6b8e1a-2f0e-4c0c-9a3e-1f2d3c4b5a69\n',
};

const startServer = () =>
  ServerProcess.start(dir, { DATABASE_URL: database.url, KLPREG_DATABASE_CONNECTIONS: '5' });

let dir: string;
let database: Database;
let server: ServerProcess;
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-killed-'));
  database = await copyDatabase();
  server = await startServer();
  for (const [name, content] of Object.entries(TREE)) {
    mkdirSync(path.dirname(path.join(dir, 'tree', name)), { recursive: true });
    writeFileSync(path.join(dir, 'tree', name), content);
  }
  const token = newToken('enrol');
  writeFileSync(path.join(dir, 'token'), token, { mode: 0o600 });
  const db = new Connections({ url: database.url, connections: 1 });
  const [now, end] = [new Date(), new Date(Date.now() + 3_600_000)];
  // each host has one use: a repeated enrolment takes none
  const limits = { useLimit: HOSTS + 3, addresses: [], needsApproval: false, labels: {} };
  const made = { id: randomUUID(), name: 'killed', createdAt: now, createdBy: 'test', expiresAt: end };
  await db.$transaction(async (tx) => new EnrolmentTokensStore(db).add(tx, { ...made, ...limits }, token));
  await db.$disconnect();
});
afterAll(async () => {
  await server.kill();
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

interface End {
  readonly exit: number | null;
  readonly said: string;
  readonly ms: number;
}

/** Runs the agent of a host, and kills it after some time. @param killMs null: it is not killed */
async function run(
  host: string,
  command: string,
  killMs: number | null = null,
  timeoutSeconds = 60,
): Promise<End> {
  const words = [
    command,
    '--root',
    path.join(dir, 'tree'),
    '--state',
    path.join(dir, host),
    '--instance',
    host,
  ];
  const start = performance.now();
  const child = spawn(
    process.execPath,
    [
      PROGRAM,
      ...words,
      '--url',
      server.url,
      '--token-file',
      path.join(dir, 'token'),
      '--timeout',
      `${timeoutSeconds}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()));
  const timer = killMs === null ? null : setTimeout(() => child.kill('SIGKILL'), killMs);
  const exit = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (timer !== null) clearTimeout(timer);
  return { exit, said, ms: performance.now() - start };
}

test('an agent that is killed at any moment of its enrolment or renewal is not locked out', async () => {
  const whole = await run('first', 'enrol');
  expect(whole).toMatchObject({ exit: 0 });
  // of the runs that ended by themselves: on a busy machine each takes another time
  let shortest = whole.ms;
  const life = async (host: string): Promise<End[]> => {
    const ends: End[] = [];
    // first the enrolment is killed, then the renewal
    for (const command of ['enrol', 'report']) {
      for (let kills = 0; kills < KILLS;) {
        const { exit, ms } = await run(host, 'enrol', shortest * (0.3 + 0.8 * Math.random()));
        if (exit === null) kills += 1;
        else shortest = Math.min(shortest, ms);
      }
      ends.push(await run(host, command));
    }
    return ends;
  };
  const hosts = Array.from({ length: HOSTS }, (_, i) => `web-${i}`);
  const ends: End[] = [];
  for (let at = 0; at < HOSTS; at += 2)
    ends.push(...(await Promise.all(hosts.slice(at, at + 2).map(life))).flat());
  expect(ends.filter(({ exit }) => exit !== 0)).toEqual([]);
  expect(ends).toHaveLength(2 * HOSTS);
}, 1_800_000);

/** The stored credential of a host, as of a week ago. @returns its serial */
function expire(host: string): number {
  const instances = path.join(dir, host, 'instances');
  const file = path.join(instances, readdirSync(instances)[0]!, 'credential.json');
  const stored = JSON.parse(readFileSync(file, 'utf8')) as { serial: number; gotMs: number };
  writeFileSync(file, JSON.stringify({ ...stored, gotMs: stored.gotMs - 7 * 86_400_000 }), { mode: 0o600 });
  return stored.serial;
}

test('a host whose credential ran out renews it, at whatever moment of that the server is killed', async () => {
  const hosts = ['db-0', 'db-1'];
  const [whole] = await Promise.all(hosts.map((host) => run(host, 'report')));
  const ends: (End & { readonly renewed: boolean })[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const serials = hosts.map(expire);
    const renewing = hosts.map((host) => run(host, 'report', null, 2));
    await sleep(whole!.ms * (0.3 + 0.7 * ((round + Math.random()) / ROUNDS)));
    await server.kill();
    await Promise.all(renewing);
    server = await startServer();
    ends.push(
      ...(await Promise.all(
        hosts.map(async (host, index) => {
          const end = await run(host, 'report');
          return { ...end, renewed: expire(host) > serials[index]! };
        }),
      )),
    );
  }
  expect(ends.filter(({ exit, renewed }) => exit !== 0 || !renewed)).toEqual([]);
}, 1_800_000);
