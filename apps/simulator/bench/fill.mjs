// A fleet in the database, loaded once by the real wire and kept for the next run; and made fresh, as if every agent had just spoken.

import { makeFleet } from '../dist/fleet/fleet.js';
import { ModuleFiles } from '../dist/fleet/files.js';
import { load } from '../dist/run/load.js';
import { Road } from '../dist/run/post.js';
import { publish } from '../dist/run/publish.js';
import { Tally } from '../dist/run/tally.js';
import path from 'node:path';
import { connect, TOKEN } from './registry.mjs';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
export const SEED = 1;

/** A fleet of this many, whose documents the database has; makes and loads it where it has not. @returns reports a second where it was loaded, else null */
export async function fill(server, { hosts, labels }, say) {
  const fleet = makeFleet({ seed: SEED, hosts, labels });
  const sql = await connect();
  const there = Number((await sql.query('SELECT count(*) FROM host')).rows[0].count);
  await sql.end();
  if (there >= hosts) return { fleet, rate: null };
  const registry = { url: server.url, token: TOKEN };
  await publish(fleet.builds(), new ModuleFiles(PROJECT), registry);
  const road = new Road(server.url, TOKEN, 8);
  const tally = new Tally();
  const began = performance.now();
  const shown = setInterval(() => say(`loaded ${tally.loaded.toLocaleString('en')} of ${hosts.toLocaleString('en')}`), 15_000);
  await load({ fleet, road, tally, connections: 8, batch: 500, signal: new AbortController().signal });
  clearInterval(shown);
  road.close();
  const seconds = (performance.now() - began) / 1000;
  if (tally.loaded < hosts) throw new Error(`only ${tally.loaded} of ${hosts} hosts were loaded: ${JSON.stringify([...tally.refused, ...tally.errors])}`);
  return { fleet, rate: hosts / seconds };
}

/** Confirms every host now, and leaves a thousandth silent for an hour: so that a run in the middle of the night sees the fleet of a quiet day. */
export async function freshen(sql) {
  const now = new Date();
  const silent = new Date(now.getTime() - 3_600_000);
  await sql.query(
    `UPDATE host_heartbeat SET confirmed_at = t.at, contact_at = t.at, confirmed_after = t.at, superseded_at = NULL, superseded_by = NULL
       FROM (SELECT b.bucket, b.host_id, CASE WHEN hashtext(b.host_id::text) % 1000 = 0 THEN $2::timestamptz ELSE $1::timestamptz END AS at FROM host_heartbeat b) t
      WHERE t.bucket = host_heartbeat.bucket AND t.host_id = host_heartbeat.host_id`,
    [now, silent],
  );
  await sql.query('VACUUM (ANALYZE) host_heartbeat');
}

const HOT = ['host', 'host_heartbeat', 'cohort', 'label_set', 'situation', 'stack'];
const TABLES = [...HOT, 'host_history', 'host_lapse', 'cohort_delta', 'fold', 'stack_patch', 'patch', 'patch_version'];

/** Statistics and visibility as after a night of autovacuum; and in memory what a registry that has run for a day has there: a cold one would measure the disk. */
export async function settle(sql) {
  for (let n = 1; n > 0;)
    n = Number((await sql.query('SELECT count(*) FROM cohort_delta')).rows[0].count) && (await new Promise((resolve) => setTimeout(resolve, 500, 1)));
  for (const table of TABLES) await sql.query(`VACUUM (ANALYZE) ${table}`);
  await sql.query('CREATE EXTENSION IF NOT EXISTS pg_prewarm');
  await sql.query(
    'SELECT pg_prewarm(c.oid::regclass) FROM pg_class c WHERE c.oid = ANY($1::regclass[]) OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = ANY($1::regclass[]))',
    [HOT],
  );
  await sql.query('CHECKPOINT');
}

/** Where the counts of cohorts differ from a recount of hosts: nowhere. */
export async function countDifferences(sql) {
  const { rows } = await sql.query(
    `WITH counted AS (SELECT situation_id, label_set_id, suspect, sum(hosts) AS n FROM (SELECT situation_id, label_set_id, suspect, hosts FROM cohort UNION ALL SELECT d.* FROM cohort_delta b, unnest(b.situation_ids, b.label_set_ids, b.suspects, b.hosts) AS d(situation_id, label_set_id, suspect, hosts)) c GROUP BY 1, 2, 3 HAVING sum(hosts) <> 0),
          truth AS (SELECT coalesce(situation_id, '00000000-0000-0000-0000-000000000000') AS situation_id, label_set_id, suspect_since IS NOT NULL AS suspect, count(*) AS n FROM host WHERE retired_at IS NULL GROUP BY 1, 2, 3)
     SELECT count(*) AS n FROM counted FULL JOIN truth USING (situation_id, label_set_id, suspect) WHERE counted.n IS DISTINCT FROM truth.n`,
  );
  return Number(rows[0].n);
}
