import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { giveToken } from '../access/give-token.js';
import { later, logged, Registry, running } from '../registry.js';

const PAGE = path.join(__dirname, '../../../../docs/operating/decisions.md');
const KLPREG = path.join(__dirname, '../../../cli/bin/klpreg.js');
const ADMIN = 'the-admin-token-of-this-test';

interface Done {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

let registry: Registry;
let url: string;
let folder: string;
const reports: Record<string, ReturnType<typeof running>> = {};

/** `web-1` and `web-2` run lp-10, `db-1` runs lp-12. No machine has shown lp-13 yet. */
beforeAll(async () => {
  registry = await Registry.start({ KLPREG_ACCESS: 'on' });
  // klpreg has the clock of this machine
  registry.wait((Date.now() - registry.now().getTime()) / 1000, 'seconds');
  for (const [name, release] of [
    ['lab_r_1v1_a', 'lp-10'],
    ['lab_r_1v2_a', 'lp-12'],
    ['lab_r_1v1_2v1_a', 'lp-13'],
  ] as const)
    await registry.publish(name, { release });
  await registry.witnessed('lab_r_1v1_a');
  for (const [hostname, patch, role] of [
    ['web-1', 'lab_r_1v1_a', 'web'],
    ['web-2', 'lab_r_1v1_a', 'web'],
    ['db-1', 'lab_r_1v2_a', 'db'],
  ] as const) {
    const report = logged(running(hostname, [patch]));
    reports[hostname] = report;
    await registry.report(report);
    const { instance } = report.host;
    const labels = `[{ key: "env", value: "prod" }, { key: "role", value: "${role}" }]`;
    await registry.ask(`mutation { labelHost(id: "${instance}", labels: ${labels}) { id } }`);
  }
  await registry.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(registry.app.getHttpServer().address() as AddressInfo).port}`;
  folder = mkdtempSync(path.join(tmpdir(), 'klpreg-records-'));
  mkdirSync(path.join(folder, 'bin'));
  const program = path.join(folder, 'bin', 'klpreg');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${KLPREG}" "$@"\n`);
  chmodSync(program, 0o755);
});
afterAll(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command of a shell in the folder of the test. */
const shell = async (command: string, variables: Record<string, string> = {}): Promise<Done> =>
  new Promise((resolve) => {
    const env = {
      PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}`,
      HOME: folder,
      COLUMNS: '120',
      KLPREG_URL: url,
      KLPREG_TOKEN: ADMIN,
      ...variables,
    };
    execFile('sh', ['-c', command], { cwd: folder, env }, (error, out, err) =>
      resolve({ exit: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
const tokenOf = async (role: 'gate' | 'reader') => {
  const { authorization } = await giveToken(registry, role);
  return { KLPREG_TOKEN: authorization.replace('Bearer ', '') };
};

const PROD = "--where 'env=prod' --authoritative-labels";
const NO = `klpreg can-i-downgrade --to release:lp-10 ${PROD}`;
const YES = `klpreg can-i-downgrade --to release:lp-10 --where 'env=prod,role=web' --authoritative-labels`;
const count = async () => (await registry.ask('{ decisions { totalCount } }')).decisions.totalCount as number;

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** Replaces what differs in each run by text of the same length. */
const normalized = (text: string): string =>
  text
    .replaceAll(UUID, (id) => '0'.repeat(id.length))
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (time) => 'T'.repeat(time.length))
    .replaceAll(/\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{16}\b/g, 'K'.repeat(16))
    .replaceAll(/\brules \d{4}-\d\d-\d\d\.\d+/g, 'rules VERSION')
    .replaceAll(/"?\bWyJ[\w-]{50,}"?/g, 'SNAPSHOT')
    .replaceAll(/[A-Za-z0-9+/]{43,64}\n/g, 'PEM\n');

const isUpdating = process.env['UPDATE_GOLDEN'] === '1';
const idsIn = (text: string): string[] => [...text.matchAll(UUID)].map(([id]) => id);

test('the page shows the real output of its commands', async () => {
  const page = readFileSync(PAGE, 'utf8');
  /** The ids of this run for those of the page. */
  const ids = new Map<string, string>();
  let last = '';
  let updated = page;
  for (const [block, content] of page.matchAll(/```console\n([^]*?)```/g)) {
    let text = '';
    for (const [shown, command] of content!.matchAll(/^\$ (.*)\n(?:(?!\$ ).*\n)*/gm)) {
      const asked = command!.replaceAll(UUID, (id) => ids.get(id) ?? last);
      const { exit, out } = await shell(`{ ${asked}; } 2>&1`, asTable());
      const real = `$ ${asked}\n${out}${exit === 0 ? '' : `exit code ${exit}\n`}`;
      if (!isUpdating) expect(normalized(real)).toBe(normalized(shown));
      for (const [i, id] of idsIn(shown).entries()) if (!ids.has(id)) ids.set(id, idsIn(real)[i] ?? id);
      last = idsIn(real).at(-1) ?? last;
      text += real;
    }
    updated = updated.replace(block, () => `\`\`\`console\n${text}\`\`\``);
  }
  if (isUpdating) writeFileSync(PAGE, updated);
});

/** A configuration with tables, as a person at a terminal sees them. */
function asTable(): Record<string, string> {
  mkdirSync(path.join(folder, 'klpreg'), { recursive: true });
  writeFileSync(path.join(folder, 'klpreg', 'config.toml'), 'output = "table"\n');
  return { XDG_CONFIG_HOME: folder };
}

test('an explanation names the waivers for a host, and what a gate decides with them', async () => {
  const done = await shell('klpreg explain web-1 --to release:lp-13 -o table');
  expect(done.exit).toBe(3);
  expect(done.out).toMatch(/\nwaived: SYMBOLS_UNVERIFIED, by web-team until \S+: two canaries ran it \(/);
  expect(done.out).toMatch(
    /with --where 'role=web' --authoritative-labels, a gate decides about this host: YES\n$/,
  );
  const other = await shell('klpreg explain db-1 --to release:lp-13');
  expect(JSON.parse(other.out)).toMatchObject({ waivers: [], acceptedByWaivers: false });
});

test('an explanation of the past says that it leaves waivers out', async () => {
  const past = `--to release:lp-13 --as-of ${registry.now().toISOString()}`;
  const done = await shell(`klpreg explain web-1 ${past} -o table`);
  expect(done.out).toMatch(
    /\n\nwaivers are left out, because this is about the past; klpreg can-i-downgrade --as-of .*\n$/,
  );
  const other = await shell(`klpreg explain web-1 ${past}`);
  expect(JSON.parse(other.out)).toMatchObject({ waiversApply: false, waivers: [] });
});

test('an action that the registry does not record is a wrong flag', async () => {
  const done = await shell('klpreg audit list --action retire-hosts');
  expect(done.exit).toBe(2);
  expect(done.err).toMatch(
    /--action: 'retire-hosts' is not an action that the registry records\n.*"RETIRE_HOST".*\n {2}write one of add-host, .*, retire-host, /s,
  );
});

test('a plan lists the hosts of each group', async () => {
  const done = await shell(`klpreg plan --to release:lp-10 ${PROD} --list`);
  const { groups, blockedGroups } = JSON.parse(done.out) as Record<string, { members: string[] }[]>;
  expect([...groups!, ...blockedGroups!].map(({ members }) => members)).toEqual([
    ['web-1', 'web-2'],
    ['db-1'],
  ]);
});

test('a gate that cannot record says no yes', async () => {
  const before = await count();
  const reader = await tokenOf('reader');
  const refused = await shell(`${YES} --change CHG-1`, reader);
  expect(refused).toMatchObject({ exit: 5, out: '', err: expect.stringContaining('was not recorded') });
  expect(await shell(YES, reader)).toMatchObject({ exit: 0 });
  for (const flags of ['', " --break-glass --reason 'it burns'"]) {
    const unwritable = await shell(`${YES} --certificate /nowhere/answer.json${flags}`);
    expect(unwritable).toMatchObject({ exit: 2, err: expect.stringContaining('cannot be written') });
  }
  expect(await count()).toBe(before);
  await shell(`${YES} --certificate new.json`, reader);
  expect(existsSync(path.join(folder, 'new.json'))).toBe(false);
  // this device can be opened, and is full
  const full = await shell(`${NO} --certificate /dev/full --break-glass --reason 'it burns'`);
  const [{ id, passed }] = (await registry.ask('{ decisions(first: 1) { nodes { id passed } } }')).decisions
    .nodes;
  expect(passed).toBe(true);
  expect(full).toMatchObject({
    exit: 4,
    err: expect.stringContaining(`decision ${id} is recorded, and the change passed by it`),
  });
  const wrong = await shell(`${YES} --change '${'x'.repeat(200)}'`);
  expect(wrong).toMatchObject({ exit: 4, out: '', err: expect.stringContaining('was not recorded') });
});

test('break-glass exits with 0 only if the override was recorded, and says so on both streams', async () => {
  const broken = await shell(
    `${NO} --break-glass --reason 'the site is down' --change CHG-2 -o table`,
    await tokenOf('gate'),
  );
  expect(broken.exit).toBe(0);
  for (const text of [broken.out, broken.err])
    expect(text).toContain(
      'OVERRIDDEN BY BREAK-GLASS: the answer is NO, and the change goes on because: the site is',
    );
  expect(broken.out).toContain('\nNO: 1 of 3 hosts cannot be downgraded safely');
  const json = await shell(`${NO} --break-glass --reason 'the site is down'`);
  expect(JSON.parse(json.out)).toMatchObject({
    answer: 'no',
    exitCode: 0,
    overridden: { by: 'break-glass', reason: 'the site is down' },
    decision: { id: expect.any(String) },
  });
  const before = await count();
  const refused = await shell(`${NO} --break-glass --reason 'the site is down'`, await tokenOf('reader'));
  expect(refused).toMatchObject({ exit: 1, err: expect.stringContaining('NOT OVERRIDDEN') });
  expect(await count()).toBe(before);
  for (const flags of [
    '--break-glass',
    "--break-glass --reason ' '",
    '--reason x',
    '--expires-in 2h',
    "--change ''",
  ])
    expect(await shell(`${NO} ${flags}`)).toMatchObject({ exit: 2, out: '' });
});

test.each<[string, string, string, number, string]>([
  ['YAML', 'a.yaml', '- { code: SYMBOLS_UNVERIFIED, owner: web, reason: seen, expires: 2099-01-01 }', 0, ''],
  [
    'TOML',
    'a.toml',
    '[[ignore]]\ncode = "SYMBOLS_UNVERIFIED"\nowner = "web"\nreason = "seen"\nexpires = 2099-01-01',
    0,
    '',
  ],
  [
    'an entry that expired',
    'b.yaml',
    '- { code: SYMBOLS_UNVERIFIED, owner: web, reason: seen, expires: 2020-01-01 }',
    2,
    'SYMBOLS_UNVERIFIED of web expired at 2020-01-01',
  ],
  [
    'no owner',
    'c.yaml',
    '- { code: SYMBOLS_UNVERIFIED, reason: seen, expires: 2099-01-01 }',
    2,
    'must have code, owner',
  ],
  ['another field', 'd.yaml', '- { title: SYMBOLS_UNVERIFIED }', 2, 'unknown field: title'],
  ['no list', 'e.yaml', 'x: 1', 2, 'it has no list'],
  [
    'a code that cannot be accepted',
    'f.yaml',
    '- { code: REPORT_STALE, owner: a, reason: b, expires: 2099-01-01 }',
    2,
    'REPORT_STALE',
  ],
])('--ignore-file with %s', async (_what, file, text, exit, error) => {
  writeFileSync(path.join(folder, file), text);
  // without --authoritative-labels, no waiver of the page applies
  const ask = "klpreg can-i-downgrade --to release:lp-13 --where 'role=web'";
  const done = await shell(`${ask} --ignore-file ${file} --change CHG-3`);
  expect(done).toMatchObject({ exit, err: expect.stringContaining(error) });
  if (exit !== 0) return;
  expect((await shell(ask)).exit).toBe(3);
  const ignored = [{ code: 'SYMBOLS_UNVERIFIED', owner: 'web', reason: 'seen' }];
  expect(JSON.parse(done.out)).toMatchObject({ ignored });
  const { decisions } = await registry.ask(
    '{ decisions(first: 1) { nodes { overridden overrides { allowed ignored { code owner reason } } } } }',
  );
  expect(decisions.nodes).toEqual([{ overridden: true, overrides: { allowed: [], ignored } }]);
});

describe('certificates', () => {
  const verify = (file: string, flags = '--key registry.pem') =>
    shell(`klpreg certificate verify ${file} ${flags}`);
  beforeAll(async () => {
    await shell('klpreg certificate key > registry.pem');
    await shell('openssl genpkey -algorithm ed25519 | openssl pkey -pubout > other.pem');
    await shell(`${YES} --certificate yes.json --expires-in 2h`);
  });

  test('it is verified offline, and by the registry that signed it', async () => {
    const offline = { KLPREG_URL: 'http://127.0.0.1:9' };
    // a file with the keys of a registry may have several
    const done = await shell(
      'cat other.pem registry.pem > keys.pem; klpreg certificate verify yes.json --key keys.pem',
      offline,
    );
    expect(done.exit).toBe(0);
    expect(JSON.parse(done.out)).toMatchObject({ valid: true, certificate: { decision: 'YES' } });
    expect((await verify('yes.json', '')).exit).toBe(0);
    expect((await shell('klpreg certificate show yes.json', offline)).exit).toBe(0);
    expect((await shell('klpreg certificate verify yes.json', offline)).exit).toBe(4);
  });

  test.each([
    ['no.json', NO, '', 1],
    ['cannot-tell.json', `${YES} --where 'role=none'`, '', 3],
    ['overridden.json', NO, " --break-glass --reason 'it burns'", 1],
  ])('%s is valid and holds, with the exit code of its decision', async (file, ask, more, exit) => {
    await shell(`${ask} --certificate ${file}${more}`);
    const done = await verify(file);
    expect(done.exit).toBe(exit);
    expect(JSON.parse(done.out)).toMatchObject({ valid: true, exitCode: exit });
    const check = `klpreg certificate check ${file}`;
    expect(await shell(`${check} -o table`)).toMatchObject({
      exit,
      out: expect.stringContaining('STILL HOLDS'),
    });
    expect((await verify(file, '--key registry.pem --any-decision')).exit).toBe(0);
    expect((await shell(`${check} --any-decision`)).exit).toBe(0);
  });

  test.each<[string, (text: string) => string, string, number, string]>([
    ['a changed byte', (text) => text.replace('"who": "tester"', '"who": "taster"'), '', 1, 'it was changed'],
    [
      'a changed decision',
      (text) => text.replace('"decision": "YES"', '"decision": "NO"'),
      '',
      1,
      'it was changed',
    ],
    ['the key of another registry', (text) => text, '--key other.pem', 1, 'it was signed with the key'],
    [
      'a later expiry',
      (text) => text.replace(/"expiresAt": "20/, '"expiresAt": "21'),
      '',
      1,
      'it was changed',
    ],
    ['a file without a certificate', () => '{}', '', 2, 'is not a certificate'],
    ['a file that is no JSON', () => 'yes', '', 2, 'cannot be read as a certificate'],
    ['a key that is none', (text) => text, '--key yes.json', 2, 'is not an Ed25519 public key'],
  ])('%s is refused', async (_what, change, flags, exit, why) => {
    writeFileSync(
      path.join(folder, 'changed.json'),
      change(readFileSync(path.join(folder, 'yes.json'), 'utf8')),
    );
    const done = await verify('changed.json', flags || '--key registry.pem');
    expect(done.exit).toBe(exit);
    expect(done.out + done.err).toContain(why);
  });

  test('the registry tells whether it still holds, and what changed', async () => {
    const held = await shell('klpreg certificate check yes.json -o table');
    expect(held).toMatchObject({ exit: 0, out: expect.stringContaining('STILL HOLDS') });
    registry.wait(1, 'minutes');
    const list = { livepatches: logged(running('web-1', ['lab_r_1v2_a'])).livepatches };
    await registry.report(later(reports['web-1']!, list));
    const done = await shell('klpreg certificate check yes.json -o table');
    expect(done.exit).toBe(1);
    expect(done.out).toMatch(/DOES NOT HOLD: the decision was YES, and is NO now/);
    expect(done.out).toMatch(/ 0 +1 +REFUSED +STATE_VERSION_TOO_LOW/);
    writeFileSync(
      path.join(folder, 'changed.json'),
      readFileSync(path.join(folder, 'yes.json'), 'utf8').replace('tester', 'taster'),
    );
    expect(await shell('klpreg certificate check changed.json')).toMatchObject({ exit: 1 });
    registry.wait(3, 'hours');
    expect((await shell('klpreg certificate check yes.json -o table')).exit).toBe(1);
  });
});
