import { Injectable } from '@nestjs/common';
import type { Kernel } from '@klpreg/compat';
import { boundedCache } from '../../bounded-cache.js';
import { unnest } from '../../database/columns.js';
import { type Connection, Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import { named, sql } from '../../database/sql.js';
import { ContentIds } from '../content/content-ids.js';
import { AGENT_PREFIX } from '../content/labels.store.js';
import { bucketOf } from '../hosts/bucket.js';
import { nextRevision, type Transaction } from './revisions.js';

/** What one host shows of a build: it is on its list, enabled and settled. */
export interface HostSighting {
  readonly hostId: string;
  /** Hash of the machine id. */
  readonly machine: string;
  readonly buildId: string;
  readonly kernel: Kernel;
  /** Names of the objects that it patched, sorted. */
  readonly objects: readonly string[];
  /** Build-ids of the list over which it was loaded, oldest first; null: not known. */
  readonly over: readonly string[] | null;
  /** SHA-256 of the file that the host has for this build-id; null: not known. */
  readonly file: string | null;
  /** The kernel verified its signature; null: its taint was not reported. */
  readonly verified: boolean | null;
}

/**
 * Witnesses that are kept for one set of facts. Two are needed; a question may demand more, and some are
 * withdrawn.
 */
export const WITNESSES = 5;
/** Sets of facts that are kept for one build and kernel. Further ones stay in doubt. */
export const SETS_OF_FACTS = 64;

/** How long this process relies on what it stored: another server may have withdrawn witnesses meanwhile. */
const RELY_MS = 10 * 60_000;

/** A sighting, and who vouches for it: distinct names are distinct witnesses. */
interface WitnessedSighting extends HostSighting {
  /** The machine hash, or the enrolment token of a host without authoritative labels. */
  readonly witness: string;
}

type PatchSighting = Prisma.PatchSightingGetPayload<object>;
type Facts = Omit<HostSighting, 'hostId' | 'machine'>;
interface Row {
  readonly hostId: string;
  /** Of the host today; null: it has none any more. */
  readonly machine: string | null;
  readonly buildId: string;
  readonly facts: string;
  readonly witness: string;
  readonly kernel: string;
}

const factIds = new ContentIds(4_000);
const kernelText = ({ release, version, arch, buildId }: Kernel): string =>
  JSON.stringify([release, version, arch, buildId]);
const factsOf = ({ buildId, kernel, objects, over, file, verified }: Facts): Facts => ({
  buildId,
  kernel,
  objects,
  over,
  file,
  verified,
});
const inOrder = (a: Facts, b: Facts): number => (a.buildId < b.buildId ? -1 : 1);

/**
 * What hosts show of builds: a few witnesses for each set of facts. Each addition and each withdrawal is a
 * revision of the catalog.
 */
@Injectable()
export class SightingsStore {
  /** Machines that this process has seen stored, by the text of their facts. */
  private readonly known = boundedCache<Set<string>>(20_000);
  private knownSince = 0;

  constructor(private readonly db: Database) {}

  /**
   * Stores sightings, in a transaction of its own. Facts that have their witnesses already are not looked up
   * again.
   *
   * The hosts must be stored: those that are suspect, compromised or revoked do not count.
   */
  async keep(sightings: readonly HostSighting[], at: Date): Promise<void> {
    this.expire(at);
    const open = new Map<string, HostSighting>();
    for (const sighting of sightings) {
      const text = JSON.stringify(factsOf(sighting));
      const machines = this.known.get(text);
      if (machines === undefined || (machines.size < WITNESSES && !machines.has(sighting.machine)))
        open.set(`${sighting.machine} ${text}`, sighting);
    }
    if (open.size === 0) return;
    const wanted = (await this.identify([...open.values()])).toSorted(inOrder);
    const stored = await this.stored(wanted);
    const added = choose(wanted, stored);
    if (added.length > 0) await this.db.$transaction(async (tx) => this.insert(tx, added, at));
    this.remember(wanted, stored, added);
  }

  /**
   * Finds who vouches for each host. Of hosts that enrolled and have no authoritative labels it is their
   * token: all of one token are one witness, because its holder can make up machines.
   */
  private async identify(sightings: readonly HostSighting[]): Promise<WitnessedSighting[]> {
    const rows = unnest(
      'r',
      sightings.map(({ hostId }) => hostId),
      { bucket: ['smallint', bucketOf], id: ['uuid', (id) => id] },
    );
    const found = await this.db.$queryRaw<{ hostId: string; tokenId: string }[]>(
      named(
        'sightings.identify',
        sql`
          SELECT DISTINCT c.host_id AS "hostId", c.token_id AS "tokenId"
            FROM ${rows}
            JOIN host_credential c ON c.bucket = r.bucket AND c.host_id = r.id
            JOIN host h ON h.bucket = r.bucket AND h.id = r.id
            JOIN label_set l ON l.id = h.label_set_id
           WHERE NOT EXISTS (
                   SELECT
                     FROM jsonb_object_keys(l.labels) key
                    WHERE NOT starts_with(key, ${AGENT_PREFIX}))`,
      ),
    );
    const tokens = new Map(found.map(({ hostId, tokenId }) => [hostId, tokenId]));
    return sightings.map((sighting) => {
      const token = tokens.get(sighting.hostId);
      return { ...sighting, witness: token === undefined ? sighting.machine : `enrolment token ${token}` };
    });
  }

  private async stored(
    wanted: readonly HostSighting[],
    place: Pick<Transaction, 'patchSighting' | '$queryRaw'> = this.db,
  ): Promise<Row[]> {
    const buildIds = [...new Set(wanted.map(({ buildId }) => buildId))];
    const versions = [...new Set(wanted.map(({ kernel }) => kernel.version))];
    const where = { buildId: { in: buildIds }, kernelVersion: { in: versions }, untilRevision: null };
    const rows = await place.patchSighting.findMany({ where });
    const machines = await this.machinesOf(
      rows.map(({ hostId }) => hostId),
      place,
    );
    return rows.map(
      ({ hostId, buildId, facts, machine, kernelRelease, kernelVersion, arch, kernelBuildId }) => ({
        hostId,
        machine: machines.get(hostId) ?? null,
        buildId,
        facts,
        witness: machine,
        kernel: kernelText({ release: kernelRelease, version: kernelVersion, arch, buildId: kernelBuildId }),
      }),
    );
  }

  /** The machine hashes of these hosts. */
  private async machinesOf(
    hostIds: readonly string[],
    place: Pick<Transaction, '$queryRaw'>,
  ): Promise<ReadonlyMap<string, string>> {
    if (hostIds.length === 0) return new Map();
    const rows = unnest('r', hostIds, { bucket: ['smallint', bucketOf], id: ['uuid', (id) => id] });
    const found = await place.$queryRaw<{ id: string; machine: string }[]>(
      named(
        'sightings.machines',
        sql`
          SELECT DISTINCT h.id, h.machine
            FROM ${rows}
            JOIN host h ON h.bucket = r.bucket AND h.id = r.id
           WHERE h.machine IS NOT NULL`,
      ),
    );
    return new Map(found.map(({ id, machine }) => [id, machine]));
  }

  /**
   * The catalog's row is locked first. So a host that becomes suspect at the same time is seen here, or its
   * withdrawal sees these rows.
   */
  private async insert(tx: Connection, sightings: readonly WitnessedSighting[], at: Date): Promise<void> {
    const rows = unnest('r', sightings, {
      bucket: ['smallint', (one) => bucketOf(one.hostId)],
      build_id: ['text', (one) => one.buildId],
      facts: ['uuid', (one) => factIds.of(factsOf(one))],
      host_id: ['uuid', (one) => one.hostId],
      machine: ['text', (one) => one.witness],
      kernel_release: ['text', (one) => one.kernel.release],
      kernel_version: ['text', (one) => one.kernel.version],
      arch: ['text', (one) => one.kernel.arch],
      kernel_build_id: ['text', (one) => one.kernel.buildId],
      objects: ['jsonb', (one) => one.objects],
      over: ['text', (one) => one.over?.join(' ') ?? null],
      file: ['text', (one) => one.file],
      verified: ['boolean', (one) => one.verified],
    });
    const revision = await nextRevision(tx, at);
    await tx.$executeRaw(
      named(
        'sightings.add',
        sql`
          INSERT INTO patch_sighting (build_id, facts, host_id, machine, kernel_release, kernel_version,
                                      arch, kernel_build_id, objects, over, file, verified, revision, seen_at)
          SELECT r.build_id,
                 r.facts,
                 r.host_id,
                 r.machine,
                 r.kernel_release,
                 r.kernel_version,
                 r.arch,
                 r.kernel_build_id,
                 (SELECT coalesce(array_agg(object ORDER BY at), '{}')
                    FROM jsonb_array_elements_text(r.objects) WITH ORDINALITY AS o(object, at)),
                 r.over,
                 r.file,
                 r.verified,
                 ${revision},
                 ${at}
            FROM ${rows}
            JOIN host h ON h.bucket = r.bucket AND h.id = r.host_id
            LEFT JOIN host_credential c ON c.bucket = r.bucket AND c.host_id = r.host_id
            LEFT JOIN enrolment_token t ON t.id = c.token_id
           WHERE h.suspect_since IS NULL
             AND NOT h.compromised
             AND c.state IS DISTINCT FROM 'REVOKED'
             AND t.hosts_revoked_at IS NULL
          ON CONFLICT DO NOTHING`,
      ),
    );
  }

  /** Withdraws the sightings of these hosts, which are suspect, until an administrator releases them. */
  async withdraw(tx: Connection, hostIds: readonly string[], at: Date): Promise<void> {
    const isOpen = sql`host_id = ANY(${[...hostIds]}::uuid[]) AND until_revision IS NULL`;
    await tx.$queryRaw`SELECT id FROM catalog FOR UPDATE`;
    const [open] = await tx.$queryRaw<
      { rows: bigint }[]
    >`SELECT count(*) AS rows FROM patch_sighting WHERE ${isOpen}`;
    if (open!.rows === 0n) return;
    const revision = await nextRevision(tx, at);
    await tx.$executeRaw`
      UPDATE patch_sighting
         SET until_revision = ${revision}, until_at = ${at}::timestamptz
       WHERE ${isOpen}`;
  }

  /** Withdraws the sightings of these hosts for good: they are revoked, or retired as compromised. */
  async disown(tx: Connection, hostIds: readonly string[], at: Date): Promise<void> {
    await this.withdraw(tx, hostIds, at);
    await tx.$executeRaw`
      UPDATE patch_sighting
         SET disowned = true
       WHERE host_id = ANY(${[...hostIds]}::uuid[]) AND NOT disowned`;
  }

  /**
   * Counts the sightings of this host again: an administrator released it. Other witnesses may have been
   * stored meanwhile, so they are chosen as new ones are.
   */
  async restore(tx: Transaction, hostId: string, at: Date): Promise<void> {
    await tx.$queryRaw`SELECT id FROM catalog FOR UPDATE`;
    const rows = await tx.patchSighting.findMany({
      where: { hostId, disowned: false, untilRevision: { not: null } },
      distinct: ['buildId', 'facts'],
      orderBy: { revision: 'desc' },
    });
    if (rows.length === 0) return;
    const machine = (await this.machinesOf([hostId], tx)).get(hostId);
    const wanted = rows.map((row) => toWitnessed(row, machine ?? row.machine)).toSorted(inOrder);
    const restored = choose(wanted, await this.stored(wanted, tx));
    if (restored.length > 0) await this.insert(tx, restored, at);
  }

  private remember(
    wanted: readonly WitnessedSighting[],
    stored: readonly Row[],
    added: readonly WitnessedSighting[],
  ): void {
    const kept = new Set(added);
    for (const sighting of wanted) {
      const facts = factsOf(sighting);
      const id = factIds.of(facts);
      const witnesses = stored.filter((row) => row.facts === id).map(({ witness }) => witness);
      const text = JSON.stringify(facts);
      const known = this.known.get(text) ?? new Set();
      for (const witness of [...witnesses, sighting.witness]) known.add(witness);
      // new, and not stored: there are too many sets of facts, and no other witness would be stored either
      if (witnesses.length === 0 && !kept.has(sighting))
        for (let i = 0; known.size < WITNESSES; i++) known.add(`full ${i}`);
      this.known.set(text, known);
    }
  }

  private expire(at: Date): void {
    if (Math.abs(at.getTime() - this.knownSince) < RELY_MS) return;
    this.forget();
    this.knownSince = at.getTime();
  }

  /** Looks everything up again, as after the database was restored. */
  forget(): void {
    this.known.clear();
  }
}

/** The sighting of a stored row. */
const toWitnessed = (row: PatchSighting, machine: string): WitnessedSighting => ({
  hostId: row.hostId,
  machine,
  buildId: row.buildId,
  kernel: {
    release: row.kernelRelease,
    version: row.kernelVersion,
    arch: row.arch,
    buildId: row.kernelBuildId,
  },
  objects: row.objects,
  over: row.over === null ? null : row.over.split(' ').filter(Boolean),
  file: row.file,
  verified: row.verified,
  witness: row.machine,
});

/** What must not be two witnesses of one build. */
const keysOf = ({ buildId, hostId, machine }: Pick<Row, 'buildId' | 'hostId' | 'machine'>): string[] => [
  `${buildId} host ${hostId}`,
  ...(machine === null ? [] : [`${buildId} machine ${machine}`]),
];

/**
 * Chooses the sightings that are stored: each set of facts gets different witnesses, up to `WITNESSES`, and
 * each build and kernel gets up to `SETS_OF_FACTS` sets. A host or a machine is never two witnesses of a
 * build.
 */
function choose(wanted: readonly WitnessedSighting[], stored: readonly Row[]): WitnessedSighting[] {
  const witnessed = new Map<string, Set<string>>();
  const names = new Map<string, string>();
  const sets = new Map<string, Set<string>>();
  const under = <Key, Value>(map: Map<Key, Set<Value>>, key: Key): Set<Value> =>
    map.get(key) ?? map.set(key, new Set()).get(key)!;
  for (const row of stored) {
    under(witnessed, row.facts).add(row.witness);
    for (const key of keysOf(row)) names.set(key, row.witness);
    under(sets, `${row.buildId} ${row.kernel}`).add(row.facts);
  }
  return wanted.filter((sighting) => {
    const facts = factIds.of(factsOf(sighting));
    const witnesses = under(witnessed, facts);
    const ofKernel = under(sets, `${sighting.buildId} ${kernelText(sighting.kernel)}`);
    const room = ofKernel.has(facts) || ofKernel.size < SETS_OF_FACTS;
    const { witness } = sighting;
    if (!room || witnesses.size >= WITNESSES || witnesses.has(witness)) return false;
    if (keysOf(sighting).some((key) => (names.get(key) ?? witness) !== witness)) return false;
    for (const key of keysOf(sighting)) names.set(key, witness);
    witnesses.add(witness);
    ofKernel.add(facts);
    return true;
  });
}
