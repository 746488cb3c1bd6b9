import { Inject, Injectable } from '@nestjs/common';
import {
  buildFor,
  type Catalog,
  findNoReturn,
  type NoReturn,
  type ResolvedSituation,
  type Freshness,
  freshnessLimits,
  judge,
  neverReported,
  type Question,
  type Situation,
  type Verdict,
} from '@klpreg/compat';
import { CONFIG, type Config } from '../config.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import {
  type FreshnessLimits,
  type FreshnessKey,
  isUnknownOverdue,
  latestPlausible,
} from '../store/hosts/hosts-at.js';
import { type StoredPatch, toManifest } from '../store/catalog/manifests.js';
import { SituationsStore } from '../store/content/situations.store.js';
import type { AskedTarget } from './question.js';
import { resolvedHost } from './resolved-host.js';
import { withWhatIf } from './what-if.js';

/** The instants that separate fresh, stale and lost facts, and the oldest that the question accepts. */
export function freshnessLimitsAt(
  now: Date,
  intervalSeconds: number,
  maxAgeSeconds: number,
): FreshnessLimits {
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
  const { late, stale } = freshnessLimits(intervalSeconds);
  return {
    lateSince: ago(late),
    staleSince: ago(stale),
    allowedSince: ago(maxAgeSeconds),
    until: latestPlausible(now),
  };
}

/** The freshness key of a host whose facts were last confirmed then. */
export function freshnessKeyOf(
  host: {
    readonly situationId: string | null;
    readonly suspect: boolean;
    readonly superseded: boolean;
    readonly confirmedAt: Date | null;
    readonly ageUnknown: boolean;
  },
  limits: FreshnessLimits,
): FreshnessKey {
  const { situationId, suspect, superseded, confirmedAt, ageUnknown } = host;
  if (situationId === null || confirmedAt === null)
    return { situationId, suspect, superseded, level: 'NEVER', overdue: false };
  if (confirmedAt > limits.until) return { situationId, suspect, superseded, level: 'AHEAD', overdue: false };
  const level =
    confirmedAt >= limits.lateSince ? 'FRESH' : confirmedAt >= limits.staleSince ? 'STALE' : 'LOST';
  const overdue = confirmedAt < limits.allowedSince || (ageUnknown && isUnknownOverdue(limits));
  return { situationId, suspect, superseded, level, overdue };
}

/** Situations with everything that a judgement of them needs. */
export interface Loaded {
  readonly situations: ReadonlyMap<string, Situation>;
  readonly catalog: Catalog;
}

/** All build-ids that this situation names. */
export const buildIdsOf = (situation: Situation): string[] =>
  [...situation.list, ...situation.leftovers, ...situation.unlisted]
    .flatMap(({ buildId }) => buildId ?? [])
    .concat(situation.previous ?? [])
    .concat(situation.boot?.loads.flatMap(({ buildId }) => buildId ?? []) ?? []);

/** Loads everything that situations need in a constant number of statements, then judges each once. */
@Injectable()
export class CohortVerdicts {
  constructor(
    private readonly situations: SituationsStore,
    @Inject(CONFIG) private readonly config: Pick<Config, 'intervalSeconds'>,
  ) {}

  /**
   * Returns the verdict for each freshness key. It loads only what this catalog snapshot has not judged
   * before.
   */
  async judge(
    all: Iterable<FreshnessKey>,
    asked: AskedTarget,
    question: Question,
    view: CatalogSnapshot,
  ): Promise<Map<FreshnessKey, Verdict>> {
    const known = view.verdicts(keyOf(asked, question));
    const verdicts = new Map<FreshnessKey, Verdict>();
    const open: FreshnessKey[] = [];
    for (const freshnessKey of all) {
      const verdict = known.get(freshnessKey);
      if (verdict === undefined) open.push(freshnessKey);
      else verdicts.set(freshnessKey, verdict);
    }
    if (open.length === 0) return verdicts;
    const loaded = await this.load(
      open.map(({ situationId }) => situationId),
      asked,
      question.routes?.includes('BRIDGE') === true,
      view,
    );
    for (const freshnessKey of open) {
      const verdict = judgeOnce(freshnessKey, loaded, view, asked, question, this.config.intervalSeconds);
      view.keep(known, freshnessKey, verdict);
      verdicts.set(freshnessKey, verdict);
    }
    return verdicts;
  }

  /**
   * Loads what the ways back need, and returns the function that tells what the installation of the target
   * means for the hosts with a freshness key; null for hosts that never reported.
   */
  async waysBack(
    all: readonly FreshnessKey[],
    asked: AskedTarget,
    question: Question,
    view: CatalogSnapshot,
  ): Promise<(freshnessKey: FreshnessKey) => Installation | null> {
    const { situations } = await this.load(
      all.map(({ situationId }) => situationId),
      asked,
      question.routes?.includes('BRIDGE') === true,
      view,
    );
    const lists = [...situations.values()].flatMap(({ list }) =>
      list.flatMap(({ buildId }) => buildId ?? []),
    );
    // the way back loads what is listed today
    const targets = merge(asked.builds, await view.find(lists));
    const kernels = [...new Set([...situations.values()].map(({ kernelRelease }) => kernelRelease))];
    const bridges = question.routes?.includes('BRIDGE') ? await view.forKernels(kernels) : [];
    const catalog = await view.catalog([...situations.values()].flatMap(buildIdsOf), targets, bridges);
    const candidates = asked.builds.map(toManifest);
    return (freshnessKey) => {
      const host = resolvedHost(freshnessKey, situations, catalog, view);
      if (host === null || freshnessKey.level === 'NEVER') return null;
      const candidate = buildFor(candidates, host);
      const noReturn =
        candidate === null
          ? null
          : findNoReturn(
              host,
              candidate,
              withWhatIf(catalog, asked.whatIf),
              toFreshness(freshnessKey, question, this.config.intervalSeconds),
              question,
            );
      return { host, noReturn };
    };
  }

  /** Returns what this catalog knows of these hosts, and of what they run. Null: they never reported. */
  async resolve(
    keys: readonly FreshnessKey[],
    view: CatalogSnapshot,
  ): Promise<{
    readonly hostOf: (key: FreshnessKey) => ResolvedSituation | null;
    readonly catalog: Catalog;
  }> {
    const situations = await this.situations.load([...new Set(keys.flatMap((key) => key.situationId ?? []))]);
    const catalog = await view.catalog([...situations.values()].flatMap(buildIdsOf), []);
    return { hostOf: (key) => resolvedHost(key, situations, catalog, view), catalog };
  }

  /** @param withBridges loads the builds by which a host may reach the target */
  async load(
    situationIds: Iterable<string | null>,
    asked: AskedTarget,
    withBridges: boolean,
    view: CatalogSnapshot,
  ): Promise<Loaded> {
    const situations = await this.situations.load([
      ...new Set([...situationIds].filter((id) => id !== null)),
    ]);
    const buildIds = [...situations.values()].flatMap(buildIdsOf);
    const previous =
      asked.target.kind === 'PREVIOUS'
        ? await view.find([...situations.values()].flatMap((situation) => situation.previous ?? []))
        : [];
    const kernels = [...new Set([...situations.values()].map((situation) => situation.kernelRelease))];
    const bridges = withBridges ? await view.forKernels(kernels) : [];
    return { situations, catalog: await view.catalog(buildIds, merge(asked.builds, previous), bridges) };
  }
}

/** A host in this situation, and what an installation means for it. */
interface Installation {
  readonly host: ResolvedSituation;
  /** Null if there is no build for the kernel of the host. */
  readonly noReturn: NoReturn | null;
}

/** Identifies the question, whatever the host. */
function keyOf({ target, builds, whatIf }: AskedTarget, question: Question): string {
  const name =
    target.kind === 'RELEASE' ? target.release : target.kind === 'UNCATALOGUED' ? target.buildId : null;
  const leaving = 'leaving' in target ? target.leaving : null;
  return JSON.stringify([
    target.kind,
    name,
    leaving,
    builds.map((row) => row.buildId),
    whatIf?.digest ?? null,
    question,
  ]);
}

const merge = (targets: readonly StoredPatch[], others: readonly StoredPatch[]): StoredPatch[] => [
  ...new Map([...targets, ...others].map((row) => [row.buildId, row])).values(),
];

function judgeOnce(
  freshnessKey: FreshnessKey,
  { situations, catalog }: Loaded,
  view: CatalogSnapshot,
  asked: AskedTarget,
  question: Question,
  intervalSeconds: number,
): Verdict {
  const host = resolvedHost(freshnessKey, situations, catalog, view);
  if (host === null || freshnessKey.level === 'NEVER') return neverReported(question);
  return judge(
    host,
    asked.target,
    withWhatIf(catalog, asked.whatIf),
    toFreshness(freshnessKey, question, intervalSeconds),
    question,
  );
}

/** Returns the freshness of a cohort. Its age is the lowest that a host of the cohort can have. */
function toFreshness(
  { level, superseded, overdue }: FreshnessKey,
  { maxAgeSeconds }: Question,
  intervalSeconds: number,
): Freshness {
  if (level === 'AHEAD') return { level: 'LOST', superseded, ageSeconds: null };
  const { late, stale } = freshnessLimits(intervalSeconds);
  const least = level === 'LOST' ? stale : level === 'STALE' ? late : 0;
  // an age that is the maximum itself is young enough
  const ageSeconds = Math.max(least, overdue ? maxAgeSeconds + 1 : 0);
  return { level, superseded, ageSeconds, ageIsBound: true };
}
