import { Inject, Injectable } from '@nestjs/common';
import {
  type Catalog,
  type Freshness,
  freshnessLimits,
  judge,
  neverReported,
  type Question,
  recognise,
  type Scene,
  type Situation,
  type Verdict,
} from '@klpreg/compat';
import { CONFIG, type Config } from '../config.js';
import { CatalogStore, type PatchRow } from '../store/catalog.store.js';
import type { Ages, CohortRow } from '../store/fleet.store.js';
import { SituationsStore } from '../store/situations.store.js';
import type { AskedTarget } from './question.js';

/** The part of a cohort that a verdict depends on. */
export type Circumstances = Pick<CohortRow, 'situationId' | 'suspect' | 'superseded' | 'level' | 'overdue'>;

export const circumstancesKey = (of: Circumstances): string => [of.situationId, of.suspect, of.superseded, of.level, of.overdue].join('|');

/** The instants that separate fresh from late from stale, and what is young enough for the question. */
export function agesAt(now: Date, intervalSeconds: number, maxAgeSeconds: number): Ages {
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
  const { fresh, late, stale } = freshnessLimits(intervalSeconds);
  return { freshSince: ago(fresh), lateSince: ago(late), staleSince: ago(stale), allowedSince: ago(maxAgeSeconds) };
}

/** In which circumstances is a host whose facts were last confirmed then? */
export function circumstancesOf(
  host: { readonly situationId: string | null; readonly suspect: boolean; readonly superseded: boolean; readonly confirmedAt: Date | null },
  ages: Ages,
): Circumstances {
  const { situationId, suspect, superseded, confirmedAt } = host;
  if (situationId === null || confirmedAt === null) return { situationId, suspect, superseded, level: 'NEVER', overdue: false };
  const level = confirmedAt >= ages.freshSince ? 'FRESH' : confirmedAt >= ages.lateSince ? 'LATE' : confirmedAt >= ages.staleSince ? 'STALE' : 'LOST';
  return { situationId, suspect, superseded, level, overdue: confirmedAt < ages.allowedSince };
}

/** Everything that was loaded to judge, and how. */
export interface Judging {
  readonly situations: ReadonlyMap<string, Situation>;
  readonly catalog: Catalog;
  judge(circumstances: Circumstances): Verdict;
}

/** Every build-id that this situation names. */
export const buildIdsOf = (situation: Situation): string[] =>
  [...situation.list, ...situation.leftovers, ...situation.departed].flatMap(({ buildId }) => buildId ?? []).concat(situation.previous ?? []);

/** Loads everything that a set of situations needs, in a constant number of statements; then judges each once. */
@Injectable()
export class Judges {
  constructor(
    private readonly situations: SituationsStore,
    private readonly catalog: CatalogStore,
    @Inject(CONFIG) readonly config: Config,
  ) {}

  async prepare(situationIds: Iterable<string | null>, asked: AskedTarget, question: Question): Promise<Judging> {
    const situations = await this.situations.load([...new Set([...situationIds].filter((id) => id !== null))]);
    const buildIds = [...situations.values()].flatMap(buildIdsOf);
    const previous = asked.target.kind === 'PREVIOUS' ? await this.previousBuilds(situations.values()) : [];
    const kernels = [...new Set([...situations.values()].map((situation) => situation.kernelRelease))];
    const bridges = question.routes?.includes('BRIDGE') ? await this.catalog.forKernels(kernels) : [];
    const catalog = await this.catalog.catalog(buildIds, [...asked.builds, ...previous], bridges);
    const verdicts = new Map<string, Verdict>();
    const scenes = new Map<string, Scene>();
    return {
      situations,
      catalog,
      judge: (circumstances) => {
        const key = circumstancesKey(circumstances);
        const known = verdicts.get(key) ?? judgeOnce(circumstances, situations, scenes, catalog, asked, question);
        verdicts.set(key, known);
        return known;
      },
    };
  }

  private async previousBuilds(situations: Iterable<Situation>): Promise<PatchRow[]> {
    const ids = [...situations].flatMap((situation) => situation.previous ?? []);
    return ids.length === 0 ? [] : this.catalog.rows({ buildId: { in: [...new Set(ids)] } });
  }
}

function judgeOnce(
  circumstances: Circumstances,
  situations: ReadonlyMap<string, Situation>,
  scenes: Map<string, Scene>,
  catalog: Catalog,
  asked: AskedTarget,
  question: Question,
): Verdict {
  const situation = circumstances.situationId === null ? undefined : situations.get(circumstances.situationId);
  if (situation === undefined || circumstances.level === 'NEVER') return neverReported(question);
  const id = `${circumstances.situationId} ${circumstances.suspect}`;
  const scene = scenes.get(id) ?? recognise({ ...situation, suspect: circumstances.suspect }, catalog);
  scenes.set(id, scene);
  return judge(scene, asked.target, catalog, toFreshness(circumstances, question), question);
}

/** The age that stands for all hosts of a cohort: within the question's limit, or beyond it. */
const toFreshness = ({ level, superseded, overdue }: Circumstances, question: Question): Freshness => ({
  level,
  superseded,
  ageSeconds: overdue ? question.maxAgeSeconds + 1 : 0,
});
