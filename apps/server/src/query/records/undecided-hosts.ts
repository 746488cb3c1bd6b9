import { Inject, Injectable } from '@nestjs/common';
import { DEFAULT_QUESTION } from '@klpreg/compat';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { limitExceeded, RequestError } from '../../errors.js';
import type { Scope } from '../../store/access/tokens.store.js';
import { CatalogStore } from '../../store/catalog/catalog.store.js';
import { type AsOf, present } from '../../store/history/as-of.js';
import { ListChangesStore } from '../../store/history/list-changes.store.js';
import { AfterwardsStore } from '../../store/records/afterwards.store.js';
import { DecisionsStore } from '../../store/records/decisions.store.js';
import { CohortVerdicts, freshnessLimitsAt } from '../cohort-verdicts.js';
import { currentFields, toCondition } from '../filter.js';
import type { HostFilter } from '../generated/schema.js';
import { narrow } from '../narrow.js';
import { type AskedTime, catalogOf, refuseForgotten, toAskedTime } from '../snapshot.js';
import { recordedFilter } from './decision-record.js';
import { type DecisionParent, decisionView } from './decision-view.js';
import { undecided } from './undecided.js';

const MAX_CHANGES = 5_000;
const MAX_DECISIONS = 200;

/** Finds hosts that got another list of patches without a recorded decision. */
@Injectable()
export class UndecidedHosts {
  constructor(
    private readonly changes: ListChangesStore,
    private readonly decisions: DecisionsStore,
    private readonly store: AfterwardsStore,
    private readonly catalog: CatalogStore,
    private readonly cohortVerdicts: CohortVerdicts,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Returns the ids of the hosts in the scope that match, and have a change since `where.changedSince` that no
   * decision covers. All decisions count, also those that the caller may not see: a host that one
   * of them covers is no finding.
   *
   * @param checkTime throws once the question has no time left
   * @throws RequestError BAD_USER_INPUT without `where.changedSince`; LIMIT_EXCEEDED with too much to compare;
   *   SNAPSHOT_GONE if the history does not reach back to a decision
   */
  async find(
    where: HostFilter,
    validForSeconds: number,
    scope: Scope | null,
    checkTime: () => void,
  ): Promise<string[]> {
    const { changedSince } = where;
    if (changedSince == null)
      throw new RequestError('BAD_USER_INPUT', '`withoutDecision` needs `where.changedSince`');
    const asOf = present(this.clock.now());
    refuseForgotten(changedSince, asOf, this.config);
    const changes = await this.changes.since(
      toCondition(where, scope, asOf),
      changedSince,
      asOf,
      MAX_CHANGES + 1,
    );
    requireFew('changes of hosts to compare with decisions', changes.length, MAX_CHANGES);
    if (changes.length === 0) return [];
    const hostIds = await this.select(
      changes.map(({ hostId }) => hostId),
      where,
      scope,
      { asOf, catalog: 'NOW' },
    );
    const from = new Date(changedSince.getTime() - validForSeconds * 1000);
    const rows = await this.decisions.list({ from }, null, {
      size: MAX_DECISIONS + 1,
      after: null,
      backwards: false,
    });
    requireFew('decisions to compare with changes of hosts', rows.length, MAX_DECISIONS);
    const passed = [];
    for (const decision of rows.map(decisionView).filter((row) => row.passed)) {
      checkTime();
      passed.push({ at: decision.at, hostIds: await this.selectedBy(decision, hostIds) });
    }
    return [
      ...undecided(
        changes.filter(({ hostId }) => hostIds.has(hostId)),
        passed,
        validForSeconds,
      ),
    ];
  }

  /** Those of the hosts that a decision was about. What no history has cannot be tested: it is about none. */
  private async selectedBy(
    { record, scope }: DecisionParent,
    hostIds: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>> {
    const where = recordedFilter(record);
    if (currentFields(where).length > 0) return new Set();
    const at = new Date(record.answer.snapshot.now);
    const { asOf } = toAskedTime({ asOf: at }, null, this.config, this.clock.now());
    return this.select([...hostIds], where, scope, { asOf, catalog: 'THEN' });
  }

  /** Those of the hosts that match a filter at a time. */
  private async select(
    hostIds: readonly string[],
    where: HostFilter,
    scope: Scope | null,
    asked: { readonly asOf: AsOf; readonly catalog: AskedTime['catalog'] },
  ): Promise<Set<string>> {
    const { asOf } = asked;
    const limits = freshnessLimitsAt(asOf.now, this.config.intervalSeconds, DEFAULT_QUESTION.maxAgeSeconds);
    const [found, view] = await Promise.all([
      this.store.selected([...new Set(hostIds)], toCondition(where, scope, asOf), asOf, limits),
      catalogOf(this.catalog, asked),
    ]);
    const { rows } = await narrow({ rows: found, cohorts: null }, where, view, this.cohortVerdicts);
    return new Set(rows.map(({ hostId }) => hostId));
  }
}

/** Refuses to compare more than this. */
function requireFew(what: string, found: number, allowed: number): void {
  if (found > allowed)
    throw limitExceeded(
      `${what} (ask for a shorter time or fewer hosts)`,
      allowed,
      'more',
      '/where/changedSince',
    );
}
