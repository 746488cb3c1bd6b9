import pg from 'pg';

/** Asks PostgreSQL itself. */
export async function select<Row extends object>(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // its queries say it too
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

const NOBODY = `'00000000-0000-0000-0000-000000000000'::uuid`;
const INTERVALS = `
  intervals AS (SELECT bucket, host_id, valid_from, valid_until, opened_by, closed_by FROM host_history
                UNION ALL SELECT bucket, id, since, 'infinity', opened_by, NULL FROM host)`;

/** What holds at every instant; each statement finds what it does not hold for. */
const TRUTHS: readonly (readonly [truth: string, exceptions: string])[] = [
  [
    'counts equal the recount of the hosts', // as CohortsStore.differences()
    `WITH counted AS (SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS n
                        FROM (SELECT situation_id, label_set_id, suspect, hosts FROM cohort
                              UNION ALL SELECT d.* FROM cohort_delta b, unnest(b.situation_ids, b.label_set_ids, b.suspects, b.hosts) AS d(situation_id, label_set_id, suspect, hosts)) c
                       GROUP BY 1, 2, 3 HAVING sum(hosts) <> 0),
          truth AS (SELECT coalesce(situation_id, ${NOBODY}) AS situation_id, label_set_id, suspect_since IS NOT NULL AS suspect, count(*) AS n
                      FROM host WHERE retired_at IS NULL GROUP BY 1, 2, 3)
     SELECT situation_id, label_set_id, suspect, counted.n AS counted, truth.n AS hosts
       FROM counted FULL JOIN truth USING (situation_id, label_set_id, suspect) WHERE counted.n IS DISTINCT FROM truth.n`,
  ],
  ['a folded count is above nothing: who is emptied goes', 'SELECT * FROM cohort WHERE hosts <= 0'],
  [
    'what a fold says of a cohort last is its count',
    `SELECT f.*, c.hosts AS counted FROM (SELECT DISTINCT ON (d.situation_id, d.label_set_id, d.suspect) number, d.*
        FROM roll_up, unnest(situation_ids, label_set_ids, suspects, hosts) AS d(situation_id, label_set_id, suspect, hosts) ORDER BY d.situation_id, d.label_set_id, d.suspect, number DESC) f
       LEFT JOIN cohort c USING (situation_id, label_set_id, suspect) WHERE coalesce(c.hosts, 0) <> f.hosts`,
  ],
  [
    'folds follow each other, and say how much they have changed',
    'SELECT number FROM roll_up WHERE changes <> cardinality(hosts) OR (number < (SELECT max(number) FROM roll_up) AND NOT EXISTS (SELECT FROM roll_up n WHERE n.number = roll_up.number + 1))',
  ],
  [
    'a heartbeat counts in the cohort of its host',
    `SELECT h.hostname, b.situation_id, b.label_set_id, b.suspect FROM host_heartbeat b JOIN host h ON h.bucket = b.bucket AND h.id = b.host_id
      WHERE (b.situation_id, b.label_set_id, b.suspect) IS DISTINCT FROM
            (CASE WHEN h.retired_at IS NULL THEN h.situation_id END, CASE WHEN h.retired_at IS NULL THEN h.label_set_id END, h.retired_at IS NULL AND h.suspect_since IS NOT NULL)`,
  ],
  [
    'nobody is suspect: no sequence was used twice',
    'SELECT hostname, sequence, suspect_since FROM host WHERE suspect_since IS NOT NULL',
  ],
  [
    'what was closed is followed by what the same transaction opened at the same instant',
    `WITH ${INTERVALS} SELECT p.* FROM intervals p LEFT JOIN intervals n ON n.bucket = p.bucket AND n.host_id = p.host_id AND n.opened_by = p.closed_by AND n.valid_from = p.valid_until
      WHERE p.closed_by IS NOT NULL AND n.host_id IS NULL`,
  ],
  [
    'an interval ends where it began, or later',
    `WITH ${INTERVALS} SELECT * FROM intervals WHERE valid_until < valid_from`,
  ],
  [
    'intervals of a host never overlap',
    `WITH ${INTERVALS} SELECT a.* FROM intervals a JOIN intervals b USING (bucket, host_id)
      WHERE (a.opened_by, a.closed_by) IS DISTINCT FROM (b.opened_by, b.closed_by) AND a.valid_from < b.valid_until AND b.valid_from < a.valid_until
        AND a.valid_from < a.valid_until AND b.valid_from < b.valid_until`,
  ],
  [
    'history begins where the host was added, once',
    `WITH ${INTERVALS},
          first AS (SELECT n.bucket, n.host_id, n.valid_from FROM intervals n
                     WHERE NOT EXISTS (SELECT FROM intervals p WHERE p.bucket = n.bucket AND p.host_id = n.host_id AND p.closed_by = n.opened_by))
     SELECT h.id, h.added_at, count(f.*) FROM host h LEFT JOIN first f ON f.bucket = h.bucket AND f.host_id = h.id AND f.valid_from = h.added_at GROUP BY 1, 2 HAVING count(f.*) <> 1`,
  ],
  [
    'who is in a situation has a heartbeat row of the same report, and nobody else has one',
    `SELECT h.hostname, h.sequence, h.digest, b.sequence AS contact, b.digest AS confirmed FROM host h FULL JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
      WHERE (h.situation_id IS NULL) <> (b.host_id IS NULL) OR h.digest IS DISTINCT FROM b.digest OR h.boot_id IS DISTINCT FROM b.boot_id OR b.sequence < h.sequence
         OR (h.situation_id IS NULL AND h.sequence <> 0)`,
  ],
  [
    'a lapse ends where it began, or later, and two of a kind never overlap',
    `SELECT a.* FROM host_gap a LEFT JOIN host_gap b ON b.bucket = a.bucket AND b.host_id = a.host_id AND b.kind = a.kind AND b.closed_by <> a.closed_by
                                                         AND a.since < b.until AND b.since < a.until
      WHERE a.until < a.since OR b.host_id IS NOT NULL`,
  ],
  [
    'every stack has all its patches',
    `SELECT s.id FROM stack s LEFT JOIN stack_patch p ON p.stack_id = s.id GROUP BY s.id HAVING count(p.*) <> jsonb_array_length(s.patches)`,
  ],
  [
    'the catalog is at its last revision, and each patch as its last version says',
    `SELECT c.revision::text, v.build_id FROM catalog c, (SELECT DISTINCT ON (build_id) * FROM patch_version ORDER BY build_id, revision DESC) v JOIN patch p USING (build_id)
      WHERE c.revision < v.revision OR c.revision < (SELECT coalesce(max(greatest(revision, until_revision)), 0) FROM patch_sighting) OR (v.patch->>'recalled_at' IS NULL) <> (p.recalled_at IS NULL)`,
  ],
];

/** What is stored that must not be; nothing, always. */
export async function exceptions(url: string): Promise<string[]> {
  const found: string[] = [];
  for (const [truth, sql] of TRUTHS)
    for (const row of (await select(url, sql)).slice(0, 3))
      found.push(
        `not so: ${truth}: ${JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`,
      );
  return found;
}
