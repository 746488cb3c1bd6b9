import {
  canonicalStates,
  type Catalog,
  type LoadSighting,
  type Manifest,
  resolveManifest,
  type ResolvedSituation,
  type Verdict,
} from '@klpreg/compat';
import { LRUCache } from 'lru-cache';
import { boundedCache } from '../../bounded-cache.js';
import { memoized } from '../../memoized.js';
import type { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import type { FreshnessKey } from '../hosts/hosts-at.js';
import { type StoredPatch, toManifest } from './manifests.js';
import { policyAt } from './policies.store.js';
import { fromVersion, type Revision } from './revisions.js';
import { VerdictCache, type Verdicts } from './verdicts.js';

/** Build-ids, and names of patches and releases, are not longer. */
const LONGEST_NAME = 128;

/** A sighting as it is stored: `over` has build-ids instead of their states. */
type StoredSighting = Omit<LoadSighting, 'over'> & { readonly over: readonly string[] | null };

/** A build at a revision. */
interface Build {
  readonly row: StoredPatch;
  readonly manifest: Manifest;
  /** Null: not read yet. */
  sightings: readonly StoredSighting[] | null;
}

/** The catalog at one revision. It never changes, so that everything is read only once. */
export class CatalogSnapshot {
  private readonly builds = new Map<string, Build>();
  /** Build-ids that are not published: callers may ask for any. */
  private readonly absent = boundedCache<true>(20_000);
  private readonly selections = new LRUCache<string, readonly StoredPatch[]>({ max: 1_000 });
  private readonly resolvedSituations = boundedCache<ResolvedSituation>(20_000);
  private readonly verdictCache = new VerdictCache();
  private readonly sightings = new Map<string, readonly LoadSighting[]>();

  constructor(
    private readonly read: Database,
    readonly revision: Revision,
  ) {}

  /**
   * The snapshot of a later revision, with all builds that did not change; null if that is of another
   * history.
   */
  async next({ number, name }: Revision, read: Database): Promise<CatalogSnapshot | null> {
    const since = this.revision.number;
    const [own] = await read.$queryRaw<
      { name: string }[]
    >`SELECT name FROM catalog_revision WHERE number = ${since}`;
    if (own?.name !== this.revision.name) return null;
    const rows = await read.$queryRaw<{ buildId: string }[]>`
      SELECT build_id AS "buildId" FROM patch_version WHERE revision > ${since} AND revision <= ${number}
       UNION
      SELECT build_id FROM patch_sighting WHERE revision > ${since} AND revision <= ${number}
       UNION
      SELECT build_id FROM patch_sighting WHERE until_revision > ${since} AND until_revision <= ${number}`;
    const changed = new Set(rows.map(({ buildId }) => buildId));
    const next = new CatalogSnapshot(read, { number, name });
    for (const [buildId, build] of this.builds) if (!changed.has(buildId)) next.builds.set(buildId, build);
    return next;
  }

  /** The policy of the registry at this revision; null: there was none. */
  readonly policy = memoized(async () => policyAt(this.read, this.revision.number));

  /** The resolved situation with this key; it is resolved only once. */
  resolved(key: string, resolve: () => ResolvedSituation): ResolvedSituation {
    const known = this.resolvedSituations.get(key) ?? resolve();
    this.resolvedSituations.set(key, known);
    return known;
  }

  /** The verdicts that this question has had. */
  verdicts(question: string): Verdicts {
    return this.verdictCache.of(question);
  }

  keep(verdicts: Verdicts, freshnessKey: FreshnessKey, verdict: Verdict): void {
    this.verdictCache.keep(verdicts, freshnessKey, verdict);
  }

  /** The published ones of these builds. */
  async find(buildIds: Iterable<string>): Promise<StoredPatch[]> {
    const wanted = [...new Set(buildIds)];
    await this.load(wanted);
    return wanted.flatMap((buildId) => this.builds.get(buildId)?.row ?? []);
  }

  /** The builds of this release, the newest first. */
  async release(release: string): Promise<readonly StoredPatch[]> {
    if (release.length > LONGEST_NAME) return [];
    const where = { OR: [{ release }, { earlierReleases: { has: release } }] };
    const rows = await this.select(`release ${release}`, where);
    // a build that another owner claimed may be of another release at this revision
    return rows.filter((row) => row.release === release);
  }

  /** The builds with this name, the newest first. */
  async named(name: string): Promise<readonly StoredPatch[]> {
    return name.length > LONGEST_NAME ? [] : this.select(`name ${name}`, { name });
  }

  /** The releases with a build that is not recalled, that with the newest build first. */
  async newestReleases(limit: number): Promise<string[]> {
    const rows = await this.read.$queryRaw<{ release: string }[]>`
      WITH builds AS (
             SELECT DISTINCT ON (build_id) patch
               FROM patch_version
              WHERE revision <= ${this.revision.number}
              ORDER BY build_id, revision DESC)
      SELECT patch ->> 'release' AS release
        FROM builds
       WHERE patch ->> 'recalled_at' IS NULL
       GROUP BY 1
       ORDER BY max((patch ->> 'published_at')::timestamptz) DESC, 1
       LIMIT ${limit}`;
    return rows.map(({ release }) => release);
  }

  /** The state ids that builds of several owners declare. */
  readonly sharedStateIds = memoized(async () => this.readSharedStates());

  private async readSharedStates(): Promise<ReadonlySet<bigint>> {
    const rows = await this.read.$queryRaw<{ id: string }[]>`
      WITH builds AS (
             SELECT DISTINCT ON (build_id) patch
               FROM patch_version
              WHERE revision <= ${this.revision.number}
              ORDER BY build_id, revision DESC)
      SELECT state ->> 'id' AS id
        FROM builds, jsonb_array_elements(patch -> 'states') state
       GROUP BY 1
      HAVING count(DISTINCT patch ->> 'owner') > 1`;
    return new Set(rows.map(({ id }) => BigInt(id)));
  }

  /** The builds for one of these kernels that are not recalled. */
  async forKernels(kernelReleases: readonly string[]): Promise<StoredPatch[]> {
    const key = `kernels ${kernelReleases.toSorted().join(' ')}`;
    const rows = await this.select(key, { kernelRelease: { in: [...kernelReleases] } });
    return rows.filter((row) => row.recalledAt === null);
  }

  /** What is published later does not belong to this revision: `find` leaves it out. */
  private async select(key: string, where: Prisma.PatchWhereInput): Promise<readonly StoredPatch[]> {
    const known = this.selections.get(key);
    if (known !== undefined) return known;
    const ids = await this.read.patch.findMany({ where, select: { buildId: true } });
    const rows = (await this.find(ids.map(({ buildId }) => buildId))).toSorted(
      (a, b) => b.publishedAt.getTime() - a.publishedAt.getTime() || (a.buildId < b.buildId ? -1 : 1),
    );
    this.selections.set(key, rows);
    return rows;
  }

  /**
   * A catalog of everything that these hosts and this target may refer to.
   *
   * @param buildIds what the hosts run or ran
   * @param targets what may be loaded, with the kernels on which it was seen loaded
   * @param bridges builds by which a host may reach another one, with their sightings
   */
  async catalog(
    buildIds: Iterable<string>,
    targets: readonly StoredPatch[],
    bridges: readonly StoredPatch[] = [],
  ): Promise<Catalog> {
    await this.load([...new Set(buildIds)]);
    await this.loadSightings([...targets, ...bridges].map((row) => row.buildId));
    const manifest = (buildId: string) => this.builds.get(buildId)?.manifest;
    const manifests = (rows: readonly StoredPatch[]) =>
      rows.flatMap(({ buildId }) => manifest(buildId) ?? []);
    return {
      find: manifest,
      builds: (release) =>
        manifests(targets.filter((row) => row.release === release || row.name === release)),
      bridges: (kernelRelease, arch) =>
        manifests(bridges.filter((row) => row.kernelRelease === kernelRelease && row.arch === arch)),
      sightings: (buildId) => this.sightingsOf(buildId),
    };
  }

  /** Reads the builds that were not read yet. */
  private async load(buildIds: readonly string[]): Promise<void> {
    const isMissing = (id: string) =>
      !this.builds.has(id) && !this.absent.has(id) && id.length <= LONGEST_NAME;
    const missing = buildIds.filter(isMissing);
    if (missing.length === 0) return;
    const versions = await this.read.$queryRaw<{ patch: unknown }[]>`
      SELECT DISTINCT ON (build_id) patch
        FROM patch_version
       WHERE build_id = ANY(${missing}::text[]) AND revision <= ${this.revision.number}
       ORDER BY build_id, revision DESC`;
    for (const { patch } of versions) {
      const row = fromVersion(patch);
      this.builds.set(row.buildId, { row, manifest: toManifest(row), sightings: null });
    }
    for (const buildId of missing) if (!this.builds.has(buildId)) this.absent.set(buildId, true);
  }

  /** Reads the sightings of these builds, and the builds over which they were loaded. */
  private async loadSightings(buildIds: readonly string[]): Promise<void> {
    const unread = buildIds.filter((buildId) => this.builds.get(buildId)?.sightings === null);
    if (unread.length > 0) await this.readSightings(unread);
    const sightings = buildIds.flatMap((buildId) => this.builds.get(buildId)?.sightings ?? []);
    await this.load([...new Set(sightings.flatMap(({ over }) => over ?? []))]);
  }

  private async readSightings(buildIds: readonly string[]): Promise<void> {
    const { number } = this.revision;
    const counts = { OR: [{ untilRevision: null }, { untilRevision: { gt: number } }] };
    const where = { buildId: { in: [...buildIds] }, revision: { lte: number }, ...counts };
    const rows = await this.read.patchSighting.findMany({ where });
    const sightings = new Map<string, StoredSighting[]>(buildIds.map((buildId) => [buildId, []]));
    for (const { buildId, machine, kernelRelease, kernelVersion, arch, kernelBuildId, ...row } of rows) {
      const kernel = { release: kernelRelease, version: kernelVersion, arch, buildId: kernelBuildId };
      const { objects, over, file, verified } = row;
      const ids = over === null ? null : over.split(' ').filter(Boolean);
      sightings.get(buildId)!.push({ machine, kernel, objects, over: ids, file, verified });
    }
    for (const [buildId, own] of sightings) this.builds.get(buildId)!.sightings = own;
  }

  /** Made once for a revision, because the states of the list below depend on what is published. */
  private sightingsOf(buildId: string): readonly LoadSighting[] {
    const known = this.sightings.get(buildId);
    if (known !== undefined) return known;
    const stored = this.builds.get(buildId)?.sightings ?? null;
    if (stored === null) return [];
    const sightings = stored.map((one) => ({ ...one, over: this.statesOf(one.over) }));
    this.sightings.set(buildId, sightings);
    return sightings;
  }

  private statesOf(over: readonly string[] | null): string | null {
    const manifests = over?.map((buildId) => this.builds.get(buildId)?.manifest) ?? [];
    if (over === null || manifests.includes(undefined)) return null;
    return canonicalStates(manifests.map((manifest) => resolveManifest(manifest!)));
  }
}
