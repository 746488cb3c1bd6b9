import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '@klpreg/wire';
import { adminTokenMessage, bootstrapToken } from '../../src/access/bootstrap.js';
import { readConfig } from '../../src/config.js';
import { Database as Connections } from '../../src/database/database.js';
import { Lookups } from '../../src/store/access/lookups.js';
import { TokensStore } from '../../src/store/access/tokens.store.js';
import { copyDatabase, type Database } from '../database.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const START = new Date('2026-11-23T10:00:00Z');
const after = (ms: number) => new Date(START.getTime() + ms);

let database: Database;
let connections: Connections;
let tokens: TokensStore;
let dir: string;
beforeEach(async () => {
  database = await copyDatabase();
  connections = new Connections({ url: database.url, connections: 2 });
  tokens = new TokensStore(connections);
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-tokens-'));
});
afterEach(async () => {
  await connections.$disconnect();
  await database.drop();
  rmSync(dir, { recursive: true });
});

const bootstrap = async (now: Date, environment: Record<string, string> = {}) =>
  bootstrapToken(tokens, readConfig({ KLPREG_DATA: dir, ...environment }), now);
const inFile = () => readFileSync(path.join(dir, 'admin-token'), 'utf8').trim();

test('the first admin token expires, even if it was used a moment before', async () => {
  const made = await bootstrap(START, { KLPREG_ADMIN_TOKEN_DAYS: '2' });
  expect(made).toMatchObject({ kind: 'CREATED', expiresAt: after(2 * DAY_MS) });
  expect(adminTokenMessage(made, dir)).toContain('it expires on 2026-11-25');
  expect(await tokens.find(sha256(inFile()), after(2 * DAY_MS - 1))).toMatchObject({
    role: 'admin',
    scope: null,
  });
  expect(tokens.cached(sha256(inFile()), after(2 * DAY_MS - 1))).toMatchObject({ role: 'admin' });
  expect(tokens.cached(sha256(inFile()), after(2 * DAY_MS))).toBeNull();
  expect(await tokens.find(sha256(inFile()), after(2 * DAY_MS))).toBeNull();
});

test('when no admin token is valid any more, only the setting makes a new one, and the message says so', async () => {
  await bootstrap(START);
  const old = inFile();
  expect(await bootstrap(after(DAY_MS))).toEqual({ kind: 'EXISTS' });
  const none = await bootstrap(after(31 * DAY_MS));
  expect(none).toEqual({ kind: 'NONE_VALID' });
  expect(adminTokenMessage(none, dir)).toContain('KLPREG_NEW_ADMIN_TOKEN=yes');
  expect(inFile()).toBe(old);
  const made = await bootstrap(after(31 * DAY_MS), { KLPREG_NEW_ADMIN_TOKEN: 'yes' });
  expect(made).toMatchObject({ kind: 'CREATED', expiresAt: after(61 * DAY_MS) });
  expect(await tokens.find(sha256(inFile()), after(31 * DAY_MS))).toMatchObject({ role: 'admin' });
});

test('the setting makes no admin token while one is valid', async () => {
  await bootstrap(START);
  expect(await bootstrap(START, { KLPREG_NEW_ADMIN_TOKEN: 'yes' })).toEqual({ kind: 'EXISTS' });
});

test('an admin of a part of the fleet does not count as a valid admin', async () => {
  await bootstrap(START);
  await connections.token.updateMany({ data: { scope: { env: ['test'] } } });
  expect(await bootstrap(START)).toEqual({ kind: 'NONE_VALID' });
});

test('the last use is noted at most once a minute', async () => {
  await bootstrap(START);
  const usedAt = async () => (await connections.token.findFirst())?.lastUsedAt ?? null;
  const noted = async (at: Date) => {
    while ((await usedAt())?.getTime() !== at.getTime()) await sleep(10);
  };
  await tokens.find(sha256(inFile()), START);
  await noted(START);
  await tokens.find(sha256(inFile()), after(59_000));
  expect(await usedAt()).toEqual(START);
  await tokens.find(sha256(inFile()), after(60_000));
  await noted(after(60_000));
});

test('keys that are asked for while a statement runs share the next one, and a failure is theirs only', async () => {
  const asked: (readonly string[])[] = [];
  const answers: (() => void)[] = [];
  const lookups = new Lookups(async (keys) => {
    asked.push(keys);
    await new Promise<void>((resolve) => answers.push(resolve));
    if (keys.includes('bad')) throw new Error('no answer');
    return new Map(keys.filter((key) => key.startsWith('known')).map((key) => [key, key.length]));
  });
  const first = lookups.find('bad');
  await nextTurn();
  const keys = Array.from({ length: 1000 }, (_, i) => (i === 500 ? 'known' : `guess ${i % 700}`));
  const others = Promise.all(keys.map((key) => lookups.find(key)));
  await nextTurn();
  expect(asked).toEqual([['bad']]);
  answers[0]!();
  await expect(first).rejects.toThrow('no answer');
  await nextTurn();
  answers[1]!();
  expect(await others).toEqual(keys.map((key) => (key === 'known' ? 5 : null)));
  expect(asked).toEqual([['bad'], [...new Set(keys)]]);
});
