import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Endpoint, post } from './crash/endpoint.js';
import { ServerProcess } from './crash/processes.js';
import { SilentProxy } from './crash/proxy.js';
import { copyDatabase, type Database } from './database.js';
import { running } from './registry.js';

jest.setTimeout(180_000);

let dir: string;
let database: Database;
let proxy: SilentProxy;
let server: ServerProcess;
let endpoint: Endpoint;
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-silent-'));
  database = await copyDatabase();
  proxy = await SilentProxy.before(database.url);
  server = await ServerProcess.start(dir, { DATABASE_URL: proxy.url });
  endpoint = { url: server.url, token: readFileSync(path.join(dir, 'admin-token'), 'utf8').trim() };
});
afterAll(async () => {
  await server?.kill();
  proxy?.stop();
  await database?.drop();
  rmSync(dir, { recursive: true, force: true });
});

const report = async (name: string) => post(endpoint, '/v1/reports', running(name, []));
const statusOf = async (name: string) => (await report(name))?.status ?? 'no answer';
const readiness = async () => (await fetch(`${server.url}/readyz`)).status;
async function untilStored(name: string): Promise<void> {
  for (let status = await statusOf(name); status !== 200; status = await statusOf(name)) {
    expect(status).toBe(503);
    await sleep(100);
  }
}

test('silent connections are closed: messages get 503 meanwhile, and new connections are used', async () => {
  expect(await statusOf('web-1')).toBe(200);
  proxy.drop(false);
  await untilStored('web-2');
  const { canDowngrade } = (await post(endpoint, '/graphql', {
    query: '{ canDowngrade(to: { original: true }) { counts { total } } }',
  }))!.body.data;
  expect(canDowngrade.counts.total).toBe(2);
});

test('while new connections are also silent, a server is not ready and answers 503; then it stores again', async () => {
  proxy.drop(true);
  expect(await statusOf('web-3')).toBe(503);
  expect(await readiness()).toBe(503);
  proxy.restore();
  await untilStored('web-3');
  while ((await readiness()) !== 200) await sleep(100);
  expect(server.output.match(/the database has errors/g)?.length).toBeLessThanOrEqual(2);
  expect(server.output).not.toMatch(/^\s+at /m);
});
