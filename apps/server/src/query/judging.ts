import { Injectable } from '@nestjs/common';
import { type Catalog, type Freshness, freshnessLimits, judge, neverReported, type Question, recognise, type Situation, type Verdict } from '@klpreg/compat';
import type { CatalogView } from '../store/catalog-view.js';
import { type Ages, type Circumstances, circumstancesKey } from '../store/hosts-at.js';
import type { PatchRow } from '../store/manifests.js';
import { SituationsStore } from '../store/situations.store.js';
import type { AskedTarget } from './question.js';

/** The instants that separate fresh from stale from lost, and what is young enough for the question. */
export function agesAt(now: Date, intervalSeconds: number, maxAgeSeconds: number): Ages {
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
  const { late, stale } = freshnessLimits(intervalSeconds);
  return { lateSince: ago(late), staleSince: ago(stale), allowedSince: ago(maxAgeSeconds) };
}

/** In which circumstances is a host whose facts were last confirmed then? */
export function circumstancesOf(
  host: { readonly situationId: string | null; readonly suspect: boolean; readonly superseded: boolean; readonly confirmedAt: Date | null },
  ages: Ages,
): Circumstances {
  const { situationId, suspect, superseded, confirmedAt } = host;
  if (situationId === null || confirmedAt === null) return { situationId, suspect, superseded, level: 'NEVER', overdue: false };
  const level = confirmedAt >= ages.lateSince ? 'FRESH' : confirmedAt >= ages.staleSince ? 'STALE' : 'LOST';
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
  constructor(private readonly situations: SituationsStore) {}

  async prepare(situationIds: Iterable<string | null>, asked: AskedTarget, question: Question, view: CatalogView): Promise<Judging> {
    const situations = await this.situations.load([...new Set([...situationIds].filter((id) => id !== null))]);
    const buildIds = [...situations.values()].flatMap(buildIdsOf);
    const previous = asked.target.kind === 'PREVIOUS' ? await view.find([...situations.values()].flatMap((situation) => situation.previous ?? [])) : [];
    const kernels = [...new Set([...situations.values()].map((situation) => situation.kernelRelease))];
    const bridges = question.routes?.includes('BRIDGE') ? await view.forKernels(kernels) : [];
    const catalog = await view.catalog(buildIds, merge(asked.builds, previous), bridges);
    const asking = keyOf(asked, question);
    return {
      situations,
      catalog,
      judge: (circumstances) =>
        view.verdict(`${asking} ${circumstancesKey(circumstances)}`, () => judgeOnce(circumstances, situations, view, catalog, asked, question)),
    };
  }
}

/** One text for what is asked, whatever the host. */
function keyOf({ target, builds }: AskedTarget, question: Question): string {
  const name = target.kind === 'RELEASE' ? target.release : target.kind === 'UNCATALOGUED' ? target.buildId : null;
  const leaving = 'leaving' in target ? target.leaving : null;
  return JSON.stringify([target.kind, name, leaving, builds.map((row) => row.buildId), question]);
}

const merge = (targets: readonly PatchRow[], others: readonly PatchRow[]): PatchRow[] => [
  ...new Map([...targets, ...others].map((row) => [row.buildId, row])).values(),
];

function judgeOnce(
  circumstances: Circumstances,
  situations: ReadonlyMap<string, Situation>,
  view: CatalogView,
  catalog: Catalog,
  asked: AskedTarget,
  question: Question,
): Verdict {
  const situation = circumstances.situationId === null ? undefined : situations.get(circumstances.situationId);
  if (situation === undefined || circumstances.level === 'NEVER') return neverReported(question);
  const id = `${circumstances.situationId} ${circumstances.suspect}`;
  const scene = view.scene(id, () => recognise({ ...situation, suspect: circumstances.suspect }, catalog));
  return judge(scene, asked.target, catalog, toFreshness(circumstances, question), question);
}

/** The age that stands for all hosts of a cohort: within the question's limit, or beyond it. */
const toFreshness = ({ level, superseded, overdue }: Circumstances, question: Question): Freshness => ({
  level,
  superseded,
  ageSeconds: overdue ? question.maxAgeSeconds + 1 : 0,
});
