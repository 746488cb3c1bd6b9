// The latency of queries about the whole fleet, one host and a page of hosts,
// compared with a plain GROUP BY and with PostGraphile.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, drive, median, percentile } from './drive.mjs';
import { confirmHosts } from './fill.mjs';

const FLEET = `query ($to: TargetInput!) {
  canDowngrade(to: $to, where: { labels: [{ key: "role", in: ["web"] }] }) {
    kind
    counts { safe unknown unsafe refused total }
    reasons(first: 50) { nodes { hosts reason { code patch stateId } } }
    cohorts(first: 50) {
      totalCount
      nodes {
        hosts kernelRelease labels { key value } stack { name }
        verdict { kind route errno reasons { code } }
      }
    }
  }
}`;
const HOST = `query ($hostname: String!, $to: TargetInput!) {
  host(hostname: $hostname) {
    hostname stack { name } canDowngrade(to: $to) { kind route errno reasons { code } } } }`;
const PAGE = `query ($after: String) { hosts(first: 100, after: $after) {
  nodes { hostname stack { name states { id version } } canDowngrade(to: { original: true }) { kind } }
  pageInfo { endCursor } } }`;
const GROUP_BY = `SELECT h.situation_id, h.label_set_id, count(*)
  FROM host h
  JOIN label_set l ON l.id = h.label_set_id
  JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
 WHERE h.retired_at IS NULL
   AND coalesce(l.labels ->> 'role', l.labels ->> 'agent.role') = 'web'
 GROUP BY 1, 2`;
const VIEW = `CREATE SCHEMA IF NOT EXISTS peer;
DROP VIEW IF EXISTS peer.cohort_of_role;
CREATE VIEW peer.cohort_of_role AS
SELECT coalesce(l.labels ->> 'role', l.labels ->> 'agent.role') AS role,
       h.situation_id,
       h.label_set_id,
       t.kernel_release,
       count(*)::int AS hosts
  FROM public.host h
  JOIN public.label_set l ON l.id = h.label_set_id
  JOIN public.host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
  JOIN public.situation t ON t.id = h.situation_id
 WHERE h.retired_at IS NULL
 GROUP BY 1, 2, 3, 4`;
const TARGET = { original: true };

const body = (query, variables) => JSON.stringify({ query, variables });
const hasNoErrors = (answer) => !answer.includes('"errors"');

/** Asks queries one after the other. @returns the milliseconds of each */
async function timed(server, bodies, seconds) {
  let i = 0;
  const next = () => bodies[i++ % bodies.length];
  await drive({
    url: server.url,
    path: '/graphql',
    connections: 1,
    seconds: Math.min(3, seconds),
    next,
    check: hasNoErrors,
  });
  const { times, wrong, firstWrong } = await drive({
    url: server.url,
    path: '/graphql',
    connections: 1,
    seconds,
    next,
    check: hasNoErrors,
  });
  if (wrong > 0) throw new Error(`${wrong} responses have errors; the first: ${firstWrong}`);
  return times;
}

export async function question({ server, sql, emit, seconds }) {
  await confirmHosts(sql);
  const { canDowngrade } = await ask(server.url, FLEET, { to: TARGET });
  const grouped = await sql.query(GROUP_BY);
  const counted = grouped.rows.reduce((sum, row) => sum + Number(row.count), 0);
  if (canDowngrade.counts.total !== counted)
    throw new Error(`the query counts ${canDowngrade.counts.total} hosts, a GROUP BY ${counted}`);
  const times = await timed(server, [body(FLEET, { to: TARGET })], seconds);
  const peer = [];
  for (let i = 0; i < 5; i++) {
    const startedAt = performance.now();
    await sql.query(GROUP_BY);
    peer.push(performance.now() - startedAt);
  }
  emit({
    bench: 'question',
    metric: 'p50',
    value: median(times),
    unit: 'ms',
    floor: median(peer),
    ratio: median(peer) / median(times),
    of: 'times faster than a plain GROUP BY',
    cohorts: canDowngrade.cohorts.totalCount,
  });
  emit({ bench: 'question', metric: 'p99', value: percentile(times, 0.99), unit: 'ms' });
  return median(times);
}

/** Compares a fleet of which 80 % are overdue with one that is fresh. */
export async function overdue({ server, sql, emit, seconds }) {
  const bodies = [body(FLEET, { to: TARGET })];
  await confirmHosts(sql);
  const fresh = median(await timed(server, bodies, seconds));
  await confirmHosts(sql, 800);
  const late = median(await timed(server, bodies, seconds));
  await confirmHosts(sql);
  emit({
    bench: 'overdue',
    metric: 'question p50',
    value: late,
    unit: 'ms',
    floor: fresh,
    ratio: late / fresh,
    of: 'times the p50 of a fresh fleet',
  });
}

/** Runs the same benches on a fleet in which almost every host is a cohort. */
export async function ownLabels({ server, sql, fleet, emit, seconds }) {
  const { rows } = await sql.query(
    'SELECT sum(hosts)::float AS hosts, count(*)::float AS cohorts FROM cohort WHERE hosts > 0',
  );
  const [{ hosts, cohorts }] = rows;
  if (cohorts < hosts / 2)
    throw new Error(`${hosts} hosts have only ${cohorts} cohorts: the database has another fleet`);
  emit({ bench: 'own-labels', metric: 'hosts in a cohort', value: hosts / cohorts, unit: '', cohorts });
  const renamed = (row) => emit({ ...row, bench: 'own-labels', metric: `${row.bench} ${row.metric}` });
  for (const bench of [question, host, page]) await bench({ server, sql, fleet, seconds, emit: renamed });
}

/**
 * Compares with PostGraphile on a view that groups hosts. The filter is a condition on a column of the view.
 */
export async function postgraphile({ server, sql, emit, seconds }) {
  await confirmHosts(sql);
  await sql.query(VIEW);
  const program = path.resolve(import.meta.dirname, '../../server/bench/postgraphile.mjs');
  const port = 19_000 + Math.floor(Math.random() * 900);
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, GRAPHILE_ENV: 'production', PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    const query =
      '{ allCohortOfRolesList(condition: { role: "web" }) { situationId labelSetId kernelRelease hosts } }';
    let answer = null;
    for (let i = 0; answer === null; i++) {
      await sleep(500);
      answer = await ask(url, query).catch((error) => {
        if (i > 60) throw error;
        return null;
      });
    }
    const counted = answer.allCohortOfRolesList.reduce((sum, row) => sum + row.hosts, 0);
    const { canDowngrade } = await ask(server.url, FLEET, { to: TARGET });
    if (counted !== canDowngrade.counts.total)
      throw new Error(`PostGraphile counts ${counted} hosts, the query ${canDowngrade.counts.total}`);
    const peer = [];
    for (let i = 0; i < 5; i++) {
      const startedAt = performance.now();
      await ask(url, query);
      peer.push(performance.now() - startedAt);
    }
    const times = await timed(server, [body(FLEET, { to: TARGET })], seconds);
    emit({
      bench: 'question',
      metric: 'p50, compared with PostGraphile',
      value: median(times),
      unit: 'ms',
      floor: median(peer),
      ratio: median(peer) / median(times),
      of: 'times faster than PostGraphile',
    });
  } finally {
    child.kill('SIGTERM');
    await sql.query('DROP SCHEMA peer CASCADE');
  }
}

export async function host({ server, sql, fleet, emit, seconds }) {
  await confirmHosts(sql);
  const bodies = Array.from({ length: 2000 }, (_, i) =>
    body(HOST, { hostname: fleet.hostname((i * 7919) % fleet.hosts), to: TARGET }),
  );
  const times = await timed(server, bodies, seconds);
  emit({ bench: 'host', metric: 'p50', value: median(times), unit: 'ms' });
  emit({ bench: 'host', metric: 'p99', value: percentile(times, 0.99), unit: 'ms' });
}

export async function page({ server, sql, fleet, emit, seconds }) {
  await confirmHosts(sql);
  const cursors = {
    'page 1': null,
    'deep in the list': await cursorAt(server, sql, Math.floor(fleet.hosts * 0.9)),
  };
  for (const [where, after] of Object.entries(cursors)) {
    const times = await timed(server, [body(PAGE, { after })], seconds / 2);
    emit({ bench: 'page', metric: `p50, ${where}`, value: median(times), unit: 'ms' });
    emit({ bench: 'page', metric: `p99, ${where}`, value: percentile(times, 0.99), unit: 'ms' });
  }
}

/** The registry's own cursor of the host at this place of the list. */
async function cursorAt(server, sql, offset) {
  const { rows } = await sql.query(
    'SELECT id FROM host WHERE retired_at IS NULL ORDER BY hostname, id OFFSET $1 LIMIT 1',
    [offset],
  );
  const query = 'query ($id: ID!) { hosts(where: { ids: [$id] }) { pageInfo { endCursor } } }';
  return (await ask(server.url, query, { id: rows[0].id })).hosts.pageInfo.endCursor;
}
