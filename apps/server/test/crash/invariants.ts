import { select } from './select.js';

const NO_SITUATION = `'00000000-0000-0000-0000-000000000000'::uuid`;
const INTERVALS = `
  intervals AS (
    SELECT bucket, host_id, valid_from, valid_until, opened_by, closed_by FROM host_history
     UNION ALL
    SELECT bucket, id, since, 'infinity', opened_by, NULL FROM host)`;

/** What holds at every instant. Each statement selects the rows that violate it. */
const INVARIANTS: readonly (readonly [invariant: string, violations: string])[] = [
  [
    'counts equal the recount of the hosts', // as CohortsStore.differences()
    `WITH counted AS (
       SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS n
         FROM (SELECT situation_id, label_set_id, suspect, hosts FROM cohort
                UNION ALL
               SELECT d.*
                 FROM cohort_delta b,
                      unnest(b.situation_ids, b.label_set_ids, b.suspects, b.hosts)
                        AS d(situation_id, label_set_id, suspect, hosts)) c
        GROUP BY 1, 2, 3
       HAVING sum(hosts) <> 0),
     recount AS (
       SELECT coalesce(situation_id, ${NO_SITUATION}) AS situation_id,
              label_set_id,
              suspect_since IS NOT NULL AS suspect,
              count(*) AS n
         FROM host
        WHERE retired_at IS NULL
        GROUP BY 1, 2, 3)
     SELECT situation_id, label_set_id, suspect, counted.n AS counted, recount.n AS hosts
       FROM counted
       FULL JOIN recount USING (situation_id, label_set_id, suspect)
      WHERE counted.n IS DISTINCT FROM recount.n`,
  ],
  ['a rolled-up count is positive: an empty cohort is deleted', 'SELECT * FROM cohort WHERE hosts <= 0'],
  [
    'the last roll-up of a cohort has its count',
    `SELECT f.*, c.hosts AS counted
       FROM (SELECT DISTINCT ON (d.situation_id, d.label_set_id, d.suspect) number, d.*
               FROM roll_up,
                    unnest(situation_ids, label_set_ids, suspects, hosts)
                      AS d(situation_id, label_set_id, suspect, hosts)
              ORDER BY d.situation_id, d.label_set_id, d.suspect, number DESC) f
       LEFT JOIN cohort c USING (situation_id, label_set_id, suspect)
      WHERE coalesce(c.hosts, 0) <> f.hosts`,
  ],
  [
    'the numbers of roll-ups have no gap, and each has the number of its changes',
    `SELECT number
       FROM roll_up
      WHERE changes <> cardinality(hosts)
         OR (number < (SELECT max(number) FROM roll_up)
             AND NOT EXISTS (SELECT FROM roll_up n WHERE n.number = roll_up.number + 1))`,
  ],
  [
    'a heartbeat counts in the cohort of its host',
    `SELECT h.hostname, b.situation_id, b.label_set_id, b.suspect
       FROM host_heartbeat b
       JOIN host h ON h.bucket = b.bucket AND h.id = b.host_id
      WHERE (b.situation_id, b.label_set_id, b.suspect) IS DISTINCT FROM
            (CASE WHEN h.retired_at IS NULL THEN h.situation_id END,
             CASE WHEN h.retired_at IS NULL THEN h.label_set_id END,
             h.retired_at IS NULL AND h.suspect_since IS NOT NULL)`,
  ],
  [
    'no host is suspect, because no sequence was used twice',
    'SELECT hostname, sequence, suspect_since FROM host WHERE suspect_since IS NOT NULL',
  ],
  [
    'the transaction that closes an interval opens the next one at the same instant',
    `WITH ${INTERVALS}
     SELECT p.*
       FROM intervals p
       LEFT JOIN intervals n ON n.bucket = p.bucket
                            AND n.host_id = p.host_id
                            AND n.opened_by = p.closed_by
                            AND n.valid_from = p.valid_until
      WHERE p.closed_by IS NOT NULL AND n.host_id IS NULL`,
  ],
  [
    'an interval does not end before its start',
    `WITH ${INTERVALS} SELECT * FROM intervals WHERE valid_until < valid_from`,
  ],
  [
    'the intervals of a host do not overlap',
    `WITH ${INTERVALS}
     SELECT a.*
       FROM intervals a
       JOIN intervals b USING (bucket, host_id)
      WHERE (a.opened_by, a.closed_by) IS DISTINCT FROM (b.opened_by, b.closed_by)
        AND a.valid_from < b.valid_until
        AND b.valid_from < a.valid_until
        AND a.valid_from < a.valid_until
        AND b.valid_from < b.valid_until`,
  ],
  [
    'the history of a host has exactly one start, when the host was added',
    `WITH ${INTERVALS},
     first AS (
       SELECT n.bucket, n.host_id, n.valid_from
         FROM intervals n
        WHERE NOT EXISTS (SELECT FROM intervals p
                           WHERE p.bucket = n.bucket AND p.host_id = n.host_id AND p.closed_by = n.opened_by))
     SELECT h.id, h.added_at, count(f.*)
       FROM host h
       LEFT JOIN first f ON f.bucket = h.bucket AND f.host_id = h.id AND f.valid_from = h.added_at
      GROUP BY 1, 2
     HAVING count(f.*) <> 1`,
  ],
  [
    'a host has a situation exactly if it has a heartbeat row, and that row is of the same report',
    `SELECT h.hostname, h.sequence, h.digest, b.sequence AS contact, b.digest AS confirmed
       FROM host h
       FULL JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
      WHERE (h.situation_id IS NULL) <> (b.host_id IS NULL)
         OR h.digest IS DISTINCT FROM b.digest
         OR h.boot_id IS DISTINCT FROM b.boot_id
         OR b.sequence < h.sequence
         OR (h.situation_id IS NULL AND h.sequence <> 0)`,
  ],
  [
    'a gap does not end before its start, and two gaps of one kind do not overlap',
    `SELECT a.*
       FROM host_gap a
       LEFT JOIN host_gap b ON b.bucket = a.bucket
                           AND b.host_id = a.host_id
                           AND b.kind = a.kind
                           AND b.closed_by <> a.closed_by
                           AND a.since < b.until
                           AND b.since < a.until
      WHERE a.until < a.since OR b.host_id IS NOT NULL`,
  ],
  [
    'every stack has all its patches',
    `SELECT s.id
       FROM stack s
       LEFT JOIN stack_patch p ON p.stack_id = s.id
      GROUP BY s.id
     HAVING count(p.*) <> jsonb_array_length(s.patches)`,
  ],
  [
    'the catalog is at its last revision, and each patch equals its last version',
    `SELECT c.revision::text, v.build_id
       FROM catalog c,
            (SELECT DISTINCT ON (build_id) * FROM patch_version ORDER BY build_id, revision DESC) v
       JOIN patch p USING (build_id)
      WHERE c.revision < v.revision
         OR c.revision < (SELECT coalesce(max(greatest(revision, until_revision)), 0) FROM patch_sighting)
         OR (v.patch->>'recalled_at' IS NULL) <> (p.recalled_at IS NULL)`,
  ],
];

/** Returns the stored rows that violate an invariant, at most three for each. */
export async function violations(url: string): Promise<string[]> {
  const found: string[] = [];
  for (const [invariant, sql] of INVARIANTS)
    for (const row of (await select(url, sql)).slice(0, 3)) {
      const text = JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value));
      found.push(`violated: ${invariant}: ${text}`);
    }
  return found;
}
