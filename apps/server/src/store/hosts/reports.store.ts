import { Injectable } from '@nestjs/common';
import { DATABASE_CLOCK, unnest } from '../../database/columns.js';
import { type Connection, Database } from '../../database/database.js';
import { named, sql } from '../../database/sql.js';
import { retrying } from '../../database/unavailable.js';
import { SightingsStore } from '../catalog/sightings.store.js';
import { CohortsStore, type CohortKey, type Move } from '../counts/cohorts.store.js';
import { type BootRange, BootsStore } from './boots.store.js';
import { bucketOf } from './bucket.js';
import type { Silence } from './heartbeats.store.js';
import type { HostDetail } from './hosts.store.js';
import type { CarriedFacts } from './carried-facts.js';

/**
 * What a report is decided against, and the version of it.
 *
 * `sequence`, `since` and `openedBy` are the version of the host; `contactSequence` is the version of what
 * follows it.
 */
export interface HostVersion {
  readonly hostId: string;
  readonly sequence: bigint;
  readonly sentBy: string | null;
  readonly digest: string | null;
  readonly bootId: string | null;
  readonly machine: string | null;
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly suspect: boolean;
  readonly retired: boolean;
  readonly carried: CarriedFacts;
  /** Since when the host is in this situation. */
  readonly since: string;
  /** The transaction that put it there. */
  readonly openedBy: bigint;
  /** Of the last heartbeat or report; null: there was none. */
  readonly contactSequence: bigint | null;
  readonly confirmedAt: string | null;
  readonly supersededAt: string | null;
  readonly supersededBy: bigint | null;
}

/** A report as the store takes it: everything is decided. */
export interface PlacedReport {
  readonly hostId: string;
  readonly hostname: string;
  readonly machine: string | null;
  readonly labelSetId: string;
  readonly situationId: string;
  readonly bootId: string;
  readonly sequence: bigint;
  /** Who sent it, as `report-sender.ts` writes it. */
  readonly sentBy: string;
  readonly digest: string;
  readonly observedAt: Date;
  readonly receivedAt: Date;
  readonly detail: HostDetail;
  readonly carried: CarriedFacts;
  readonly recheckAt: Date | null;
  /** The machine hash is another one, or a boot id came back after another one. */
  readonly suspect: boolean;
  /** The boots whose sequences it changes: one that begins, and one that ends. */
  readonly boots: readonly BootRange[];
  /** The version against which it was decided; null: a new host. */
  readonly expected: HostVersion | null;
}

const bucket = (report: { readonly hostId: string }): number => bucketOf(report.hostId);
const inOrder = (a: PlacedReport, b: PlacedReport): number =>
  bucket(a) - bucket(b) || (a.hostId < b.hostId ? -1 : 1);

/** Whether the report begins a new interval of its host. */
const isMove = ({ expected, ...report }: PlacedReport): boolean =>
  expected === null ||
  expected.situationId !== report.situationId ||
  expected.labelSetId !== report.labelSetId ||
  expected.bootId !== report.bootId ||
  (report.suspect && !expected.suspect);

type Numbers = 'sequence' | 'openedBy' | 'contactSequence' | 'supersededBy';
/** A version as PostgreSQL writes it: JSON would round large numbers, so they are texts. */
type WrittenVersion = Omit<HostVersion, Numbers> & {
  readonly [Name in Numbers]: HostVersion[Name] extends bigint ? string : string | null;
};

const toBigInt = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
const readVersion = (version: WrittenVersion): HostVersion => ({
  ...version,
  sequence: BigInt(version.sequence),
  openedBy: BigInt(version.openedBy),
  contactSequence: toBigInt(version.contactSequence),
  supersededBy: toBigInt(version.supersededBy),
});

/** The cohort in which the host was counted before, and the one in which it is counted from now on. */
function toMove({ hostId, expected, situationId, labelSetId, suspect }: PlacedReport): Move {
  if (expected?.retired) return { hostId, from: null, to: null };
  const to: CohortKey = { situationId, labelSetId, suspect: suspect || (expected?.suspect ?? false) };
  return { hostId, from: expected, to };
}

/** A period in which the facts of a host were not reliable, and that its report ends. */
interface Gap {
  readonly hostId: string;
  readonly kind: 'SILENT' | 'SUPERSEDED';
  readonly since: string;
  readonly until: Date | string;
  readonly openedBy: bigint | null;
}

/** The gaps that a report ends. If a newer heartbeat came before it, the facts stay superseded. */
function gapsOf({ hostId, sequence, receivedAt, expected }: PlacedReport, { silentAfter }: Silence): Gap[] {
  if (expected?.confirmedAt == null) return [];
  const { confirmedAt, supersededAt, supersededBy, contactSequence } = expected;
  const gaps: Gap[] = [];
  if (Date.parse(confirmedAt) < receivedAt.getTime() - silentAfter * 1000)
    gaps.push({ hostId, kind: 'SILENT', since: confirmedAt, until: receivedAt, openedBy: null });
  if (supersededAt !== null && contactSequence! <= sequence) {
    const until = Date.parse(supersededAt) > receivedAt.getTime() ? supersededAt : receivedAt;
    gaps.push({ hostId, kind: 'SUPERSEDED', since: supersededAt, until, openedBy: supersededBy });
  }
  return gaps;
}

/**
 * Reports in batches: one transaction with a constant number of statements over arrays, for any number of
 * hosts.
 *
 * Concurrency is optimistic: nothing is locked beforehand. A report was decided against a version of its
 * host, and the statement that writes changes only rows that still have it. If a row has another version, the
 * transaction is rolled back and repeated without that report.
 *
 * SQL, because Prisma writes one row for each statement, which takes 20 to 30 times as long.
 */
@Injectable()
export class ReportsStore {
  constructor(
    private readonly db: Database,
    private readonly cohorts: CohortsStore,
    private readonly sightings: SightingsStore,
    private readonly boots: BootsStore,
  ) {}

  /** The versions of these hosts; an unknown host has no entry. */
  async versions(hostIds: readonly string[]): Promise<Map<string, HostVersion>> {
    const keys = unnest('k', hostIds, { bucket: ['smallint', bucketOf], id: ['uuid', (id) => id] });
    const sent = performance.now();
    // the rows come back as one text: hundreds of rows cost the driver more than the database
    const [found] = await this.db.$queryRaw<{ versions: string; now: Date }[]>(
      named(
        'reports.versions',
        sql`
          SELECT coalesce(json_agg(version), '[]')::text AS versions, ${DATABASE_CLOCK}
            FROM (SELECT h.id AS "hostId",
                         h.sequence::text,
                         h.sent_by AS "sentBy",
                         h.digest,
                         h.boot_id AS "bootId",
                         h.machine,
                         h.situation_id AS "situationId",
                         h.label_set_id AS "labelSetId",
                         h.suspect_since IS NOT NULL AS suspect,
                         h.retired_at IS NOT NULL AS retired,
                         h.carried_facts AS carried,
                         h.since,
                         h.opened_by::text AS "openedBy",
                         b.sequence::text AS "contactSequence",
                         b.confirmed_at AS "confirmedAt",
                         b.superseded_at AS "supersededAt",
                         b.superseded_by::text AS "supersededBy"
                    FROM ${keys}
                    JOIN host h ON h.bucket = k.bucket AND h.id = k.id
                    LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id) version`,
      ),
    );
    this.db.time.read(found!.now, sent);
    const versions = JSON.parse(found!.versions) as WrittenVersion[];
    return new Map(versions.map((version) => [version.hostId, readVersion(version)]));
  }

  /**
   * Stores reports of different hosts in one transaction: the hosts, their heartbeat rows, their history, and
   * by how much their cohorts grow or shrink.
   *
   * @returns version conflicts: the ids of hosts whose report was not stored, because another message changed
   *   them since it was decided. These reports must be decided again.
   */
  async save(reports: readonly PlacedReport[], silence: Silence): Promise<Set<string>> {
    // all batches write in the order of the keys, so that two of them do not deadlock
    let rest = reports.toSorted(inOrder);
    const conflicts = new Set<string>();
    while (rest.length > 0) {
      const found = await retrying(() => this.store(rest, silence));
      if (found.length === 0) break;
      for (const id of found) conflicts.add(id);
      rest = rest.filter(({ hostId }) => !conflicts.has(hostId));
    }
    return conflicts;
  }

  /** Stores all of these, or none. @returns the ids of hosts with another version; none: all are stored */
  private async store(reports: readonly PlacedReport[], silence: Silence): Promise<readonly string[]> {
    const gaps = reports.flatMap((report) => gapsOf(report, silence));
    const moves = reports.filter(isMove).map(toMove);
    const boots = reports.flatMap(({ hostId, boots: ranges }) =>
      ranges.map((range) => ({ hostId, ...range })),
    );
    const suspects = reports.flatMap(({ hostId, suspect, expected }) =>
      suspect && expected?.suspect === false ? hostId : [],
    );
    try {
      await this.db.$transaction(async (tx) => {
        const written = new Set(await this.write(tx, reports, silence));
        const conflicts = reports.flatMap(({ hostId }) => (written.has(hostId) ? [] : hostId));
        if (conflicts.length > 0) throw new VersionConflict(conflicts);
        if (gaps.length > 0) await keepGaps(tx, gaps);
        if (moves.length > 0) await this.cohorts.append(tx, moves);
        if (boots.length > 0) await this.boots.keep(tx, boots);
        if (suspects.length > 0) await this.sightings.withdraw(tx, suspects, reports[0]!.receivedAt);
      });
      this.db.faults.wrote();
      return [];
    } catch (error) {
      if (error instanceof VersionConflict) return error.hostIds;
      throw error;
    }
  }

  /**
   * Writes the hosts that have the expected version, closes their intervals, and confirms their facts. If a
   * newer heartbeat came before the report, the facts are superseded: it reported other contents, or contents
   * that had come back.
   *
   * @returns the ids of hosts of which everything was written
   */
  private async write(tx: Connection, reports: readonly PlacedReport[], silence: Silence): Promise<string[]> {
    const placed = reports.map((report) => ({ report, old: report.expected, to: toMove(report).to }));
    const rows = unnest('r', placed, {
      bucket: ['smallint', ({ report }) => bucket(report)],
      id: ['uuid', ({ report }) => report.hostId],
      hostname: ['text', ({ report }) => report.hostname],
      machine: ['text', ({ report }) => report.machine],
      label_set_id: ['uuid', ({ report }) => report.labelSetId],
      situation_id: ['uuid', ({ report }) => report.situationId],
      boot_id: ['uuid', ({ report }) => report.bootId],
      sequence: ['bigint', ({ report }) => report.sequence],
      sent_by: ['text', ({ report }) => report.sentBy],
      digest: ['text', ({ report }) => report.digest],
      observed_at: ['timestamptz', ({ report }) => report.observedAt],
      received_at: ['timestamptz', ({ report }) => report.receivedAt],
      detail: ['jsonb', ({ report }) => report.detail],
      carried_facts: ['jsonb', ({ report }) => report.carried],
      recheck_at: ['timestamptz', ({ report }) => report.recheckAt],
      suspect: ['boolean', ({ report }) => report.suspect],
      moved: ['boolean', ({ report }) => isMove(report)],
      counted_situation: ['uuid', ({ to }) => to?.situationId],
      counted_labels: ['uuid', ({ to }) => to?.labelSetId],
      counted_suspect: ['boolean', ({ to }) => to?.suspect ?? false],
      old_sequence: ['bigint', ({ old }) => old?.sequence],
      old_sent_by: ['text', ({ old }) => old?.sentBy],
      old_opened_by: ['bigint', ({ old }) => old?.openedBy],
      old_contact: ['bigint', ({ old }) => old?.contactSequence],
      old_since: ['timestamptz', ({ old }) => old?.since],
      old_situation: ['uuid', ({ old }) => old?.situationId],
      old_labels: ['uuid', ({ old }) => old?.labelSetId],
      old_boot: ['uuid', ({ old }) => old?.bootId],
      old_suspect: ['boolean', ({ old }) => old?.suspect],
      old_retired: ['boolean', ({ old }) => old?.retired],
    });
    const [written] = await tx.$queryRaw<{ ids: string }[]>(
      named(
        'reports.write',
        sql`
          WITH r AS MATERIALIZED (
                 SELECT * FROM ${rows}),
               made AS (
                 INSERT INTO host (bucket, id, hostname, machine, label_set_id, situation_id, boot_id,
                                   sequence, sent_by, digest, observed_at, detail, carried_facts, added_at,
                                   since, opened_by)
                 SELECT bucket, id, hostname, machine, label_set_id, situation_id, boot_id, sequence,
                        sent_by, digest, observed_at, detail, carried_facts, received_at, received_at,
                        pg_current_xact_id()::text::bigint
                   FROM r
                  WHERE old_sequence IS NULL
                 ON CONFLICT (bucket, id) DO NOTHING
                 RETURNING bucket, id),
               changed AS (
                 UPDATE host h
                    SET hostname = r.hostname,
                        machine = r.machine,
                        label_set_id = r.label_set_id,
                        situation_id = r.situation_id,
                        boot_id = r.boot_id,
                        sequence = r.sequence,
                        sent_by = r.sent_by,
                        digest = r.digest,
                        observed_at = r.observed_at,
                        detail = r.detail,
                        carried_facts = r.carried_facts,
                        suspect_since =
                          CASE WHEN r.suspect THEN coalesce(h.suspect_since, r.received_at)
                               ELSE h.suspect_since END,
                        since = CASE WHEN r.moved THEN greatest(h.since, r.received_at) ELSE h.since END,
                        opened_by =
                          CASE WHEN r.moved THEN pg_current_xact_id()::text::bigint ELSE h.opened_by END
                   FROM r
                  WHERE h.bucket = r.bucket
                    AND h.id = r.id
                    AND h.sequence = r.old_sequence
                    AND h.opened_by = r.old_opened_by
                 RETURNING h.bucket, h.id),
               written AS (
                 SELECT bucket, id FROM made
                  UNION ALL
                 SELECT bucket, id FROM changed),
               closed AS (
                 INSERT INTO host_history (bucket, host_id, valid_from, valid_until, opened_by, closed_by,
                                           situation_id, label_set_id, boot_id, suspect, retired, sequence, sent_by)
                 SELECT bucket, id, old_since, greatest(old_since, received_at), old_opened_by,
                        pg_current_xact_id()::text::bigint,
                        old_situation, old_labels, old_boot, old_suspect, old_retired, old_sequence,
                        old_sent_by
                   FROM r
                  WHERE old_sequence IS NOT NULL AND moved),
               opened AS (
                 INSERT INTO host_heartbeat (bucket, host_id, sequence, digest, boot_id, recheck_at,
                                             confirmed_at, contact_at, confirmed_after, situation_id, label_set_id,
                                             suspect)
                 SELECT bucket, id, sequence, digest, boot_id, recheck_at, observed_at,
                        received_at, observed_at, counted_situation, counted_labels, counted_suspect
                   FROM written
                   JOIN r USING (bucket, id)
                  WHERE old_contact IS NULL
                 ON CONFLICT (bucket, host_id) DO NOTHING
                 RETURNING host_id),
               confirmed AS (
                 UPDATE host_heartbeat b
                    SET sequence = greatest(b.sequence, r.sequence),
                        digest = r.digest,
                        boot_id = r.boot_id,
                        recheck_at = r.recheck_at,
                        confirmed_at = r.observed_at,
                        contact_at = r.received_at,
                        confirmed_after =
                          CASE WHEN b.confirmed_after
                                    BETWEEN r.received_at
                                            - make_interval(secs => ${silence.indexedAfter}::float8)
                                        AND r.observed_at
                               THEN b.confirmed_after
                               ELSE r.observed_at END,
                        situation_id = r.counted_situation,
                        label_set_id = r.counted_labels,
                        suspect = r.counted_suspect,
                        superseded_at =
                          CASE WHEN b.sequence > r.sequence THEN coalesce(b.superseded_at, r.received_at) END,
                        superseded_by =
                          CASE WHEN b.sequence > r.sequence
                               THEN coalesce(b.superseded_by, pg_current_xact_id()::text::bigint) END
                   FROM written w
                   JOIN r ON r.bucket = w.bucket AND r.id = w.id
                  WHERE b.bucket = r.bucket
                    AND b.host_id = r.id
                    AND b.sequence = r.old_contact
                 RETURNING b.host_id)
          SELECT coalesce(json_agg(host_id), '[]')::text AS ids
            FROM (SELECT host_id FROM opened
                   UNION ALL
                  SELECT host_id FROM confirmed) b`,
      ),
    );
    return JSON.parse(written!.ids) as string[];
  }
}

/** Rolls a transaction back: these hosts have another version than their reports expected. */
class VersionConflict extends Error {
  constructor(readonly hostIds: readonly string[]) {
    super('version conflict');
  }
}

async function keepGaps(tx: Connection, gaps: readonly Gap[]): Promise<void> {
  const rows = unnest('r', gaps, {
    bucket: ['smallint', bucket],
    host_id: ['uuid', (gap) => gap.hostId],
    kind: ['gap_kind', (gap) => gap.kind],
    since: ['timestamptz', (gap) => gap.since],
    until: ['timestamptz', (gap) => gap.until],
    opened_by: ['bigint', (gap) => gap.openedBy],
  });
  await tx.$executeRaw(
    named(
      'reports.gaps',
      sql`
        INSERT INTO host_gap (bucket, host_id, kind, since, until, opened_by, closed_by)
        SELECT r.*, pg_current_xact_id()::text::bigint
          FROM ${rows}`,
    ),
  );
}
