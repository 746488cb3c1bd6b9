import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dataFolder, findRegistry } from '../src/registry.js';

const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-demo-test-'));
let status = 200;
const server = createServer((_request, response) => response.writeHead(status).end());
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

test('nobody answers: it says how to start a registry', async () => {
  await expect(findRegistry({ KLPREG_URL: 'http://127.0.0.1:1' })).rejects.toThrow(/No registry answers at http:\/\/127\.0\.0\.1:1[^]*npm start/);
});

test('something else answers: it says so', async () => {
  status = 404;
  await expect(findRegistry({ KLPREG_URL: url, KLPREG_TOKEN: 't' })).rejects.toThrow('HTTP 404 for /readyz');
  status = 200;
});

test('the token is the one that was given, else the first line of the one that the registry wrote', async () => {
  const data = path.join(folder, 'data');
  mkdirSync(data);
  writeFileSync(path.join(data, 'admin-token'), 'klpreg_first\nsecond\n');
  expect(await findRegistry({ KLPREG_URL: `${url}/`, KLPREG_DATA: data })).toEqual({ url, token: 'klpreg_first' });
  expect(await findRegistry({ KLPREG_URL: url, KLPREG_DATA: data, KLPREG_TOKEN: 'given' })).toEqual({ url, token: 'given' });
});

test('no token anywhere: it says where it looked', async () => {
  await expect(findRegistry({ KLPREG_URL: url, KLPREG_DATA: path.join(folder, 'none') })).rejects.toThrow(path.join(folder, 'none', 'admin-token'));
  expect(dataFolder({})).toBe(path.resolve('.data'));
});
