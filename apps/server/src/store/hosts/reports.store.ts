import { Injectable } from '@nestjs/common';
import { type BootRange, BootsStore } from './boots.store.js';
import { CohortsStore, type CohortKey } from '../counts/cohorts.store.js';
import { column, READING } from '../../database/columns.js';
import { type Connection, Database } from '../../database/database.js';
import { bucketOf } from './bucket.js';
import type { Silence } from './heartbeats.store.js';
import type { HostDetail } from './hosts.store.js';
import { type Marks, toMarks } from './marks.js';
import { SightingsStore } from '../catalog/sightings.store.js';
import { retrying } from '../../database/unavailable.js';

/** What ingest must know of a host before it can place a report. */
export interface HostVersion {
  readonly hostId: string;
  readonly sequence: bigint;
  readonly digest: string | null;
  readonly bootId: string | null;
  readonly machine: string | null;
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly suspect: boolean;
  readonly retired: boolean;
  readonly marks: Marks;
  /** Since when it is in this situation, and the transaction that noted it: with the sequence, the version of all of the above. */
  readonly since: string;
  readonly openedBy: bigint;
  /** Of the last heartbeat or report, the version of what follows; null where there was neither. */
  readonly contactSequence: bigint | null;
  readonly confirmedAt: string | null;
  readonly supersededAt: string | null;
  readonly supersededBy: bigint | null;
}

/** A report as the store takes it: everything decided. */
export interface PlacedReport {
  readonly hostId: string;
  readonly hostname: string;
  readonly machine: string | null;
  readonly labelSetId: string;
  readonly situationId: string;
  readonly bootId: string;
  readonly sequence: bigint;
  readonly digest: string;
  readonly observedAt: Date;
  readonly receivedAt: Date;
  readonly detail: HostDetail;
  readonly marks: Marks;
  readonly recheckAt: Date | null;
  /** Another machine hash than before, or a boot id that came back after another. */
  readonly suspect: boolean;
  /** Ranges of sequences that it changes: those of a boot that begins, and of the one that ends. */
  readonly boots: readonly BootRange[];
  /** The head that all this was decided against; null: a new host. */
  readonly expected: HostVersion | null;
}

const bucket = (report: { readonly hostId: string }): number => bucketOf(report.hostId);
const moved = ({ expected, ...report }: PlacedReport): boolean =>
  expected === null ||
  expected.situationId !== report.situationId ||
  expected.labelSetId !== report.labelSetId ||
  expected.bootId !== report.bootId ||
  (report.suspect && !expected.suspect);

type Numbers = 'sequence' | 'openedBy' | 'contactSequence' | 'supersededBy';
/** A head as PostgreSQL writes it: numbers that JSON would round are text. */
type WrittenVersion = Omit<HostVersion, Numbers> & { readonly [Name in Numbers]: HostVersion[Name] extends bigint ? string : string | null };

const numberOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
const readVersion = (head: WrittenVersion): HostVersion => ({
  ...head,
  marks: toMarks(head.marks),
  sequence: BigInt(head.sequence),
  openedBy: BigInt(head.openedBy),
  contactSequence: numberOf(head.contactSequence),
  supersededBy: numberOf(head.supersededBy),
});

/** Where the host was counted before, and is from now on. */
const toMove = (report: PlacedReport): { hostId: string; from: CohortKey | null; to: CohortKey | null } => {
  const { hostId, expected, situationId, labelSetId } = report;
  if (expected?.retired) return { hostId, from: null, to: null };
  return { hostId, from: expected, to: { situationId, labelSetId, suspect: report.suspect || (expected?.suspect ?? false) } };
};

/** What ends with a report. */
interface Gap {
  readonly hostId: string;
  readonly kind: 'SILENT' | 'SUPERSEDED';
  readonly since: string;
  readonly until: Date | string;
  readonly openedBy: bigint | null;
}

/** That the host was silent, or its facts superseded, ends with this report; where a heartbeat has overtaken it, they still are. */
function gapsOf({ hostId, sequence, receivedAt, expected }: PlacedReport, { silentAfter }: Silence): Gap[] {
  if (expected?.confirmedAt == null) return [];
  const { confirmedAt, supersededAt, supersededBy, contactSequence } = expected;
  const lapses: Gap[] = [];
  if (Date.parse(confirmedAt) < receivedAt.getTime() - silentAfter * 1000)
    lapses.push({ hostId, kind: 'SILENT', since: confirmedAt, until: receivedAt, openedBy: null });
  if (supersededAt !== null && contactSequence! <= sequence) {
    const until = Date.parse(supersededAt) > receivedAt.getTime() ? supersededAt : receivedAt;
    lapses.push({ hostId, kind: 'SUPERSEDED', since: supersededAt, until, openedBy: supersededBy });
  }
  return lapses;
}

const inOrder = (a: PlacedReport, b: PlacedReport): number => bucket(a) - bucket(b) || (a.hostId < b.hostId ? -1 : 1);

/**
 * Reports, many at once: one transaction and a constant number of statements over arrays, however many hosts are in it.
 *
 * Nothing is locked beforehand. A report was decided against the host's version; the statement that writes changes only rows that still are of it, and where one is not, the
 * transaction is taken back and done again without that report.
 *
 * Raw, because Prisma writes a row for each statement: 20 to 30 times slower.
 */
@Injectable()
export class ReportsStore {
  constructor(
    private readonly db: Database,
    private readonly cohorts: CohortsStore,
    private readonly sightings: SightingsStore,
    private readonly boots: BootsStore,
  ) {}

  /** What is known of these hosts; those that nobody knows are not there. */
  async versions(hostIds: readonly string[]): Promise<Map<string, HostVersion>> {
    const keys = hostIds.map((hostId) => ({ hostId }));
    // as one text: hundreds of rows cost the driver more than the database
    const sent = performance.now();
    const [found] = await this.db.$queryRaw<{ heads: string; now: Date }[]>`
      /* reports.heads */
      SELECT coalesce(json_agg(head), '[]')::text AS heads, ${READING} FROM (
        SELECT h.id AS "hostId", h.sequence::text, h.digest, h.boot_id AS "bootId", h.machine, h.situation_id AS "situationId", h.label_set_id AS "labelSetId",
               h.suspect_since IS NOT NULL AS suspect, h.retired_at IS NOT NULL AS retired, h.referenced_since AS marks, h.since, h.opened_by::text AS "openedBy",
               b.sequence::text AS "contactSequence", b.confirmed_at AS "confirmedAt", b.superseded_at AS "supersededAt", b.superseded_by::text AS "supersededBy"
          FROM unnest(${column(keys, 'smallint', bucket)}, ${column(keys, 'uuid', (key) => key.hostId)}) AS k(bucket, id)
          JOIN host h ON h.bucket = k.bucket AND h.id = k.id LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id) head`;
    this.db.time.read(found!.now, sent);
    return new Map((JSON.parse(found!.heads) as WrittenVersion[]).map((head) => [head.hostId, readVersion(head)]));
  }

  /**
   * Stores reports of different hosts in one transaction: the hosts, their heartbeat rows, their history, and by how much their cohorts grow or shrink.
   *
   * @returns the ids of hosts whose report was not stored, because another document moved them since it was decided: place these again
   */
  async save(reports: readonly PlacedReport[], silence: Silence): Promise<Set<string>> {
    // everybody in the order of the keys, so that two batches do not wait for each other in a circle
    let mine = reports.toSorted(inOrder);
    const conflicts = new Set<string>();
    while (mine.length > 0) {
      const stale = await retrying(() => this.store(mine, silence));
      if (stale.size === 0) break;
      for (const id of stale) conflicts.add(id);
      mine = mine.filter(({ hostId }) => !stale.has(hostId));
    }
    return conflicts;
  }

  /** Stores all of these, or none. @returns the ids of those that are not as they were any more; none: all are stored */
  private async store(reports: readonly PlacedReport[], silence: Silence): Promise<ReadonlySet<string>> {
    const lapses = reports.flatMap((report) => gapsOf(report, silence));
    const movers = reports.filter(moved);
    const boots = reports.flatMap(({ hostId, boots: ranges }) => ranges.map((range) => ({ hostId, ...range })));
    const suspects = reports.filter(({ suspect, expected }) => suspect && expected?.suspect === false).map(({ hostId }) => hostId);
    try {
      await this.db.$transaction(async (tx) => {
        const written = new Set(await this.write(tx, reports, silence));
        const stale = reports.filter(({ hostId }) => !written.has(hostId)).map(({ hostId }) => hostId);
        if (stale.length > 0) throw new VersionConflict(stale);
        if (lapses.length > 0) await keepGaps(tx, lapses);
        if (movers.length > 0) await this.cohorts.append(tx, movers.map(toMove));
        if (boots.length > 0) await this.boots.keep(tx, boots);
        if (suspects.length > 0) await this.sightings.withdraw(tx, suspects, reports[0]!.receivedAt);
      });
      this.db.faults.wrote();
      return new Set();
    } catch (error) {
      if (error instanceof VersionConflict) return new Set(error.hostIds);
      throw error;
    }
  }

  /**
   * Writes hosts that are of the version that is expected, closes their intervals, and has their facts confirmed. A heartbeat that overtook the report told of other content, or of
   * content that had come back: then a report is still wanted.
   *
   * @returns the ids of hosts of which everything was written
   */
  private async write(tx: Connection, reports: readonly PlacedReport[], silence: Silence): Promise<string[]> {
    const moves = reports.map(toMove);
    const expected = reports.map((report) => report.expected);
    const [written] = await tx.$queryRaw<{ ids: string }[]>`
      /* reports.write */
      WITH r AS MATERIALIZED (
             SELECT * FROM unnest(
                    ${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'text', (report) => report.hostname)},
                    ${column(reports, 'text', (report) => report.machine)}, ${column(reports, 'uuid', (report) => report.labelSetId)}, ${column(reports, 'uuid', (report) => report.situationId)},
                    ${column(reports, 'uuid', (report) => report.bootId)}, ${column(reports, 'bigint', (report) => report.sequence)}, ${column(reports, 'text', (report) => report.digest)},
                    ${column(reports, 'timestamptz', (report) => report.observedAt)}, ${column(reports, 'timestamptz', (report) => report.receivedAt)},
                    ${column(reports, 'jsonb', (report) => report.detail)}, ${column(reports, 'jsonb', (report) => report.marks)},
                    ${column(reports, 'timestamptz', (report) => report.recheckAt)}, ${column(reports, 'boolean', (report) => report.suspect)}, ${column(reports, 'boolean', moved)},
                    ${column(moves, 'uuid', ({ to }) => to?.situationId)}, ${column(moves, 'uuid', ({ to }) => to?.labelSetId)}, ${column(moves, 'boolean', ({ to }) => to?.suspect ?? false)},
                    ${column(expected, 'bigint', (head) => head?.sequence)}, ${column(expected, 'bigint', (head) => head?.openedBy)}, ${column(expected, 'bigint', (head) => head?.contactSequence)},
                    ${column(expected, 'timestamptz', (head) => head?.since)}, ${column(expected, 'uuid', (head) => head?.situationId)}, ${column(expected, 'uuid', (head) => head?.labelSetId)},
                    ${column(expected, 'uuid', (head) => head?.bootId)}, ${column(expected, 'boolean', (head) => head?.suspect)}, ${column(expected, 'boolean', (head) => head?.retired)})
                 AS r(bucket, id, hostname, machine, label_set_id, situation_id, boot_id, sequence, digest, observed_at, received_at, detail, referenced_since, recheck_at, suspect, moved,
                      counted_situation, counted_labels, counted_suspect, old_sequence, old_opened_by, old_contact, old_since, old_situation, old_labels, old_boot, old_suspect, old_retired)),
           made AS (
             INSERT INTO host (bucket, id, hostname, machine, label_set_id, situation_id, boot_id, sequence, digest, observed_at, detail, referenced_since, added_at, since, opened_by)
             SELECT bucket, id, hostname, machine, label_set_id, situation_id, boot_id, sequence, digest, observed_at, detail, referenced_since, received_at, received_at,
                    pg_current_xact_id()::text::bigint FROM r WHERE old_sequence IS NULL
             ON CONFLICT (bucket, id) DO NOTHING RETURNING bucket, id),
           changed AS (
             UPDATE host h SET hostname = r.hostname, machine = r.machine, label_set_id = r.label_set_id, situation_id = r.situation_id, boot_id = r.boot_id, sequence = r.sequence,
                    digest = r.digest, observed_at = r.observed_at, detail = r.detail, referenced_since = r.referenced_since,
                    suspect_since = CASE WHEN r.suspect THEN coalesce(h.suspect_since, r.received_at) ELSE h.suspect_since END,
                    since = CASE WHEN r.moved THEN greatest(h.since, r.received_at) ELSE h.since END,
                    opened_by = CASE WHEN r.moved THEN pg_current_xact_id()::text::bigint ELSE h.opened_by END
               FROM r WHERE h.bucket = r.bucket AND h.id = r.id AND h.sequence = r.old_sequence AND h.opened_by = r.old_opened_by RETURNING h.bucket, h.id),
           written AS (SELECT bucket, id FROM made UNION ALL SELECT bucket, id FROM changed),
           closed AS (
             INSERT INTO host_history (bucket, host_id, valid_from, valid_until, opened_by, closed_by, situation_id, label_set_id, boot_id, suspect, retired, sequence)
             SELECT bucket, id, old_since, greatest(old_since, received_at), old_opened_by, pg_current_xact_id()::text::bigint, old_situation, old_labels, old_boot, old_suspect, old_retired,
                    old_sequence FROM r WHERE old_sequence IS NOT NULL AND moved),
           begun AS (
             INSERT INTO host_heartbeat (bucket, host_id, sequence, digest, boot_id, recheck_at, confirmed_at, contact_at, confirmed_after, situation_id, label_set_id, suspect)
             SELECT bucket, id, sequence, digest, boot_id, recheck_at, observed_at, received_at, observed_at, counted_situation, counted_labels, counted_suspect
               FROM written JOIN r USING (bucket, id) WHERE old_contact IS NULL
             ON CONFLICT (bucket, host_id) DO NOTHING RETURNING host_id),
           confirmed AS (
             UPDATE host_heartbeat b SET sequence = greatest(b.sequence, r.sequence), digest = r.digest, boot_id = r.boot_id, recheck_at = r.recheck_at,
                    confirmed_at = r.observed_at, contact_at = r.received_at,
                    confirmed_after = CASE WHEN b.confirmed_after BETWEEN r.received_at - make_interval(secs => ${silence.indexedAfter}::float8) AND r.observed_at THEN b.confirmed_after
                                           ELSE r.observed_at END,
                    situation_id = r.counted_situation, label_set_id = r.counted_labels, suspect = r.counted_suspect,
                    superseded_at = CASE WHEN b.sequence > r.sequence THEN coalesce(b.superseded_at, r.received_at) END,
                    superseded_by = CASE WHEN b.sequence > r.sequence THEN coalesce(b.superseded_by, pg_current_xact_id()::text::bigint) END
               FROM written w JOIN r ON r.bucket = w.bucket AND r.id = w.id
              WHERE b.bucket = r.bucket AND b.host_id = r.id AND b.sequence = r.old_contact RETURNING b.host_id)
      SELECT coalesce(json_agg(host_id), '[]')::text AS ids FROM (SELECT host_id FROM begun UNION ALL SELECT host_id FROM confirmed) b`;
    return JSON.parse(written!.ids) as string[];
  }
}

/** Ends a transaction: these hosts are not as they were when their reports were decided. */
class VersionConflict extends Error {
  constructor(readonly hostIds: readonly string[]) {
    super('hosts have moved');
  }
}

async function keepGaps(tx: Connection, lapses: readonly Gap[]): Promise<void> {
  await tx.$executeRaw`
    /* reports.lapses */
    INSERT INTO host_lapse (bucket, host_id, kind, since, until, opened_by, closed_by)
    SELECT r.*, pg_current_xact_id()::text::bigint
      FROM unnest(${column(lapses, 'smallint', bucket)}, ${column(lapses, 'uuid', (lapse) => lapse.hostId)}, ${column(lapses, 'text', (lapse) => lapse.kind)},
                  ${column(lapses, 'timestamptz', (lapse) => lapse.since)}, ${column(lapses, 'timestamptz', (lapse) => lapse.until)}, ${column(lapses, 'bigint', (lapse) => lapse.openedBy)})
           AS r(bucket, host_id, kind, since, until, opened_by)`;
}
