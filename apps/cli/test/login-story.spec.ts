import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Browser } from './issuer/browser.js';
import { klpreg, TestEnvironment } from './environment.js';

jest.setTimeout(180_000);

const SERVER = path.join(__dirname, '../../server/dist/main.js');
const PROVIDER = path.join(__dirname, 'issuer/provider.mjs');
const data = mkdtempSync(path.join(tmpdir(), 'klpreg-login-'));
const roles = path.join(data, 'roles.yaml');
const credentials = path.join(data, 'klpreg', 'credentials.json');
const running: ChildProcess[] = [];
let issuer: string;
let url: string;

/** Starts a program, and waits for the address that it prints. */
async function start(file: string, environment: Record<string, string>, wanted: RegExp): Promise<string> {
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  return new Promise<string>((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = wanted.exec(output);
        if (found) resolve(found[1]!);
      });
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}:\n${output}`)));
  });
}

beforeAll(async () => {
  writeFileSync(
    roles,
    '- { value: ops, role: admin }\n- { value: web-team, role: reader, scope: { env: [prod] } }\n',
  );
  issuer = await start(PROVIDER, {}, /issuer (http:\S+)/);
  const settings = {
    KLPREG_PORT: '0',
    KLPREG_DATA: path.join(data, 'registry'),
    KLPREG_ACCESS: 'on',
    KLPREG_OIDC_ISSUER: issuer,
    KLPREG_OIDC_CLIENT_ID: 'klpreg',
    KLPREG_OIDC_ROLES_FILE: roles,
    KLPREG_OIDC_ALLOW_HTTP: 'yes',
    KLPREG_OIDC_ALLOW_PRIVATE: 'yes',
  };
  url = await start(SERVER, settings, /listening on (http:\S+)/);
});
afterEach(() => rmSync(path.dirname(credentials), { recursive: true, force: true }));
afterAll(async () => {
  for (const child of running.toReversed()) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(data, { recursive: true, force: true });
});

/** A person at a terminal, with the clock of the registry and of the issuer. */
class Person extends TestEnvironment {
  private waiting: { readonly wanted: RegExp; readonly found: (text: string) => void } | null = null;
  override readonly stderr = {
    write: (text: string) => void this.note(text),
    isTTY: false,
    columns: undefined,
  };

  constructor() {
    super({ XDG_CONFIG_HOME: data });
    this.time = Date.now();
  }

  async run(...words: string[]) {
    [this.out, this.err] = ['', ''];
    return klpreg([...words, '--url', url], {}, this);
  }

  /** What the program writes to the terminal that has this form. */
  async reads(wanted: RegExp): Promise<string> {
    return new Promise((found) => (this.waiting = { wanted, found }));
  }

  private note(text: string): void {
    this.err += text;
    const found = this.waiting?.wanted.exec(this.err)?.[1];
    if (found === undefined) return;
    this.waiting!.found(found);
    this.waiting = null;
  }
}

/** Signs in with a browser on the same machine. */
async function signIn(person: Person, account: string, ...words: string[]) {
  const shown = person.reads(/(http:\S+)\n/);
  const ended = person.run('login', ...words);
  const page = await new Browser(account).signIn(await shown);
  return { ...(await ended), page };
}

interface Stored {
  readonly logins: Record<string, { idToken: string; refreshToken: string; expiresAt: number }>;
}
const stored = () => (JSON.parse(readFileSync(credentials, 'utf8')) as Stored).logins[url]!;

test('login with a browser: the account has its role, the file is private, and logout ends it', async () => {
  const alice = new Person();
  expect(await alice.run('hosts')).toMatchObject({ exit: 5, err: expect.stringContaining('klpreg login') });
  const { exit, out, page } = await signIn(alice, 'alice');
  expect(page).toContain('Go back to the terminal');
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, registry: url, issuer, subject: 'alice' });
  expect(statSync(credentials).mode & 0o777).toBe(0o600);

  expect(await alice.run('host', 'add', 'web-1', '--label', 'env=prod')).toMatchObject({ exit: 0 });
  expect(await alice.run('host', 'add', 'db-1', '--label', 'env=test')).toMatchObject({ exit: 0 });
  const log = JSON.parse((await alice.run('audit', 'list')).out) as { entries: { who: string }[] };
  expect(log.entries.map(({ who }) => who)).toContain(`oidc:alice@${issuer.slice(7)}`);

  const { refreshToken } = stored();
  expect(await alice.run('logout', '-o', 'table')).toMatchObject({ exit: 0, out: `signed out of ${url}\n` });
  expect(stored()).toBeUndefined();
  const form = { grant_type: 'refresh_token', client_id: 'klpreg', refresh_token: refreshToken };
  const used = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
  expect(await used.json()).toMatchObject({ error: 'invalid_grant' });
  expect(await alice.run('hosts')).toMatchObject({ exit: 5 });
  expect(await alice.run('logout')).toMatchObject({ exit: 0, out: expect.stringContaining('false') });
});

test('login with a device: a scoped account sees its hosts only', async () => {
  const bob = new Person();
  const shown = bob.reads(/or open (http:\S+)\n/);
  const ended = bob.run('login', '--device', '-o', 'table');
  const page = await new Browser('bob').signIn(await shown, { confirm: 'yes' });
  expect(page).toMatch(/successful|Continue|Success/);
  expect(await ended).toMatchObject({ exit: 0, out: `signed in to ${url} as bob of ${issuer}\n` });
  const { hosts } = JSON.parse((await bob.run('hosts')).out) as { hosts: { hostname: string }[] };
  expect(hosts.map(({ hostname }) => hostname)).toEqual(['web-1']);
  expect(await bob.run('host', 'add', 'x')).toMatchObject({
    exit: 5,
    err: expect.stringContaining('FORBIDDEN'),
  });
});

test('an account without a role is refused at once, and nothing is stored', async () => {
  const eve = new Person();
  const { exit, err } = await signIn(eve, 'eve');
  expect(exit).toBe(5);
  expect(err).toContain('has no role in this registry');
  expect(() => stored()).toThrow('ENOENT');
});

test('a token that expires is renewed, once for several programs, until the sign-in has ended', async () => {
  const alice = new Person();
  await signIn(alice, 'alice');
  const first = stored();
  alice.time += 3600_000;
  // a second use of one refresh token would end the sign-in
  const others = [1, 2, 3].map(() => new Person());
  for (const other of others) other.time = alice.time;
  const done = await Promise.all([alice, ...others].map((person) => person.run('hosts')));
  expect(done.map(({ exit, err }) => ({ exit, err }))).toEqual(done.map(() => ({ exit: 0, err: '' })));
  expect(stored().refreshToken).not.toBe(first.refreshToken);
  expect(stored().expiresAt).toBeGreaterThanOrEqual(first.expiresAt);

  const old = { ...stored(), refreshToken: first.refreshToken };
  writeFileSync(credentials, JSON.stringify({ schemaVersion: 1, logins: { [url]: old } }));
  expect(await alice.run('hosts')).toMatchObject({ exit: 5, err: expect.stringContaining('klpreg login') });
  // and signing in again is possible
  expect(await signIn(alice, 'alice')).toMatchObject({ exit: 0 });
});

test('a file that others can read is refused, and a token takes precedence over a sign-in', async () => {
  const alice = new Person();
  await signIn(alice, 'alice');
  chmodSync(credentials, 0o644);
  expect(await alice.run('hosts')).toMatchObject({ exit: 2, err: expect.stringContaining('make it 0600') });
  expect(await alice.run('hosts', '--token', 'unknown')).toMatchObject({ exit: 5 });
  chmodSync(credentials, 0o600);
  expect(await alice.run('hosts')).toMatchObject({ exit: 0 });
});

test('a page that sends the browser back with another state does not end the sign-in', async () => {
  const alice = new Person();
  const shown = alice.reads(/(http:\S+)\n/);
  const ended = alice.run('login');
  const address = await shown;
  const back = new URL(new URL(address).searchParams.get('redirect_uri')!);
  for (const query of ['?code=x', '?code=x&state=y', '?error=access_denied&state=y'])
    expect((await fetch(`${back.href}${query}`)).status).toBe(404);
  // a path that is no address
  expect((await fetch(`${back.origin}//`)).status).toBe(404);
  const state = new URL(address).searchParams.get('state')!;
  const rebound = await fetch(`http://localhost:${back.port}/callback?code=x&state=${state}`);
  expect(rebound.status).toBe(404);
  await new Browser('alice').signIn(address);
  expect(await ended).toMatchObject({ exit: 0 });
});

test('a refused sign-in, and a code of somebody else, end with 5 and say what to do', async () => {
  for (const [answer, message] of [
    ['error=access_denied', /the sign-in was refused/],
    ['code=of-somebody-else', /has ended, or was used already/],
  ] as const) {
    const person = new Person();
    const shown = person.reads(/(http:\S+)\n/);
    const ended = person.run('login');
    const asked = new URL(await shown).searchParams;
    const parameters = `${answer}&state=${asked.get('state')!}&iss=${encodeURIComponent(issuer)}`;
    await fetch(`${asked.get('redirect_uri')!}?${parameters}`);
    const { exit, err } = await ended;
    expect(err).toMatch(message);
    expect(err).toContain('klpreg login');
    expect(exit).toBe(5);
  }
});
