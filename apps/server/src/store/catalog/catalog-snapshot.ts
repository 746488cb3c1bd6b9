import { canonicalStates, type Catalog, type LoadSighting, type Manifest, resolveManifest, type ResolvedSituation, type Verdict } from '@klpreg/compat';
import type { Database, Prisma } from '../../database/database.js';
import { type PatchRow, toManifest } from './manifests.js';
import { type FreshnessKey, freshnessKeyText } from '../hosts/hosts-at.js';
import { fromVersion, type Revision } from './revisions.js';

const SELECTIONS_HELD = 1_000;
const SCENES_HELD = 20_000;
const VERDICTS_HELD = 20_000;
const ABSENT_HELD = 20_000;
/** Build-ids and names of builds and releases are not longer. */
const LONGEST_NAME = 128;

/** What one machine showed of a build; `over`: build-ids, not yet the states that they have. */
type Seen = Omit<LoadSighting, 'over'> & { readonly over: readonly string[] | null };

/** A build as it was at a revision. */
interface Build {
  readonly row: PatchRow;
  readonly manifest: Manifest;
  /** What hosts showed of it; null: not read yet. */
  seen: readonly Seen[] | null;
}

/** Different questions whose verdicts are held, and the length of one. */
const ASKED_HELD = 500;
const LONGEST_ASKED = 4096;

/** The verdicts for whoever asks the same, by freshnessKey: the same object is found sooner than its like. */
class Verdicts {
  private readonly same = new WeakMap<FreshnessKey, Verdict>();
  private readonly alike = new Map<string, Verdict>();

  get(freshnessKey: FreshnessKey): Verdict | undefined {
    const same = this.same.get(freshnessKey);
    if (same !== undefined) return same;
    const verdict = this.alike.get(freshnessKeyText(freshnessKey));
    if (verdict !== undefined) this.same.set(freshnessKey, verdict);
    return verdict;
  }

  set(freshnessKey: FreshnessKey, verdict: Verdict): void {
    this.alike.set(freshnessKeyText(freshnessKey), verdict);
  }
}

/** The catalog at one revision: never changes, so that what was read once need not be read again. */
export class CatalogSnapshot {
  private readonly builds = new Map<string, Build>();
  /** Build-ids that were looked up and are not published: anyone may ask for any. */
  private readonly absent = new Set<string>();
  private readonly selections = new Map<string, PatchRow[]>();
  private readonly scenes = new Map<string, ResolvedSituation>();
  private readonly judged = new Map<string, Verdicts>();
  private readonly shown = new Map<string, readonly LoadSighting[]>();
  private verdictsHeld = 0;

  constructor(
    private readonly read: Database,
    readonly revision: Revision,
  ) {}

  /** The view of a later revision, with what has not changed since; null where this one is of another history. */
  async next(revision: Revision, read: Database): Promise<CatalogSnapshot | null> {
    const [own] = await read.$queryRaw<{ name: string }[]>`SELECT name FROM catalog_revision WHERE number = ${this.revision.number}`;
    if (own?.name !== this.revision.name) return null;
    const changed = await read.$queryRaw<{ buildId: string }[]>`
      SELECT build_id AS "buildId" FROM patch_version WHERE revision > ${this.revision.number} AND revision <= ${revision.number}
       UNION SELECT build_id FROM patch_sighting WHERE revision > ${this.revision.number} AND revision <= ${revision.number}
       UNION SELECT build_id FROM patch_sighting WHERE until_revision > ${this.revision.number} AND until_revision <= ${revision.number}`;
    const fresh = new Set(changed.map(({ buildId }) => buildId));
    const view = new CatalogSnapshot(read, revision);
    for (const [buildId, build] of this.builds) if (!fresh.has(buildId)) view.builds.set(buildId, build);
    return view;
  }

  /** The situation under this key, resolved with this catalog once. */
  resolved(key: string, resolve: () => ResolvedSituation): ResolvedSituation {
    const scene = this.scenes.get(key) ?? resolve();
    if (this.scenes.size >= SCENES_HELD) this.scenes.clear();
    this.scenes.set(key, scene);
    return scene;
  }

  /** What was judged by this catalog for whoever asked the same. */
  verdicts(asking: string): Verdicts {
    // each asker decides how long this text is, and how many of them there are
    if (asking.length > LONGEST_ASKED) return new Verdicts();
    if (this.judged.size >= ASKED_HELD) {
      this.judged.clear();
      this.verdictsHeld = 0;
    }
    let known = this.judged.get(asking);
    if (known === undefined) this.judged.set(asking, (known = new Verdicts()));
    return known;
  }

  /** Keeps a verdict for whoever asks the same. */
  keep(verdicts: Verdicts, freshnessKey: FreshnessKey, verdict: Verdict): void {
    if (this.verdictsHeld >= VERDICTS_HELD) {
      this.judged.clear();
      this.verdictsHeld = 0;
    }
    verdicts.set(freshnessKey, verdict);
    this.verdictsHeld += 1;
  }

  /** These builds; those that nobody published are not there. */
  async find(buildIds: Iterable<string>): Promise<PatchRow[]> {
    const wanted = [...new Set(buildIds)];
    await this.load(wanted);
    return wanted.flatMap((buildId) => this.builds.get(buildId)?.row ?? []);
  }

  /** The builds of this release, the newest first. */
  async release(release: string): Promise<PatchRow[]> {
    return release.length > LONGEST_NAME ? [] : this.selected(`release ${release}`, { release });
  }

  /** The builds of this name, the newest first. */
  async named(name: string): Promise<PatchRow[]> {
    return name.length > LONGEST_NAME ? [] : this.selected(`name ${name}`, { name });
  }

  /** Every build that is not recalled, for one of these kernels. */
  async forKernels(kernelReleases: readonly string[]): Promise<PatchRow[]> {
    const rows = await this.selected(`kernels ${[...kernelReleases].toSorted().join(' ')}`, { kernelRelease: { in: [...kernelReleases] } });
    return rows.filter((row) => row.recalledAt === null);
  }

  /** What is published later is not of this revision, and so not found by it: the same each time. */
  private async selected(key: string, where: Prisma.PatchWhereInput): Promise<PatchRow[]> {
    const known = this.selections.get(key);
    if (known !== undefined) return known;
    const ids = await this.read.patch.findMany({ where, select: { buildId: true } });
    const rows = (await this.find(ids.map(({ buildId }) => buildId))).toSorted(
      (a, b) => b.publishedAt.getTime() - a.publishedAt.getTime() || (a.buildId < b.buildId ? -1 : 1),
    );
    if (this.selections.size >= SELECTIONS_HELD) this.selections.clear();
    this.selections.set(key, rows);
    return rows;
  }

  /**
   * A catalog of everything that these hosts and this target may name.
   *
   * @param buildIds what the hosts run or ran
   * @param targets what may be loaded: for these it is also known on which kernels they have been seen
   * @param bridges builds over which a host may go to somewhere else; the same is known of them
   */
  async catalog(buildIds: Iterable<string>, targets: readonly PatchRow[], bridges: readonly PatchRow[] = []): Promise<Catalog> {
    await this.load([...new Set(buildIds)]);
    await this.look([...targets, ...bridges].map((row) => row.buildId));
    const manifest = (buildId: string) => this.builds.get(buildId)?.manifest;
    const sightings = (buildId: string): readonly LoadSighting[] => this.sightings(buildId);
    return {
      find: manifest,
      builds: (release) => targets.filter((row) => row.release === release || row.name === release).flatMap((row) => manifest(row.buildId) ?? []),
      bridges: (kernelRelease, arch) =>
        bridges.filter((row) => row.kernelRelease === kernelRelease && row.arch === arch).flatMap((row) => manifest(row.buildId) ?? []),
      sightings,
    };
  }

  /** Reads the builds that were not read yet. */
  private async load(buildIds: readonly string[]): Promise<void> {
    const missing = buildIds.filter((buildId) => !this.builds.has(buildId) && !this.absent.has(buildId) && buildId.length <= LONGEST_NAME);
    if (missing.length === 0) return;
    const kept = await this.read.$queryRaw<{ patch: unknown }[]>`
      SELECT DISTINCT ON (build_id) patch FROM patch_version WHERE build_id = ANY(${missing}::text[]) AND revision <= ${this.revision.number} ORDER BY build_id, revision DESC`;
    if (this.absent.size + missing.length > ABSENT_HELD) this.absent.clear();
    for (const buildId of missing) this.absent.add(buildId);
    for (const { patch } of kept) {
      const row = fromVersion(patch);
      this.absent.delete(row.buildId);
      this.builds.set(row.buildId, { row, manifest: toManifest(row), seen: null });
    }
  }

  /** Reads what hosts showed of these builds, and the builds over which they were loaded. */
  private async look(buildIds: readonly string[]): Promise<void> {
    const unread = buildIds.filter((buildId) => this.builds.get(buildId)?.seen === null);
    if (unread.length > 0) await this.readSightings(unread);
    await this.load([...new Set(buildIds.flatMap((buildId) => this.builds.get(buildId)?.seen ?? []).flatMap(({ over }) => over ?? []))]);
  }

  private async readSightings(buildIds: readonly string[]): Promise<void> {
    const { number } = this.revision;
    const counts = { OR: [{ untilRevision: null }, { untilRevision: { gt: number } }] };
    const rows = await this.read.patchSighting.findMany({ where: { buildId: { in: [...buildIds] }, revision: { lte: number }, ...counts } });
    const seen = new Map<string, Seen[]>(buildIds.map((buildId) => [buildId, []]));
    for (const { buildId, machine, kernelRelease, kernelVersion, arch, kernelBuildId, objects, over, file, verified } of rows) {
      const kernel = { release: kernelRelease, version: kernelVersion, arch, buildId: kernelBuildId };
      seen.get(buildId)!.push({ machine, kernel, objects, over: over === null ? null : over.split(' ').filter(Boolean), file, verified });
    }
    for (const [buildId, where] of seen) this.builds.get(buildId)!.seen = where;
  }

  /** Made once for a revision: the states of the list below follow from what is published. */
  private sightings(buildId: string): readonly LoadSighting[] {
    const known = this.shown.get(buildId);
    if (known !== undefined) return known;
    const seen = this.builds.get(buildId)?.seen ?? null;
    if (seen === null) return [];
    const sightings = seen.map((one) => ({ ...one, over: this.statesOf(one.over) }));
    this.shown.set(buildId, sightings);
    return sightings;
  }

  private statesOf(over: readonly string[] | null): string | null {
    const manifests = over?.map((buildId) => this.builds.get(buildId)?.manifest) ?? [];
    if (over === null || manifests.includes(undefined)) return null;
    return canonicalStates(manifests.map((manifest) => resolveManifest(manifest!)));
  }
}
