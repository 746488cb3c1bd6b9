import { Inject, Injectable } from '@nestjs/common';
import { DEFAULT_QUESTION, type Situation } from '@klpreg/compat';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { RequestError } from '../../errors.js';
import type { Scope } from '../../store/access/tokens.store.js';
import { CatalogStore } from '../../store/catalog/catalog.store.js';
import { SituationsStore } from '../../store/content/situations.store.js';
import { present } from '../../store/history/as-of.js';
import { inScope } from '../../store/hosts/condition.js';
import { AfterwardsStore } from '../../store/records/afterwards.store.js';
import { CohortVerdicts, freshnessLimitsAt } from '../cohort-verdicts.js';
import { toCondition } from '../filter.js';
import type * as Sdl from '../generated/schema.js';
import { narrow } from '../narrow.js';
import { buildsOf } from '../question.js';
import { catalogOf, toAskedTime } from '../snapshot.js';
import { recordedFilter } from './decision-record.js';
import type { DecisionParent } from './decision-view.js';

/** Tells what became of the hosts that a decision was about. */
@Injectable()
export class Afterwards {
  constructor(
    private readonly store: AfterwardsStore,
    private readonly situations: SituationsStore,
    private readonly catalog: CatalogStore,
    private readonly cohortVerdicts: CohortVerdicts,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Counts the hosts of the scope of the decision, which is within the scope of the viewer. Hosts that left
   * the scope of the viewer since are gone.
   *
   * @param at the time to look at; null: now
   * @throws RequestError SNAPSHOT_GONE if the history does not reach back to the decision
   */
  async count(
    { record, scope, afterwardsUnknown }: Pick<DecisionParent, 'record' | 'scope' | 'afterwardsUnknown'>,
    at: Date | null,
    viewer: Scope | null,
  ): Promise<Sdl.Afterwards | null> {
    if (afterwardsUnknown !== null) return null;
    const { question, answer } = record;
    const now = this.clock.now();
    const decided = new Date(answer.snapshot.now);
    if (at !== null && at < decided)
      throw new RequestError(
        'BAD_USER_INPUT',
        `\`at\` must not be before the decision's snapshot, ` +
          `${decided.toISOString()}; found ${at.toISOString()}`,
      );
    // by the time and not by the id, which ends with the version of the rules
    const { asOf: before } = toAskedTime({ asOf: decided }, null, this.config, now);
    const after = at === null ? present(now) : toAskedTime({ asOf: at }, null, this.config, now).asOf;
    const where = recordedFilter(record);
    const { intervalSeconds } = this.config;
    const limits = freshnessLimitsAt(decided, intervalSeconds, DEFAULT_QUESTION.maxAgeSeconds);
    const then = await catalogOf(this.catalog, { asOf: before, catalog: 'THEN' });
    const target = question.target as Sdl.TargetInput;
    // a build of the target may have been published, or given to another release, since
    const [became, ...builds] = await Promise.all([
      this.store.became(toCondition(where, scope, before), before, limits, inScope(viewer), after),
      buildsOf(target, then),
      this.catalog.now().then(async (view) => buildsOf(target, view)),
    ]);
    const counted = became.map((row) => ({ ...row, freshnessKey: row.before }));
    const rows = (await narrow({ rows: counted, cohorts: null }, where, then, this.cohortVerdicts)).rows;
    const ids = rows.flatMap(({ before: { situationId }, after: id }) =>
      [situationId ?? [], id ?? []].flat(),
    );
    const situations = await this.situations.load([...new Set(ids)]);
    const targets = new Set(builds.flat().map(({ buildId }) => buildId));
    const counts = { hosts: 0, atTarget: 0, unchanged: 0, changed: 0, gone: 0 };
    for (const row of rows) {
      const [was, is] = [row.before.situationId, row.after].map((id) =>
        id === null ? undefined : situations.get(id),
      );
      const what = row.gone
        ? 'gone'
        : is !== undefined && isAt(target, targets, was, is)
          ? 'atTarget'
          : isUnchanged(was, is)
            ? 'unchanged'
            : 'changed';
      counts[what] += row.hosts;
      counts.hosts += row.hosts;
    }
    return { at: after.now, ...counts };
  }
}

const isSettled = ({ list }: Situation): boolean => list.every(({ transition }) => !transition);

const listOf = ({ list }: Situation): string => list.map(({ name, buildId }) => buildId ?? name).join(' ');

/** Whether a host is at the target. */
function isAt(
  { original, previous }: Sdl.TargetInput,
  targets: ReadonlySet<string>,
  was: Situation | undefined,
  is: Situation,
): boolean {
  if (!isSettled(is)) return false;
  if (original === true) return is.list.length === 0;
  if (previous === true) return was?.previous != null && was.previous.join(' ') === listOf(is);
  const buildId = is.list.at(-1)?.buildId;
  return buildId != null && targets.has(buildId);
}

const isUnchanged = (was: Situation | undefined, is: Situation | undefined): boolean =>
  was === undefined || is === undefined
    ? was === is
    : isSettled(is) === isSettled(was) && listOf(was) === listOf(is);
