import { Inject, Injectable } from '@nestjs/common';
import { DEFAULT_QUESTION, type Situation } from '@klpreg/compat';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { RequestError } from '../../errors.js';
import type { Scope } from '../../store/access/tokens.store.js';
import { CatalogStore } from '../../store/catalog/catalog.store.js';
import { SituationsStore } from '../../store/content/situations.store.js';
import { present } from '../../store/history/as-of.js';
import { AfterwardsStore } from '../../store/records/afterwards.store.js';
import { CohortVerdicts, freshnessLimitsAt } from '../cohort-verdicts.js';
import { toCondition } from '../filter.js';
import type * as Sdl from '../generated/schema.js';
import { narrow } from '../narrow.js';
import { toTarget } from '../question.js';
import { catalogOf, toAskedTime } from '../snapshot.js';
import { type DecisionRecord, recordedFilter } from './decision-record.js';

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
   * @param at the time to look at; null: now
   * @throws RequestError SNAPSHOT_GONE if the history does not reach back to the decision
   */
  async count(record: DecisionRecord, at: Date | null, scope: Scope | null): Promise<Sdl.Afterwards> {
    const { question, answer } = record;
    const now = this.clock.now();
    const decided = new Date(answer.snapshot.now);
    if (at !== null && at < decided)
      throw new RequestError(
        'BAD_USER_INPUT',
        `\`at\` must not be before the decision's snapshot, ${decided.toISOString()}; found ${at.toISOString()}`,
      );
    // by the time and not by the id, which ends with the version of the rules
    const { asOf: before } = toAskedTime({ asOf: decided }, null, this.config, now);
    const after = at === null ? present(now) : toAskedTime({ asOf: at }, null, this.config, now).asOf;
    const where = recordedFilter(record);
    const { intervalSeconds } = this.config;
    const limits = freshnessLimitsAt(decided, intervalSeconds, DEFAULT_QUESTION.maxAgeSeconds);
    const [became, { target, builds }] = await Promise.all([
      this.store.became(toCondition(where, scope, before), before, limits, after),
      this.catalog.now().then((view) => toTarget(question.target as Sdl.TargetInput, view)),
    ]);
    const then = await catalogOf(this.catalog, { asOf: before, catalog: 'THEN' });
    const counted = became.map((row) => ({ ...row, freshnessKey: row.before }));
    const rows = (await narrow({ rows: counted, cohorts: null }, where, then, this.cohortVerdicts)).rows;
    const ids = rows.flatMap(({ before: { situationId }, after: id }) =>
      [situationId ?? [], id ?? []].flat(),
    );
    const situations = await this.situations.load([...new Set(ids)]);
    const targets = new Set(builds.map(({ buildId }) => buildId));
    const counts = { hosts: 0, atTarget: 0, unchanged: 0, changed: 0, gone: 0 };
    for (const row of rows) {
      const [was, is] = [row.before.situationId, row.after].map((id) =>
        id === null ? undefined : situations.get(id),
      );
      const what = row.gone
        ? 'gone'
        : is !== undefined && isAt(target.kind, targets, was, is)
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

const builds = ({ list }: Situation): string => list.map(({ name, buildId }) => buildId ?? name).join(' ');

/** Whether a host is at the target. */
function isAt(
  kind: string,
  targets: ReadonlySet<string>,
  was: Situation | undefined,
  is: Situation,
): boolean {
  if (!isSettled(is)) return false;
  if (kind === 'ORIGINAL') return is.list.length === 0;
  if (kind === 'PREVIOUS') return was?.previous != null && was.previous.join(' ') === builds(is);
  const buildId = is.list.at(-1)?.buildId;
  return buildId != null && targets.has(buildId);
}

const isUnchanged = (was: Situation | undefined, is: Situation | undefined): boolean =>
  was === undefined || is === undefined
    ? was === is
    : isSettled(is) === isSettled(was) && builds(was) === builds(is);
