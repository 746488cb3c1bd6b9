import type pg from 'pg';

/** Enough hosts to show a plan that reads all of them. */
export const HOSTS = 200_000;
/** Number of label sets. */
const LABEL_SETS = 500;
/** Number of label sets in each situation: 20,000 cohorts for 300 situations. */
const SETS_EACH = 67;

/** A condition for one host in a thousand, in every situation. */
const OVERDUE = 'i % 1000 = i / 1000 % 1000';

/** Returns the id, boot and digest of the nth host. */
export const filled = (n: number) => ({
  instance: `0190b000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`,
  bootId: `b0b0b0b0-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
  digest: 'd'.repeat(64),
  hostname: `host-${String(n).padStart(7, '0')}`,
});

/**
 * Fills a database with hosts, spread over the existing situations.
 *
 * One in a thousand is overdue, one in 5,000 superseded. One in ten has a closed interval of today or
 * yesterday, one in forty a gap. 700 transactions opened the intervals.
 */
export async function fill(client: pg.Client, now: Date): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
       FROM pg_index i
      WHERE NOT i.indisunique AND i.indrelid IN ('host'::regclass, 'host_heartbeat'::regclass)`,
  );
  const at = `'${now.toISOString()}'::timestamptz`;
  const id = `'0190b000-0000-7000-8000-' || lpad(to_hex(i), 12, '0')`;
  // foreign keys are not checked: the rows satisfy them by construction
  for (const statement of [
    ...indexes.map(({ name }) => `DROP INDEX ${name}`),
    "SET session_replication_role = replica; SET work_mem = '256MB'; SET synchronous_commit = off",
    'CREATE TEMP TABLE kind AS SELECT (row_number() OVER (ORDER BY id) - 1)::int AS n, id FROM situation',
    `CREATE TEMP TABLE labelled AS
       SELECT n, md5('labels ' || n)::uuid AS id
         FROM generate_series(0, ${LABEL_SETS - 1}) n`,
    `INSERT INTO label_set
       SELECT id,
              jsonb_build_object('env', (ARRAY['prod', 'stage', 'test', 'dev'])[1 + n % 4],
                                 'rack', 'r' || n,
                                 'agent.role', 'web')
         FROM labelled`,
    `CREATE TEMP TABLE made AS
       SELECT i, (i % 256)::smallint AS bucket, (${id})::uuid AS id, kind.id AS situation_id,
              labelled.id AS label_set_id
         FROM generate_series(0, ${HOSTS - 1}) i
         JOIN kind ON kind.n = i % (SELECT count(*) FROM kind)
         JOIN labelled
           ON labelled.n = (3 * kind.n + i / (SELECT count(*) FROM kind) % ${SETS_EACH}) % ${LABEL_SETS}`,
    `INSERT INTO host (bucket, id, hostname, label_set_id, situation_id, boot_id, sequence, digest,
                       observed_at, added_at, since, opened_by)
       SELECT bucket, id, 'host-' || lpad(i::text, 7, '0'), label_set_id, situation_id,
              ('b0b0b0b0-0000-4000-8000-' || right(id::text, 12))::uuid, 1, repeat('d', 64),
              ${at}, ${at} - interval '20 days', ${at} - make_interval(secs => i % 80000), i % 700 + 1
         FROM made`,
    `INSERT INTO host_heartbeat (bucket, host_id, sequence, digest, boot_id, confirmed_at, contact_at,
                                 confirmed_after, superseded_at, superseded_by, situation_id, label_set_id)
       SELECT bucket, id, 1, repeat('d', 64), ('b0b0b0b0-0000-4000-8000-' || right(id::text, 12))::uuid,
              seen, seen, seen - make_interval(secs => CASE WHEN ${OVERDUE} THEN 0 ELSE i % 60 END),
              CASE WHEN i % 5000 = 7 THEN seen END, CASE WHEN i % 5000 = 7 THEN 1 END,
              situation_id, label_set_id
         FROM (SELECT *,
                      ${at} - CASE WHEN ${OVERDUE} THEN interval '1 hour'
                                   ELSE make_interval(secs => i % 60) END AS seen
                 FROM made) m`,
    `INSERT INTO host_history
       SELECT bucket, id, ${at} - interval '2 days', ${at} - make_interval(secs => i % 80000),
              1, i % 700 + 1, situation_id, label_set_id, NULL, false, false, 1
         FROM made
        WHERE i % 10 = 3`,
    `INSERT INTO host_gap
       SELECT bucket, id, 'SILENT', ${at} - interval '2 days', ${at} - make_interval(secs => i % 80000),
              NULL, i % 700 + 1
         FROM made
        WHERE i % 40 = 3`,
    'TRUNCATE cohort; DELETE FROM cohort_delta',
    `INSERT INTO cohort
       SELECT situation_id, label_set_id, suspect_since IS NOT NULL, count(*)
         FROM host
        WHERE retired_at IS NULL
        GROUP BY 1, 2, 3`,
    ...indexes.map(({ definition }) => definition),
    'VACUUM ANALYZE',
  ])
    await client.query(statement);
}
