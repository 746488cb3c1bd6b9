// Load peaks: a rollout to a tenth of the fleet while a query runs,
// and the reconnection of all agents after an outage of the registry (thundering herd).

import { setTimeout as sleep } from 'node:timers/promises';
import { writeHeartbeat } from '../dist/fleet/messages.js';
import { newestReleaseFor } from '../dist/fleet/stacks.js';
import { Agents } from './agents.mjs';
import { queryDuring } from './concurrent-query.mjs';
import { drive, percentile } from './drive.mjs';
import { countDifferences, confirmHosts } from './fill.mjs';
import { startServer, TOKEN } from './registry.mjs';
import { LONGEST_TRY_MS, CYCLE_LIMIT_MS, withSendTime, agentAfterOutage } from './spools.mjs';
import { nextSequence } from './writes.mjs';

const FLEET = JSON.stringify({
  query:
    '{ canDowngrade(to: { original: true }, where: { labels: [{ key: "role", in: ["web"] }] }) ' +
    '{ counts { safe unknown unsafe refused total } ' +
    'reasons(first: 50) { nodes { hosts reason { code } } } } }',
});
/** The design's pace of a rollout: 100,000 hosts in ten minutes, in hosts per second. */
const PACE = 100_000 / 600;
/** Duration of the measurement. */
const PACED_SECONDS = 30;
/** Concurrent requests, below the registry's maximum number of waiting requests. */
const CONCURRENCY = 256;
const OUTAGE_MS = 300_000;
/** Share of the hosts that change in each minute. */
const CHANGED = 0.001;
/** The design's limit for the recovery of all agents. The bench waits twice as long. */
const RECOVERY_SECONDS = 300;
/** Facts are FRESH for two and a half intervals. */
const FRESH_MS = 150_000;
const DAY_MS = 86_400_000;

/** Boots a host with the newest release and returns its report. */
function upgradedReport(fleet, n, sequence) {
  const at = Date.now();
  const { kernel } = fleet.setup(n);
  fleet.boot(n, fleet.setups.of(kernel, [newestReleaseFor(kernel)]), at);
  return fleet.reportText(n, { sequence, at });
}

/** Sends one report of each host at the pace of a rollout. */
async function sendPaced(url, fleet, hosts, sequence) {
  const agents = new Agents({ url, token: TOKEN });
  const now = Date.now();
  hosts.forEach((n, index) => {
    const retryMs = (index / PACE) * 1000;
    const write = () => upgradedReport(fleet, n, sequence);
    agents.add([{ kind: 'report', sequence, write }], { retryMs, endsMs: retryMs + CYCLE_LIMIT_MS }, now);
  });
  return agents.run(600);
}

/** Sends one report of each host as fast as the registry accepts them. */
async function sendAtFullRate(url, fleet, hosts, sequence) {
  let index = 0;
  const next = () => (index < hosts.length ? upgradedReport(fleet, hosts[index++], sequence) : null);
  // UNCHANGED is correct: a host of a kept fleet may have the newest release
  const check = (answer) => /"(STORED|UNCHANGED)"/.test(answer);
  const load = { url, path: '/v1/reports', token: TOKEN, connections: CONCURRENCY, next, check };
  const { seconds, wrong, firstWrong } = await drive(load);
  if (wrong > 0) throw new Error(`${wrong} reports were not stored; the first: ${firstWrong}`);
  return seconds;
}

export async function rollout({ server, sql, fleet, emit, seconds }) {
  const { url } = server;
  await confirmHosts(sql);
  await queryDuring(url, FLEET, () => sleep(2000));
  const idle = percentile((await queryDuring(url, FLEET, () => sleep(seconds * 1000))).times, 0.99);
  // random tenths of the fleet: those of an earlier run have the newest release already
  const first = Math.floor(Math.random() * 10);
  const tenth = (offset) =>
    Array.from({ length: Math.floor(fleet.hosts / 10) }, (_, i) => i * 10 + ((first + offset) % 10));
  const rollouts = {
    paced: [sendPaced, tenth(0).slice(0, Math.round(PACE * PACED_SECONDS))],
    'in one go': [sendAtFullRate, tenth(1)],
  };
  for (const [how, [send, hosts]] of Object.entries(rollouts)) {
    const sequence = await nextSequence(sql);
    const { times, result: took } = await queryDuring(url, FLEET, () => send(url, fleet, hosts, sequence));
    const { rows } = await sql.query('SELECT count(*) FROM host WHERE sequence = $1', [sequence]);
    if (Number(rows[0].count) !== hosts.length)
      throw new Error(`${rows[0].count} of ${hosts.length} hosts have changed`);
    if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
    const p99 = percentile(times, 0.99);
    const comparison = { floor: idle, ratio: p99 / idle, of: 'of the idle p99' };
    emit({ bench: 'rollout', metric: `questions’ p99, ${how}`, value: p99, unit: 'ms', ...comparison });
    emit({ bench: 'rollout', metric: `questions’ p50, ${how}`, value: percentile(times, 0.5), unit: 'ms' });
    emit({ bench: 'rollout', metric: `hosts that changed, ${how}`, value: hosts.length / took, unit: '1/s' });
  }
}

/** Makes the messages of the first hosts: heartbeats that confirm the stored reports, and a few reports. */
async function messageWriter(sql, fleet, amount) {
  const instances = Array.from({ length: amount }, (_, n) => fleet.instance(n));
  const { rows } = await sql.query(
    'SELECT host_id, boot_id, digest, sequence FROM host_heartbeat WHERE host_id = ANY($1::uuid[])',
    [instances],
  );
  const known = new Map(rows.map((row) => [row.host_id, row]));
  if (known.size < amount) throw new Error(`the registry has ${known.size} of ${amount} hosts`);
  const reported = instances.map((instance) => {
    const { boot_id: bootId, digest } = known.get(instance);
    return { bootId, digest };
  });
  const booted = Date.now() - DAY_MS;
  // the registry accepts only small steps, so that each host continues its own sequence
  const sequences = instances.map((instance) => Number(known.get(instance).sequence));
  return {
    instances,
    report(n, at) {
      const sequence = ++sequences[n];
      fleet.boot(n, fleet.setup((n + sequence) % fleet.hosts), at);
      const text = fleet.reportText(n, { sequence, at });
      reported[n] = { bootId: fleet.bootId(n), digest: fleet.digest(n) };
      return { kind: 'report', sequence, write: (now) => withSendTime(text, now - at) };
    },
    heartbeat(n, at) {
      const { bootId, digest } = reported[n];
      const sequence = ++sequences[n];
      const envelope = { sequence, at };
      const write = (now) =>
        writeHeartbeat(instances[n], bootId, digest, booted, { ...envelope, sentAt: Math.max(at, now) });
      return { kind: 'heartbeat', sequence, write };
    },
    /** Returns the message of a cycle. */
    cycleMessage(n, at) {
      return Math.random() < CHANGED ? this.report(n, at) : this.heartbeat(n, at);
    },
  };
}

/** Sets the last contact of the hosts to the start of the outage. */
async function setLastContact(sql, instances) {
  const since = new Date(Date.now() - OUTAGE_MS);
  await sql.query(
    `UPDATE host_heartbeat
        SET confirmed_at = $1, contact_at = $1, confirmed_after = $1,
            superseded_at = NULL, superseded_by = NULL, recheck_at = NULL
      WHERE host_id = ANY($2::uuid[])`,
    [since, instances],
  );
  await sql.query('VACUUM (ANALYZE) host_heartbeat');
}

/** Checks that every acknowledged message is stored and every host is fresh. */
async function verify(sql, instances, agents) {
  const acknowledged = (kind) => agents.all.map((agent) => agent.acknowledged[kind]);
  const newest = agents.all.map((agent) => Math.max(agent.acknowledged.report, agent.acknowledged.heartbeat));
  const { rows } = await sql.query(
    `SELECT count(*) FILTER (
              WHERE b.sequence IS NULL OR b.sequence < a.newest OR h.sequence < a.report
            )::int AS lost,
            count(*) FILTER (
              WHERE b.confirmed_at IS NULL OR b.confirmed_at < $4::timestamptz
            )::int AS "notFresh"
       FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS a (id, newest, report)
       LEFT JOIN host_heartbeat b ON b.host_id = a.id
       LEFT JOIN host h ON h.bucket = b.bucket AND h.id = b.host_id`,
    [instances, newest, acknowledged('report'), new Date(Date.now() - FRESH_MS)],
  );
  const { lost, notFresh } = rows[0];
  if (lost > 0) throw new Error(`${lost} hosts have an acknowledged message that is not stored`);
  if (notFresh > 0) throw new Error(`${notFresh} hosts are not fresh`);
  if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
}

/**
 * Starts a server after an outage of five minutes. Each agent has the spool of that time and reconnects by
 * its own timers.
 * The agents continue with their cycles until all spools are empty.
 */
export async function herd({ sql, fleet, emit, hosts }) {
  const amount = Math.min(hosts, fleet.hosts);
  const writing = await messageWriter(sql, fleet, amount);
  await setLastContact(sql, writing.instances);
  const server = await startServer();
  try {
    const next = (n, what, now) =>
      what === 'report' ? writing.report(n, now) : writing.cycleMessage(n, now);
    const agents = new Agents({ url: server.url, token: TOKEN, next });
    const outageEnd = Date.now();
    for (let n = 0; n < amount; n++) {
      const { ages, ...timers } = agentAfterOutage(OUTAGE_MS);
      const messages = ages.map((age) => writing.cycleMessage(n, Math.round(outageEnd - age)));
      agents.add(messages, timers, outageEnd);
    }
    const startedAt = Date.now();
    const took = await agents.run(2 * RECOVERY_SECONDS);
    const lasted = (Date.now() - startedAt) / 1000;
    await verify(sql, writing.instances, agents);
    const figure = (metric, value, unit, more = {}) =>
      emit({ bench: 'herd', metric, value, unit, agents: amount, ...more });
    figure('agents', amount, '');
    figure('every host fresh after', took, 's', {
      floor: RECOVERY_SECONDS,
      ratio: took / RECOVERY_SECONDS,
      of: 'of the limit',
    });
    figure('documents acknowledged', agents.documents / lasted, '1/s');
    const slowest = agents.slowestMs / 1000;
    const limit = LONGEST_TRY_MS / 1000;
    figure('slowest request', slowest, 's', {
      floor: limit,
      ratio: slowest / limit,
      of: 'of its time limit',
    });
    figure('requests past their time limit', agents.timedOut, '');
    figure('connections closed early', agents.broken, '');
    figure('replies that asked to retry', agents.busy, '');
    figure('connections at once', agents.maxOpen, '');
    emit({ bench: 'memory', metric: 'resident after a herd', value: server.memory().now, unit: 'MiB' });
    emit({ bench: 'memory', metric: 'resident at most in a herd', value: server.memory().peak, unit: 'MiB' });
  } finally {
    await server.stop();
  }
}
