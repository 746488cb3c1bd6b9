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

test('without a server, the error says how to start a registry', async () => {
  const message = /No registry answers at http:\/\/127\.0\.0\.1:1[^]*npm start/;
  await expect(findRegistry({ KLPREG_URL: 'http://127.0.0.1:1' })).rejects.toThrow(message);
});

test('with another server, the error has its HTTP status', async () => {
  status = 404;
  await expect(findRegistry({ KLPREG_URL: url, KLPREG_TOKEN: 't' })).rejects.toThrow('HTTP 404 for /readyz');
  status = 200;
});

test('the token is KLPREG_TOKEN, else the first line of the file admin-token', async () => {
  const data = path.join(folder, 'data');
  mkdirSync(data);
  writeFileSync(path.join(data, 'admin-token'), 'klpreg_first\nsecond\n');
  expect(await findRegistry({ KLPREG_URL: `${url}/`, KLPREG_DATA: data })).toEqual({
    url,
    token: 'klpreg_first',
  });
  expect(await findRegistry({ KLPREG_URL: url, KLPREG_DATA: data, KLPREG_TOKEN: 'given' })).toEqual({
    url,
    token: 'given',
  });
});

test('without a token, the error names the file', async () => {
  const data = path.join(folder, 'none');
  await expect(findRegistry({ KLPREG_URL: url, KLPREG_DATA: data })).rejects.toThrow(
    path.join(data, 'admin-token'),
  );
  expect(dataFolder({})).toBe(path.resolve('.data'));
});
