// The rates of heartbeats and of reports that change the host: over HTTP, authenticated and durable.
// The baseline is bare Fastify with pg.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drive, median, percentile } from './drive.mjs';
import { enrol } from './enrolled.mjs';
import { countDifferences } from './fill.mjs';
import { TOKEN } from './registry.mjs';

const FLOOR = path.resolve(import.meta.dirname, '../../server/bench/floor.mjs');
export const CONNECTIONS = 256;
/** Hosts that send with a credential of their own. Each enrolment is a transaction. */
const ENROLLED = 1_000;
/** Warm-up rounds, which are not counted. */
const WARM_UP = 3;

async function startFloor(...args) {
  const port = 18_000 + Math.floor(Math.random() * 900);
  const child = spawn(process.execPath, [FLOOR, ...args], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 300 && !(await fetch(`${url}/readyz`).catch(() => null))?.ok; i++) await sleep(100);
  return { url, stop: () => new Promise((resolve) => child.once('exit', resolve).kill('SIGTERM')) };
}

/** UNCHANGED is correct: an earlier run may have left some hosts in the setup that they get now. */
const isStored = (answer) => answer.includes('"STORED"') || answer.includes('"UNCHANGED"');

/** Returns a sequence above those of all messages. */
export async function nextSequence(sql) {
  const { rows } = await sql.query('SELECT coalesce(max(sequence), 0) + 1 AS next FROM host_heartbeat');
  return Number(rows[0].next);
}

/**
 * Returns a function that returns one text after the other, then null. The texts are made before the
 * measurement.
 */
export function prepared(texts) {
  let i = 0;
  return () => (i < texts.length ? texts[i++] : null);
}

/** Returns hosts whose heartbeats are confirmed. */
export async function hostsWithHeartbeats(sql) {
  const { rows } = await sql.query(
    `SELECT host_id AS instance, boot_id AS "bootId", digest
       FROM host_heartbeat
      WHERE superseded_at IS NULL
        AND recheck_at IS NULL
      LIMIT 100000`,
  );
  return rows;
}

/** Returns a heartbeat of each host that confirms its report. */
export function heartbeatTexts(hosts, sequence) {
  const at = Date.now();
  const clock = `{"wall":"${new Date(at).toISOString()}","observedMs":${at},"sentMs":${at}}`;
  return hosts.map(({ instance, bootId, digest }) => {
    const host = `"instance":"${instance}","bootId":"${bootId}"`;
    return `{"schema":"heartbeat/v1",${host},"sequence":${sequence},"digest":"${digest}","clock":${clock}}`;
  });
}

/**
 * Returns enough reports for the given seconds. Each host boots with the setup of another one, so that all
 * reports differ.
 */
export function changedReports(fleet, seconds, sequence) {
  const at = Date.now();
  const amount = Math.min(fleet.hosts, Math.ceil(seconds * 6_000));
  const shift = 1 + Math.floor(Math.random() * (fleet.hosts - 1));
  return Array.from({ length: amount }, (_, n) => {
    fleet.boot(n, fleet.setup((n + shift) % fleet.hosts), at);
    return fleet.reportText(n, { sequence, at });
  });
}

export async function heartbeat({ server, sql, emit, seconds }) {
  const hosts = await hostsWithHeartbeats(sql);
  const enrolled = hosts.slice(0, ENROLLED);
  const credentials = await enrol(
    server.url,
    enrolled.map(({ instance }) => instance),
  );
  const rounds = 6;
  const each = seconds / rounds;
  const floor = await startFloor();
  const [ours, theirs, times] = [[], [], []];
  const [byToken, byCredential] = [[], []];
  let sequence = await nextSequence(sql);
  const texts = () => heartbeatTexts(hosts, ++sequence);
  /** Heartbeats of the enrolled hosts, as many as a round may need. */
  const enrolledTexts = () =>
    Array.from({ length: Math.ceil(each * 20) }, () => heartbeatTexts(enrolled, ++sequence)).flat();
  const isConfirmed = (answer) => answer.includes('"CONFIRMED"');
  /** Of few hosts, a heartbeat may overtake the one before it. */
  const isTaken = (answer) => isConfirmed(answer) || answer.includes('"SUPERSEDED"');
  const send = (url, list, check = isConfirmed) =>
    drive({
      url,
      path: '/v1/heartbeats',
      token: TOKEN,
      connections: CONNECTIONS,
      seconds: each,
      next: prepared(list),
      check,
    });
  try {
    for (let round = -WARM_UP; round < rounds; round++) {
      const [bare, mine] = [await send(floor.url, texts()), await send(server.url, texts())];
      if (round < 0) continue;
      theirs.push(bare.rate);
      const byOneToken = () => send(server.url, enrolledTexts(), isTaken);
      const byTheirOwn = () => {
        const list = enrolledTexts().map((text, i) => [text, credentials[i % credentials.length]]);
        return send(server.url, list, isTaken);
      };
      // whichever comes second finds more dead rows, so that they take turns
      const inOrder = round % 2 === 0 ? [byOneToken, byTheirOwn] : [byTheirOwn, byOneToken];
      const results = [await inOrder[0](), await inOrder[1]()];
      const [shared, own] = round % 2 === 0 ? results : results.toReversed();
      for (const { wrong, firstWrong } of [mine, shared, own])
        if (wrong > 0) throw new Error(`${wrong} heartbeats were not confirmed; the first: ${firstWrong}`);
      ours.push(mine.rate);
      times.push(...mine.times);
      byToken.push(shared.rate);
      byCredential.push(own.rate);
    }
  } finally {
    await floor.stop();
    await sql.query('DROP TABLE floor_heartbeat, floor_report');
  }
  emit({
    bench: 'heartbeat',
    metric: 'confirmed',
    value: median(ours),
    unit: '1/s',
    floor: median(theirs),
    ratio: median(ours) / median(theirs),
    of: 'of bare Fastify and pg',
    p99: percentile(times, 0.99),
  });
  emit({
    bench: 'heartbeat',
    metric: 'confirmed, by credentials of hosts',
    value: median(byCredential),
    unit: '1/s',
    floor: median(byToken),
    ratio: median(byCredential) / median(byToken),
    of: 'of the same hosts by one token',
  });
}

export async function report({ server, sql, fleet, emit, seconds }) {
  const rounds = 3;
  const each = seconds / rounds / 3;
  const [floor, prisma] = [await startFloor(), await startFloor('--prisma')];
  const [ours, theirs, upserts] = [[], [], []];
  let sequence = await nextSequence(sql);
  const changed = () => changedReports(fleet, each, ++sequence);
  const send = (url, list, check = isStored) =>
    drive({
      url,
      path: '/v1/reports',
      token: TOKEN,
      connections: CONNECTIONS,
      seconds: each,
      next: prepared(list),
      check,
    });
  try {
    for (let round = -WARM_UP; round < rounds; round++) {
      const [bare, mine] = [await send(floor.url, changed()), await send(server.url, changed())];
      if (round < 0) continue;
      theirs.push(bare.rate);
      if (mine.wrong > 0)
        throw new Error(`${mine.wrong} reports were not stored; the first: ${mine.firstWrong}`);
      ours.push(mine.rate);
      upserts.push((await send(prisma.url, changed(), () => true)).rate);
    }
  } finally {
    await floor.stop();
    await prisma.stop();
    await sql.query('DROP TABLE floor_heartbeat, floor_report');
    await sql.query("DELETE FROM host WHERE retired_by = 'bench'");
  }
  if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
  emit({
    bench: 'report',
    metric: 'stored',
    value: median(ours),
    unit: '1/s',
    floor: median(theirs),
    ratio: median(ours) / median(theirs),
    of: 'of bare Fastify and pg',
  });
  emit({
    bench: 'report',
    metric: 'stored, compared with a Prisma upsert each',
    value: median(ours),
    unit: '1/s',
    floor: median(upserts),
    ratio: median(ours) / median(upserts),
    of: 'times a Prisma upsert',
  });
}
