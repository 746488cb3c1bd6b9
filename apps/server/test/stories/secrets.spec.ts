import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Certificates } from '@klpreg/connection/testing';
import { ServerProcess } from '../crash/processes.js';
import { select } from '../crash/select.js';
import { copyDatabase, type Database } from '../database.js';

jest.setTimeout(300_000);

const program = (name: string) =>
  path.join(__dirname, `../../../${name === 'klpreg' ? 'cli' : 'agent'}/bin/${name}.js`);
const made = new Certificates();
made.ca('ca');

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
const WRONG = `klpreg_admin_${'s3cret'.repeat(7)}s_abcdef`;

let database: Database;
let server: ServerProcess;
/** All that programs and the registry wrote, by what wrote it. */
const written = new Map<string, string>();
/** All secrets, by what they are. */
const secrets = new Map<string, string>([['a wrong token', WRONG]]);

/** The first line of a key in PEM is enough to find it. */
const firstLine = (pem: string): string => pem.split('\n')[1]!;
const note = (what: string, text: string) => void written.set(what, (written.get(what) ?? '') + text);

beforeAll(async () => {
  database = await copyDatabase();
  secrets.set('the password of the database', new URL(database.url).password);
  const { certificate, key } = made.leaf('server', 'ca');
  secrets.set('the key of the server', firstLine(readFileSync(key, 'utf8')));
  server = await ServerProcess.start(made.folder, {
    DATABASE_URL: database.url,
    KLPREG_LOG_LEVEL: 'trace',
    KLPREG_ACCESS: 'on',
    KLPREG_TLS_CERT: certificate,
    KLPREG_TLS_KEY: key,
  });
  secrets.set('the admin token', readFileSync(made.at('admin-token'), 'utf8').trim());
  secrets.set('the audit key', readFileSync(made.at('audit-key'), 'utf8').trim());
  for (const [name, content] of Object.entries(TREE)) {
    mkdirSync(path.dirname(made.at(`tree/${name}`)), { recursive: true });
    writeFileSync(made.at(`tree/${name}`), content);
  }
});
afterAll(async () => {
  await server.kill();
  await database.drop();
  made.remove();
});

/** Runs a program to its end. @returns its standard output, which is not noted */
async function run(name: string, words: readonly string[], keepsOutput = true): Promise<string> {
  const all = [program(name), ...words, '--url', server.url, '--ca-file', made.at('ca.pem')];
  const child = spawn(process.execPath, all, { env: { PATH: process.env['PATH'] } });
  let out = '';
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => note(`${name} ${words[0]}, stderr`, text.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  if (keepsOutput) note(`${name} ${words[0]}, stdout`, out);
  return out.trim();
}

/** A file that only its owner can read. */
function secretFile(name: string, text: string): string {
  writeFileSync(made.at(name), text, { mode: 0o600 });
  return made.at(name);
}

const klpreg = (words: readonly string[], keepsOutput = true) =>
  run('klpreg', [...words, '--token-file', made.at('admin-token')], keepsOutput);
const agent = (words: readonly string[]) =>
  run('klpreg-agent', [...words, '--root', made.at('tree'), '--state', made.at('state')]);

test('no program, log, error, answer, process list or row of the database shows a secret', async () => {
  secrets.set('a token', await klpreg(['token', 'create', 'ci', '--role', 'gate'], false));
  const created = await klpreg(['enrolment', 'token', 'create', 'web'], false);
  secrets.set('an enrolment token', /klpreg_enrol_[\w-]+/.exec(created)![0]);
  const token = secretFile('enrol-token', secrets.get('an enrolment token')!);
  expect(await agent(['enrol', '--token-file', token])).toMatch(/: enrolled$/);
  expect(await agent(['report'])).toMatch(/: STORED$/);
  const files = readdirSync(made.at('state'), { recursive: true, encoding: 'utf8' });
  const fileOf = (name: string) =>
    readFileSync(
      path.join(
        made.at('state'),
        files.find((file) => file.endsWith(name))!,
      ),
      'utf8',
    );
  secrets.set(
    'a host credential',
    (JSON.parse(fileOf('credential.json')) as { credential: string }).credential,
  );
  secrets.set('the key of a host', firstLine(fileOf('key.pem')));

  // failures, whose messages name what was wrong
  await run('klpreg', ['states', '--token-file', secretFile('wrong', WRONG)]);
  await run('klpreg', ['states', '--token', `${secrets.get('a token')!} and more`]);
  await run('klpreg', ['states', '--config', secretFile('bad.toml', `token = ${WRONG}`)]);
  await run('klpreg', ['states', '--token-file', secretFile('cut', secrets.get('a token')!.slice(0, -1))]);
  await agent(['report', '--token-file', secretFile('wrong-agent', WRONG)]);
  await agent(['report', '--config', secretFile('bad-agent.toml', `token = ${WRONG}`)]);
  await agent(['enrol', '--token-file', secretFile('used-up', secrets.get('an enrolment token')!)]);
  await run('klpreg', [
    'token',
    'create',
    'x',
    '--role',
    'admin',
    '--token-file',
    secretFile('t', secrets.get('a token')!),
  ]);
  await klpreg(['enrolment', 'list']);
  await klpreg(['enrolment', 'token', 'list']);
  await klpreg(['token', 'list']);
  await klpreg(['audit', 'list', '--limit', '100']);

  // answers to what claims to be a secret, in each place of a request
  for (const [what, secret] of secrets) {
    const credentials = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    for (const route of [
      '/v1/reports',
      '/v1/heartbeats:batch',
      '/v1/enrolments',
      '/v1/credentials',
      '/graphql',
    ])
      note(`answers to ${what}`, await ask(route, credentials, JSON.stringify([{ schema: 'x' }])));
    note(`answers to ${what}`, await ask('/graphql', credentials, '{"query":"{ nothing }"}'));
  }
  note('the server', server.output);

  const tables = await select<{ name: string }>(
    database.url,
    `SELECT quote_ident(relname) AS name FROM pg_class
      WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace`,
  );
  expect(tables.length).toBeGreaterThan(20);
  for (const { name } of tables) {
    const rows = await select<{ row: string }>(database.url, `SELECT t::text AS row FROM ${name} t`);
    note(`the table ${name}`, rows.map(({ row }) => row).join('\n'));
  }

  const found = [...written].flatMap(([where, text]) =>
    [...secrets].flatMap(([what, secret]) => (text.includes(secret) ? [`${what} in ${where}`] : [])),
  );
  expect(found).toEqual([]);
  expect(secrets.size).toBe(9);
  for (const secret of secrets.values()) expect(secret.length).toBeGreaterThan(5);
});

/** Sends a request whose certificate is checked against the CA, and returns the whole answer. */
async function ask(route: string, headers: Record<string, string>, body: string): Promise<string> {
  const { exchange } = await import('@klpreg/connection');
  const signal = AbortSignal.timeout(60_000);
  const tls = { ca: readFileSync(made.at('ca.pem'), 'utf8') };
  const options = { method: 'POST' as const, headers, body, signal, maxAnswerBytes: 2 ** 20, tls };
  const reply = await exchange(server.url + route, options);
  return `${reply.status} ${JSON.stringify(reply.headers)} ${reply.text}`;
}

test('a server that cannot reach its database does not show its address', async () => {
  const url = 'postgres://klpreg:s3cret-password@127.0.0.1:1/klpreg';
  const error = await ServerProcess.start(made.folder, { DATABASE_URL: url }).catch(
    (reason: Error) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).toMatch(/the server did not start/);
  expect((error as Error).message).not.toMatch(/s3cret/);
});

test('the processes of an embedded PostgreSQL get no setting of the server', async () => {
  const own = await ServerProcess.start(made.at('embedded'), {
    KLPREG_AUDIT_WEBHOOK: 'http://127.0.0.1:1/s3cret',
  });
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'latin1');
    } catch {
      return ''; // ended
    }
  };
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(`/proc/${pid}/cmdline`).includes(made.at('embedded')));
  const shown = children.map((pid) => read(`/proc/${pid}/cmdline`) + read(`/proc/${pid}/environ`));
  await own.kill('SIGTERM');
  expect(children.length).toBeGreaterThan(0);
  expect(shown.filter((text) => /s3cret|KLPREG_/.test(text))).toEqual([]);
});
