// What happens when much happens at once: a tenth of the fleet changes while questions are asked; the registry was away, and everybody comes back.

import { setTimeout as sleep } from 'node:timers/promises';
import { writeHeartbeat } from '../dist/fleet/documents.js';
import { newestFor } from '../dist/fleet/recipes.js';
import { Agents } from './agents.mjs';
import { asking } from './asker.mjs';
import { drive, percentile } from './drive.mjs';
import { countDifferences, freshen } from './fill.mjs';
import { startServer, TOKEN } from './registry.mjs';
import { LONGEST_TRY_MS, ROUND_TRIES_MS, stamped, whenBack } from './spools.mjs';
import { nextSequence } from './writes.mjs';

const FLEET = JSON.stringify({
  query:
    '{ canDowngrade(to: { original: true }, where: { labels: [{ key: "role", in: ["web"] }] }) { counts { safe unknown unsafe refused total } reasons(first: 50) { nodes { hosts reason { code } } } } }',
});
/** As a rollout is designed: 100,000 hosts in ten minutes, of which half a minute is measured. */
const PACE = 100_000 / 600;
const PACED_SECONDS = 30;
/** In one go: so many requests under way, fewer than the registry lets wait. */
const AT_ONCE = 256;
const AWAY_MS = 300_000;
/** Of the hosts, each minute of a quiet day. */
const CHANGED = 0.001;
/** The design wants everybody back in so many seconds; who is not after twice as long never comes. */
const BACK_SECONDS = 300;
/** Facts are FRESH for two and a half intervals. */
const FRESH_MS = 150_000;
const DAY_MS = 86_400_000;

/** This host comes up with the newest release, and says so. */
function renewed(fleet, n, sequence) {
  const at = Date.now();
  const { kernel } = fleet.setup(n);
  fleet.boot(n, fleet.setups.of(kernel, [newestFor(kernel)]), at);
  return fleet.reportText(n, { sequence, at });
}

/** The agents of these hosts, each with one report, at the pace of a rollout. */
async function paced(url, fleet, hosts, sequence) {
  const agents = new Agents({ url, token: TOKEN });
  const now = Date.now();
  hosts.forEach((n, turn) => {
    const triesMs = (turn / PACE) * 1000;
    const write = () => renewed(fleet, n, sequence);
    agents.add([{ kind: 'report', sequence, write }], { triesMs, endsMs: triesMs + ROUND_TRIES_MS }, now);
  });
  return agents.run(600);
}

/** The reports of these hosts, as fast as the registry takes them. */
async function inOneGo(url, fleet, hosts, sequence) {
  let turn = 0;
  const next = () => (turn < hosts.length ? renewed(fleet, hosts[turn++], sequence) : null);
  // a host of a kept fleet may have the newest release already
  const check = (answer) => /"(STORED|UNCHANGED)"/.test(answer);
  const { seconds, wrong, firstWrong } = await drive({ url, path: '/v1/reports', token: TOKEN, connections: AT_ONCE, next, check });
  if (wrong > 0) throw new Error(`${wrong} reports were not stored; the first: ${firstWrong}`);
  return seconds;
}

export async function rollout({ server, sql, fleet, emit, seconds }) {
  const { url } = server;
  await freshen(sql);
  await asking(url, FLEET, () => sleep(2000));
  const quiet = percentile((await asking(url, FLEET, () => sleep(seconds * 1000))).times, 0.99);
  // other tenths of the fleet the next time: these have the newest release then
  const first = Math.floor(Math.random() * 10);
  const tenth = (of) => Array.from({ length: Math.floor(fleet.hosts / 10) }, (_, i) => i * 10 + ((first + of) % 10));
  const rollouts = { paced: [paced, tenth(0).slice(0, Math.round(PACE * PACED_SECONDS))], 'in one go': [inOneGo, tenth(1)] };
  for (const [how, [roll, hosts]] of Object.entries(rollouts)) {
    const sequence = await nextSequence(sql);
    const { times, result: took } = await asking(url, FLEET, () => roll(url, fleet, hosts, sequence));
    const { rows } = await sql.query('SELECT count(*) FROM host WHERE sequence = $1', [sequence]);
    if (Number(rows[0].count) !== hosts.length) throw new Error(`${rows[0].count} of ${hosts.length} hosts have changed`);
    if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
    const p99 = percentile(times, 0.99);
    emit({ bench: 'rollout', metric: `questions’ p99, ${how}`, value: p99, unit: 'ms', floor: quiet, ratio: p99 / quiet, of: 'of the quiet p99' });
    emit({ bench: 'rollout', metric: `questions’ p50, ${how}`, value: percentile(times, 0.5), unit: 'ms' });
    emit({ bench: 'rollout', metric: `hosts that changed, ${how}`, value: hosts.length / took, unit: '1/s' });
  }
}

/** What the agents of the first hosts write: heartbeats of what the registry knows of them, and of few a report. */
async function authors(sql, fleet, amount) {
  const instances = Array.from({ length: amount }, (_, n) => fleet.instance(n));
  const { rows } = await sql.query('SELECT host_id, boot_id, digest FROM host_heartbeat WHERE host_id = ANY($1::uuid[])', [instances]);
  const known = new Map(rows.map((row) => [row.host_id, row]));
  if (known.size < amount) throw new Error(`the registry knows ${known.size} of ${amount} hosts`);
  const said = instances.map((instance) => ({ bootId: known.get(instance).boot_id, digest: known.get(instance).digest }));
  const booted = Date.now() - DAY_MS;
  let sequence = await nextSequence(sql);
  return {
    instances,
    report(n, at) {
      sequence += 1;
      fleet.boot(n, fleet.setup((n + sequence) % fleet.hosts), at);
      const text = fleet.reportText(n, { sequence, at });
      said[n] = { bootId: fleet.bootId(n), digest: fleet.digest(n) };
      return { kind: 'report', sequence, write: (now) => stamped(text, now - at) };
    },
    heartbeat(n, at) {
      const { bootId, digest } = said[n];
      const moment = { sequence: (sequence += 1), at };
      return { kind: 'heartbeat', sequence, write: (now) => writeHeartbeat(instances[n], bootId, digest, booted, { ...moment, sentAt: Math.max(at, now) }) };
    },
    /** What a round writes that begins now. */
    letter(n, at) {
      return Math.random() < CHANGED ? this.report(n, at) : this.heartbeat(n, at);
    },
  };
}

/** The registry has heard of nobody since it went away. */
async function silence(sql, instances) {
  const since = new Date(Date.now() - AWAY_MS);
  await sql.query(
    `UPDATE host_heartbeat SET confirmed_at = $1, contact_at = $1, confirmed_after = $1, superseded_at = NULL, superseded_by = NULL, recheck_at = NULL WHERE host_id = ANY($2::uuid[])`,
    [since, instances],
  );
  await sql.query('VACUUM (ANALYZE) host_heartbeat');
}

/** Is what was acknowledged stored, and everybody fresh? */
async function verify(sql, instances, agents) {
  const acknowledged = (kind) => agents.all.map((agent) => agent.acknowledged[kind]);
  const newest = agents.all.map((agent) => Math.max(agent.acknowledged.report, agent.acknowledged.heartbeat));
  const { rows } = await sql.query(
    `SELECT count(*) FILTER (WHERE b.sequence IS NULL OR b.sequence < a.newest OR h.sequence < a.report)::int AS lost,
            count(*) FILTER (WHERE b.confirmed_at IS NULL OR b.confirmed_at < $4::timestamptz)::int AS "notFresh"
       FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS a (id, newest, report)
       LEFT JOIN host_heartbeat b ON b.host_id = a.id LEFT JOIN host h ON h.bucket = b.bucket AND h.id = b.host_id`,
    [instances, newest, acknowledged('report'), new Date(Date.now() - FRESH_MS)],
  );
  const { lost, notFresh } = rows[0];
  if (lost > 0) throw new Error(`of ${lost} hosts something was acknowledged that is not stored`);
  if (notFresh > 0) throw new Error(`${notFresh} hosts are not fresh`);
  if ((await countDifferences(sql)) > 0) throw new Error('counts differ from the recount');
}

/** Its own server, which was away for five minutes. Each agent has what it wrote meanwhile, and comes by its own clock; and goes on with its rounds until everybody is back. */
export async function herd({ sql, fleet, emit, hosts }) {
  const amount = Math.min(hosts, fleet.hosts);
  const writing = await authors(sql, fleet, amount);
  await silence(sql, writing.instances);
  const server = await startServer();
  try {
    const agents = new Agents({ url: server.url, token: TOKEN, next: (n, what, now) => (what === 'report' ? writing.report(n, now) : writing.letter(n, now)) });
    const back = Date.now();
    for (let n = 0; n < amount; n++) {
      const { written, ...when } = whenBack(AWAY_MS);
      const letters = written.map((ago) => writing.letter(n, Math.round(back - ago)));
      agents.add(letters, when, back);
    }
    const began = Date.now();
    const took = await agents.run(2 * BACK_SECONDS);
    const lasted = (Date.now() - began) / 1000;
    await verify(sql, writing.instances, agents);
    const figure = (metric, value, unit, more = {}) => emit({ bench: 'herd', metric, value, unit, agents: amount, ...more });
    figure('agents', amount, '');
    figure('every host fresh after', took, 's', { floor: BACK_SECONDS, ratio: took / BACK_SECONDS, of: 'of what is allowed' });
    figure('documents acknowledged', agents.documents / lasted, '1/s');
    const slowest = agents.slowestMs / 1000;
    figure('slowest request', slowest, 's', { floor: LONGEST_TRY_MS / 1000, ratio: slowest / (LONGEST_TRY_MS / 1000), of: 'of its time limit' });
    figure('requests past their time limit', agents.late, '');
    figure('connections that broke', agents.broken, '');
    figure('answers that said later', agents.busy, '');
    figure('connections at once', agents.mostOpen, '');
    emit({ bench: 'memory', metric: 'resident after a herd', value: server.memory().now, unit: 'MiB' });
    emit({ bench: 'memory', metric: 'resident at most in a herd', value: server.memory().peak, unit: 'MiB' });
  } finally {
    await server.stop();
  }
}
