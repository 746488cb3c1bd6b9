import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Database } from '../../src/database/database.js';
import { AuditAnchor } from '../../src/maintenance/audit-anchor.js';
import { hasValidSignature } from '../../src/store/access/audit-chain.js';
import { readAuditKey } from '../../src/store/access/audit-key.js';
import { AuditStore } from '../../src/store/access/audit.store.js';
import { giveToken } from '../access/give-token.js';
import { Registry } from '../registry.js';

let registry: Registry;
let db: Database;
beforeAll(async () => {
  registry = await Registry.start();
  db = registry.app.get(Database);
});
beforeEach(() => registry.reset());
afterAll(() => registry.stop());

const addHost = (name: string) =>
  registry.send('POST', '/graphql', {
    query: 'mutation ($name: String!) { addHost(input: { hostname: $name }) { id } }',
    variables: { name },
  });
const ask = async (query: string, variables: object = {}) => {
  const { body } = await registry.send('POST', '/graphql', { query, variables });
  expect(body).not.toHaveProperty('errors');
  return (body as { data: Record<string, any> }).data;
};
const check = async (head: object | null = null) =>
  (
    await ask(
      'query ($head: AuditHeadInput) { auditCheck(head: $head) { ' +
        'checked next problems { number kind message } } }',
      { head },
    )
  )['auditCheck'];
const LIST = `query ($first: Int, $after: String, $action: AuditAction) {
  auditLog(first: $first, after: $after, where: { action: $action }) {
    totalCount pageInfo { hasNextPage endCursor } nodes { number at who action subject detail link }
  }
}`;

test('changes are listed, the newest first, in pages, and the chain has no problem', async () => {
  for (let i = 1; i <= 5; i++) await addHost(`web-${i}`);
  const { auditLog } = await ask(LIST, { first: 3 });
  expect(auditLog.totalCount).toBe(5);
  expect(auditLog.nodes.map(({ number }: { number: string }) => number)).toEqual(['5', '4', '3']);
  expect(auditLog.nodes[0]).toMatchObject({ who: 'tester', action: 'ADD_HOST' });
  const rest = (await ask(LIST, { first: 3, after: auditLog.pageInfo.endCursor })).auditLog;
  expect(rest.nodes.map(({ number }: { number: string }) => number)).toEqual(['2', '1']);
  expect(rest.pageInfo.hasNextPage).toBe(false);
  expect((await ask(LIST, { action: 'RETIRE_HOST' })).auditLog.totalCount).toBe(0);
  expect(await check()).toEqual({ checked: 5, next: null, problems: [] });
});

test('changes at the same time follow each other in the chain', async () => {
  await Promise.all(Array.from({ length: 12 }, (_, i) => addHost(`db-${i}`)));
  expect(await check()).toEqual({ checked: 12, next: null, problems: [] });
});

test('a changed row, a removed row and a cut end are found', async () => {
  for (let i = 1; i <= 4; i++) await addHost(`web-${i}`);
  const { auditHead } = await ask('{ auditHead { number link signedAt publicKey signature } }');
  const head = { number: auditHead.number, link: auditHead.link };
  const signedAt = new Date(auditHead.signedAt);
  expect(hasValidSignature({ ...auditHead, number: BigInt(auditHead.number), signedAt })).toBe(true);
  expect((await check(head)).problems).toEqual([]);

  await db.$executeRaw`UPDATE audit SET who = 'another' WHERE number = 2`;
  expect((await check()).problems).toMatchObject([{ number: '2', kind: 'CHANGED' }]);
  await db.$executeRaw`UPDATE audit SET who = 'tester' WHERE number = 2`;
  expect((await check()).problems).toEqual([]);

  await db.$executeRaw`DELETE FROM audit WHERE number = 4`;
  expect((await check()).problems).toEqual([]);
  expect((await check(head)).problems).toMatchObject([{ number: '4', kind: 'TRUNCATED' }]);

  // the log goes on after the cut: the kept head still shows it
  await addHost('web-5');
  expect((await check()).problems).toEqual([]);
  expect((await check(head)).problems).toMatchObject([{ number: '4', kind: 'HEAD_DIFFERS' }]);

  await db.$executeRaw`DELETE FROM audit WHERE number = 1`;
  expect((await check()).problems).toMatchObject([{ number: '2', kind: 'MISSING' }]);
});

test('numbers beyond those of a log are answered', async () => {
  await addHost('web-1');
  const most = String(2n ** 64n - 1n);
  const beyond = await ask(
    'query ($n: UInt64!) { auditCheck(from: $n, head: { number: $n, ' +
      'link: "" }) { checked problems { kind } } }',
    { n: most },
  );
  expect(beyond['auditCheck']).toEqual({ checked: 0, problems: [{ kind: 'TRUNCATED' }] });
  const after = Buffer.from(JSON.stringify([most])).toString('base64url');
  expect((await ask(LIST, { after })).auditLog.nodes).toHaveLength(1);
});

test('a refused attempt at a privileged field or route is recorded, and one at reading is not', async () => {
  const headers = { ...(await giveToken(registry, 'reader')), 'content-type': 'application/json' };
  const attempt = (method: 'POST' | 'PUT', url: string, payload: object) =>
    registry.app.getHttpAdapter().getInstance().inject({ method, url, headers, payload });
  const query = 'mutation { addHost(input: { hostname: "web-1" }) { id } }';
  expect((await attempt('POST', '/graphql', { query })).statusCode).toBe(403);
  expect((await attempt('PUT', '/v1/patches/00', {})).statusCode).toBe(403);
  expect((await attempt('POST', '/graphql', { query: '{ states { totalCount } }' })).statusCode).toBe(200);
  for (let i = 0; i < 100 && (await db.audit.count()) < 2; i++) await setTimeout(50);
  const { auditLog } = await ask(LIST, { action: 'REFUSED' });
  expect(auditLog.nodes.map(({ who, subject }: Record<string, string>) => [who, subject]).sort()).toEqual([
    ['test reader', 'Mutation.addHost'],
    ['test reader', 'PUT /v1/patches/:buildId'],
  ]);
  expect(await check()).toMatchObject({ problems: [] });
});

test('an action that this version does not know is OTHER', async () => {
  await addHost('web-1');
  await db.$executeRaw`UPDATE audit SET action = 'of-a-later-version'`;
  for (const variables of [{}, { action: 'OTHER' }])
    expect((await ask(LIST, variables)).auditLog.nodes).toMatchObject([{ action: 'OTHER' }]);
  expect((await ask(LIST, { action: 'ADD_HOST' })).auditLog.totalCount).toBe(0);
});

test('the same refusal is recorded at most once a minute', async () => {
  const audit = registry.app.get(AuditStore);
  const refusal = { who: 'reader-1', action: 'refused', subject: 'retireHost' } as const;
  for (let i = 0; i < 3; i++) await audit.recordRefusal(refusal);
  await audit.recordRefusal({ ...refusal, subject: 'addHost' });
  expect((await ask(LIST, { action: 'REFUSED' })).auditLog.totalCount).toBe(2);
});

test('the signed head is sent to the webhook when the log has grown, and again after a failure', async () => {
  const received: { number: string }[] = [];
  let status = 500;
  const receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      received.push(JSON.parse(text) as { number: string });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as { port: number };
  const config = { auditWebhook: `http://127.0.0.1:${port}/heads` };
  const anchor = new AuditAnchor(registry.app.get(AuditStore), config as never);
  try {
    await anchor.send();
    expect(received).toEqual([]);
    await addHost('web-1');
    await anchor.send();
    status = 200;
    await anchor.send();
    await anchor.send();
    await addHost('web-2');
    await anchor.send();
    expect(received.map(({ number }) => number)).toEqual(['1', '1', '2']);
    expect(received[0]).toMatchObject({ schemaVersion: 1, signature: expect.any(String) });
  } finally {
    receiver.close();
  }
});

test('the key is made once, and a file that every user can read, or of another format, is refused', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'klpreg-audit-'));
  try {
    const file = path.join(folder, 'new', 'audit-key');
    const keys = await Promise.all(Array.from({ length: 8 }, () => readAuditKey(file)));
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
    const text = await readFile(file, 'utf8');
    await chmod(file, 0o644);
    await expect(readAuditKey(file)).rejects.toThrow(/can be read or changed by other users .*make it 0600/s);
    await chmod(file, 0o640);
    expect((await readAuditKey(file)).id).toBe(keys[0]!.id);
    await writeFile(file, text.slice(3));
    await expect(readAuditKey(file)).rejects.toThrow(/43 base64url characters, found 40 characters/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
