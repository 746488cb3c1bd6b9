// The fleet in the database: loaded over HTTP, kept for the next run, and confirmed before a measurement.

import { makeFleet } from '../dist/fleet/fleet.js';
import { ModuleFiles } from '../dist/fleet/module-files.js';
import { load } from '../dist/run/load.js';
import { Endpoint } from '../dist/run/endpoint.js';
import { publish } from '../dist/run/publish.js';
import { Counters } from '../dist/run/counters.js';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, TOKEN } from './registry.mjs';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
export const SEED = 1;

/**
 * Makes a fleet and loads it unless the database has it.
 *
 * @returns the fleet, and the reports per second if it was loaded, else null
 */
export async function fill(server, { hosts, labels }, log) {
  const fleet = makeFleet({ seed: SEED, hosts, labels });
  const sql = await connect();
  const { rows } = await sql.query('SELECT count(*) FROM host');
  await sql.end();
  if (Number(rows[0].count) >= hosts) return { fleet, rate: null };
  const registry = { url: server.url, token: TOKEN };
  await publish(fleet.builds(), new ModuleFiles(PROJECT), registry);
  const endpoint = new Endpoint(server.url, TOKEN, 8);
  const counters = new Counters();
  const startedAt = performance.now();
  const progress = () =>
    log(`loaded ${counters.loaded.toLocaleString('en')} of ${hosts.toLocaleString('en')}`);
  const timer = setInterval(progress, 15_000);
  await load({ fleet, endpoint, counters, connections: 8, batch: 500, signal: new AbortController().signal });
  clearInterval(timer);
  endpoint.close();
  const seconds = (performance.now() - startedAt) / 1000;
  if (counters.loaded < hosts) {
    const reasons = JSON.stringify([...counters.refused, ...counters.errors]);
    throw new Error(`only ${counters.loaded} of ${hosts} hosts were loaded: ${reasons}`);
  }
  return { fleet, rate: hosts / seconds };
}

/**
 * Confirms all hosts now, except one in a thousand, which was confirmed an hour ago: as in a fleet that
 * runs.
 */
export async function confirmHosts(sql, silentPerMille = 1) {
  const now = new Date();
  const silent = new Date(now.getTime() - 3_600_000);
  await sql.query(
    `UPDATE host_heartbeat
        SET confirmed_at = t.at, contact_at = t.at, confirmed_after = t.at,
            superseded_at = NULL, superseded_by = NULL
       FROM (SELECT bucket, host_id,
                    CASE WHEN abs(hashtext(host_id::text)::bigint) % 1000 < $3 THEN $2::timestamptz
                         ELSE $1::timestamptz
                     END AS at
               FROM host_heartbeat) t
      WHERE t.bucket = host_heartbeat.bucket AND t.host_id = host_heartbeat.host_id`,
    [now, silent, silentPerMille],
  );
  await sql.query('VACUUM (ANALYZE) host_heartbeat');
}

const CACHED = ['host', 'host_heartbeat', 'cohort', 'label_set', 'situation', 'stack'];
const TABLES = [
  ...CACHED,
  'host_history',
  'host_gap',
  'cohort_delta',
  'roll_up',
  'stack_patch',
  'patch',
  'patch_version',
];

async function deltas(sql) {
  const { rows } = await sql.query('SELECT count(*) FROM cohort_delta');
  return Number(rows[0].count);
}

/**
 * Waits for the roll-up of the deltas, then vacuums the tables and loads those that a running registry has
 * in memory.
 */
export async function prepareDatabase(sql) {
  while ((await deltas(sql)) > 0) await sleep(500);
  for (const table of TABLES) await sql.query(`VACUUM (ANALYZE) ${table}`);
  await sql.query('CREATE EXTENSION IF NOT EXISTS pg_prewarm');
  await sql.query(
    `SELECT pg_prewarm(c.oid::regclass)
       FROM pg_class c
      WHERE c.oid = ANY($1::regclass[])
         OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = ANY($1::regclass[]))`,
    [CACHED],
  );
  await sql.query('CHECKPOINT');
}

/** Returns the number of cohorts whose count differs from a recount of the hosts. It must be 0. */
export async function countDifferences(sql) {
  const { rows } = await sql.query(
    `WITH counted AS (
       SELECT situation_id, label_set_id, suspect, sum(hosts) AS n
         FROM (SELECT situation_id, label_set_id, suspect, hosts FROM cohort
               UNION ALL
               SELECT d.*
                 FROM cohort_delta b,
                      unnest(b.situation_ids, b.label_set_ids, b.suspects, b.hosts)
                        AS d (situation_id, label_set_id, suspect, hosts)) c
        GROUP BY 1, 2, 3
       HAVING sum(hosts) <> 0
     ), truth AS (
       SELECT coalesce(situation_id, '00000000-0000-0000-0000-000000000000') AS situation_id,
              label_set_id,
              suspect_since IS NOT NULL AS suspect,
              count(*) AS n
         FROM host
        WHERE retired_at IS NULL
        GROUP BY 1, 2, 3
     )
     SELECT count(*) AS n
       FROM counted
       FULL JOIN truth USING (situation_id, label_set_id, suspect)
      WHERE counted.n IS DISTINCT FROM truth.n`,
  );
  return Number(rows[0].n);
}
