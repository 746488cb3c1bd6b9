import { Inject, Injectable } from '@nestjs/common';
import type { Situation } from '@klpreg/compat';
import { CONFIG, type Config } from '../config.js';
import { type BootRange, BootsStore } from '../store/hosts/boots.store.js';
import { HostsStore } from '../store/hosts/hosts.store.js';
import type { HostVersion } from '../store/hosts/reports.store.js';
import { SituationsStore, toSituationDraft } from '../store/content/situations.store.js';
import { addLateReport } from './boot-history.js';
import { placeMessage, rangesOf } from './boot-ranges.js';
import type { Received } from './endpoint.js';
import { observedAt } from './observed.js';
import { deriveSituation } from './situation.js';

type ReceivedReport = Received<'reports'>;

/** A report that is older than the last one of its host. */
export interface LateReport {
  readonly received: ReceivedReport;
  readonly version: HostVersion;
  readonly boots: readonly BootRange[];
}

/**
 * Handles reports that are older than the last one of their host. They never overwrite the present.
 *
 * What such a report lists is added to the history of its boot. It may also show that two machines share one
 * identity.
 */
@Injectable()
export class LateReports {
  constructor(
    private readonly hosts: HostsStore,
    private readonly situations: SituationsStore,
    private readonly boots: BootsStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @returns the reports whose host was changed meanwhile: they must be decided again */
  async store(late: readonly LateReport[]): Promise<Set<ReceivedReport>> {
    const conflicts = new Set<ReceivedReport>();
    const ids = new Set(late.flatMap(({ version }) => version.situationId ?? []));
    const situations = await this.situations.load([...ids]);
    for (const one of late) {
      if (one.version.suspect) continue;
      if (!(await this.storeOne(one, situations.get(one.version.situationId ?? ''))))
        conflicts.add(one.received);
    }
    return conflicts;
  }

  /** @returns false if the host was changed meanwhile */
  private async storeOne(
    { received, version, boots }: LateReport,
    situation: Situation | undefined,
  ): Promise<boolean> {
    const { message: report, receivedAt } = received;
    const { bootId, kernelVersion } = report.host;
    const { suspect, range } = placeMessage(rangesOf(version, boots), bootId, BigInt(report.sequence));
    if (suspect) await this.hosts.suspect(version.hostId, receivedAt);
    if (range !== null) await this.boots.keepOne({ hostId: version.hostId, ...range });
    if (
      suspect ||
      situation === undefined ||
      bootId !== version.bootId ||
      kernelVersion !== situation.kernelVersion
    )
      return true;
    const observed = observedAt(report.clock, receivedAt);
    const shown = deriveSituation(report, null, observed, this.config.intervalSeconds).situation;
    const draft = toSituationDraft(addLateReport(situation, shown));
    if (draft.id === version.situationId) return true;
    await this.situations.keep([draft]);
    return (
      (await this.hosts.addHistory(version.hostId, version.situationId!, draft.id, receivedAt)) !== 'CONFLICT'
    );
  }
}
