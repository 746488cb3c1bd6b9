// The same work with nothing around it: bare Fastify and bare pg, batched as the registry batches. Heartbeats
// update one narrow row; reports are stored as they came. With --prisma, what a user would write first
// instead: one Prisma upsert for each report.

import Fastify from 'fastify';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../dist/database/generated/client.js';

const BATCH = 500;
const WAIT_MS = 3;
const PARALLEL = 4;

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
await pool.query(
  'CREATE TABLE IF NOT EXISTS floor_heartbeat (bucket smallint, host_id uuid, sequence bigint, digest ' +
    'text, at timestamptz, PRIMARY KEY (bucket, host_id)) WITH (fillfactor = 50)',
);
await pool.query(
  'CREATE TABLE IF NOT EXISTS floor_report (bucket smallint, host_id uuid, sequence bigint, digest ' +
    'text, document jsonb, PRIMARY KEY (bucket, host_id))',
);
const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

function batched(work) {
  const waiting = [];
  let running = 0;
  let timer = null;
  const start = () => {
    timer = null;
    while (running < PARALLEL && waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      running += 1;
      work(batch.map(({ item }) => item))
        .then(
          () => batch.forEach(({ resolve }) => resolve()),
          (error) => batch.forEach(({ reject }) => reject(error)),
        )
        .finally(() => {
          running -= 1;
          if (waiting.length > 0) start();
        });
    }
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (waiting.length >= BATCH) start();
      else timer ??= setTimeout(start, WAIT_MS);
    });
}
const bucketOf = (id) => Number.parseInt(id.slice(-2), 16);

const heartbeat = batched(async (items) => {
  await pool.query({
    name: 'heartbeat',
    text: `INSERT INTO floor_heartbeat AS b SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[])
           ON CONFLICT (bucket, host_id) DO UPDATE SET sequence = excluded.sequence, at = excluded.at WHERE b.sequence < excluded.sequence`,
    values: [
      items.map((one) => bucketOf(one.instance)),
      items.map((one) => one.instance),
      items.map((one) => one.sequence),
      items.map((one) => one.digest),
      items.map(() => new Date().toISOString()),
    ],
  });
});
const report = batched(async (items) => {
  await pool.query({
    name: 'report',
    text: `INSERT INTO floor_report AS b SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[], $5::jsonb[])
           ON CONFLICT (bucket, host_id) DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest, document = excluded.document WHERE b.sequence < excluded.sequence`,
    values: [
      items.map((one) => bucketOf(one.host.instance)),
      items.map((one) => one.host.instance),
      items.map((one) => one.sequence),
      items.map((one) => one.digest),
      items.map((one) => JSON.stringify(one)),
    ],
  });
});

const { labelSetId } = (await prisma.host.findFirst({ select: { labelSetId: true } })) ?? {};
/** Into hosts of its own, which count nowhere. */
async function upsert(one) {
  const id = `ffffffff${one.host.instance.slice(8)}`;
  const now = new Date();
  const data = {
    hostname: one.host.hostname,
    labelSetId,
    sequence: BigInt(one.sequence),
    digest: one.digest,
    detail: one,
    observedAt: now,
    retiredAt: now,
    retiredBy: 'bench',
  };
  const key = { bucket: bucketOf(id), id };
  await prisma.host.upsert({
    where: { bucket_id: key },
    create: { ...key, ...data, addedAt: now, since: now, openedBy: 0n },
    update: data,
  });
}

const app = Fastify();
app.post('/v1/heartbeats', (request) => heartbeat(request.body).then(() => ({ outcome: 'CONFIRMED' })));
const store = process.argv.includes('--prisma') ? upsert : report;
app.post('/v1/reports', (request) => store(request.body).then(() => ({ outcome: 'STORED' })));
app.get('/readyz', () => Promise.resolve({}));
await app.listen({ port: Number(process.env.PORT) });
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
