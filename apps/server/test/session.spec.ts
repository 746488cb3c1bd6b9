import { randomUUID } from 'node:crypto';
import net from 'node:net';
import pg from 'pg';
import { Database as Connections } from '../src/database/database.js';
import { copyDatabase, type Database } from './database.js';

let database: Database;
let client: pg.Client;
const open: { $disconnect(): Promise<void> }[] = [];
beforeEach(async () => {
  database = await copyDatabase();
  client = new pg.Client(database.url);
  client.on('error', () => undefined); // the database is dropped under it
  await client.connect();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.$disconnect();
  await client.end();
  await database.drop();
});

/**
 * A pooler that drops start-up parameters, as PgBouncer does with `ignore_startup_parameters`: passes on the
 * user and the database alone.
 */
async function pooler(): Promise<{ url: string; close(): void }> {
  const target = new URL(database.url);
  const server = net.createServer((socket) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    socket.once('data', (startup) => {
      const words = startup.subarray(8).toString().split('\0');
      const kept = words.flatMap((word, i) =>
        i % 2 === 0 && ['user', 'database'].includes(word) ? [word, words[i + 1]!] : [],
      );
      const body = Buffer.from([...kept, '', ''].join('\0'));
      const head = Buffer.alloc(8);
      head.writeInt32BE(body.length + 8, 0);
      startup.copy(head, 4, 4, 8);
      upstream.write(Buffer.concat([head, body]));
      socket.pipe(upstream).pipe(socket);
    });
    for (const one of [socket, upstream]) one.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(database.url);
  url.port = String((server.address() as net.AddressInfo).port);
  return { url: url.toString(), close: () => server.close() };
}

function connect(url: string): Connections {
  const connections = new Connections({ url, connections: 1 });
  open.push(connections);
  return connections;
}

/** The address with a role of its own that has this setting. */
async function asRole(url: string, setting: string): Promise<string> {
  const role = `role_${randomUUID().replaceAll('-', '')}`;
  await client.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'x'`);
  await client.query(`ALTER ROLE ${role} SET ${setting}`);
  const own = new URL(url);
  [own.username, own.password] = [role, 'x'];
  return own.toString();
}

test.each([
  [
    "TimeZone = 'Europe/Berlin'",
    'The session with the database is in the time zone Europe/Berlin and must be in UTC: ALTER ROLE',
  ],
  ["TimeZone = 'Europe/London'", 'is in the time zone Europe/London'],
  ["DateStyle = 'German'", 'writes dates as German, DMY and must write them as ISO'],
])(
  'a session with %s behind a pooler that drops start-up parameters is refused before anything is asked on it',
  async (setting, sentence) => {
    const between = await pooler();
    const connections = connect(await asRole(between.url, setting));
    await expect(connections.check()).rejects.toThrow(sentence);
    await expect(connections.$queryRaw`SELECT 1`).rejects.toThrow(sentence);
    between.close();
  },
);

test('the error for a role that may read no table says what it needs', async () => {
  const role = `role_${randomUUID().replaceAll('-', '')}`;
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  const own = new URL(database.url);
  [own.username, own.password] = [role, 'x'];
  await expect(connect(own.toString()).check()).rejects.toThrow(
    /may not do what the registry needs \(permission denied for table epoch\)/,
  );
});

test('the same role is served in UTC where start-up parameters arrive', async () => {
  const connections = connect(await asRole(database.url, "TimeZone = 'Europe/Berlin'"));
  expect(await connections.$queryRaw`SELECT current_setting('TimeZone') AS zone`).toEqual([{ zone: 'UTC' }]);
});

test('a session behind such a pooler is served where its role is in UTC', async () => {
  const between = await pooler();
  const connections = connect(await asRole(between.url, "TimeZone = 'Etc/UTC'"));
  await connections.check();
  between.close();
});
