import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { type BootRange, BootsStore } from '../store/hosts/boots.store.js';
import { type EnrolledHost, HostCredentialsStore } from '../store/access/host-credentials.store.js';
import { HostsStore } from '../store/hosts/hosts.store.js';
import { LabelsStore } from '../store/content/labels.store.js';
import { HeartbeatsStore } from '../store/hosts/heartbeats.store.js';
import { type HostVersion, ReportsStore } from '../store/hosts/reports.store.js';
import { SightingsStore } from '../store/catalog/sightings.store.js';
import { SituationsStore } from '../store/content/situations.store.js';
import { RequestError } from '../errors.js';
import { isDangling } from '../database/unavailable.js';
import type { ReportAnswer } from './answers.js';
import { ChangeBudget } from './change-budget.js';
import type { Received } from './endpoint.js';
import { LateReports } from './late-reports.js';
import { silence } from './observed.js';
import { draftReport, type ReportDraft } from './report-draft.js';
import { compareSequence } from './report-sequence.js';
import { refuseLarge } from './stored-size.js';
import { mapInSlices } from './time-slices.js';

type ReceivedReport = Received<'reports'>;
type Outcome = ReportAnswer['outcome'] | Error;
type HostVersions = ReadonlyMap<string, HostVersion>;
type Boots = ReadonlyMap<string, readonly BootRange[]>;

/** What is known of the hosts of a batch. A host that has not reported may have enrolled. */
interface KnownHosts {
  readonly versions: HostVersions;
  readonly boots: Boots;
  readonly enrolled: ReadonlyMap<string, EnrolledHost>;
}

/** A report whose host is changed by another message this often fails. */
const MAX_ATTEMPTS = 8;

const instanceOf = ({ message }: ReceivedReport): string => message.host.instance;

/** Decides reports against what is known about their hosts, and stores them. */
@Injectable()
export class Reports {
  constructor(
    private readonly reports: ReportsStore,
    private readonly heartbeats: HeartbeatsStore,
    private readonly hosts: HostsStore,
    private readonly situations: SituationsStore,
    private readonly labels: LabelsStore,
    private readonly sightings: SightingsStore,
    private readonly boots: BootsStore,
    private readonly late: LateReports,
    private readonly credentials: HostCredentialsStore,
    private readonly budget: ChangeBudget,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Stores a batch with at most one report of each host. Reports whose host was changed meanwhile are decided
   * again.
   */
  async store(batch: readonly ReceivedReport[]): Promise<(ReportAnswer | Error)[]> {
    const outcomes = new Map<ReceivedReport, Outcome>();
    let open = batch;
    for (let attempt = 0; open.length > 0 && attempt < MAX_ATTEMPTS; attempt++) {
      try {
        await this.attempt(open, outcomes);
        open = open.filter((one) => !outcomes.has(one));
      } catch (error) {
        if (attempt > 0 || !isDangling(error)) throw error;
        for (const store of [this.situations, this.labels, this.sightings]) store.forget();
      }
    }
    const { intervalSeconds } = this.config;
    return batch.map((one) => {
      const host = instanceOf(one);
      const outcome = outcomes.get(one);
      if (outcome instanceof Error) return outcome;
      if (outcome !== undefined) return { outcome, host, intervalSeconds };
      return new Error(`report ${one.message.sequence} of ${host} met ${MAX_ATTEMPTS} version conflicts`);
    });
  }

  /** Stores what it can. Reports whose host was changed meanwhile get no outcome. */
  private async attempt(
    batch: readonly ReceivedReport[],
    outcomes: Map<ReceivedReport, Outcome>,
  ): Promise<void> {
    const versions = await this.reports.versions(batch.map(instanceOf));
    const compared = await this.compare(batch, versions, outcomes);
    const isAffordable = (one: ReceivedReport): boolean => {
      const refused = isChanged(one, versions) ? this.budget.refuse(one) : null;
      if (refused !== null) outcomes.set(one, refused);
      return refused === null;
    };
    const fresh = compared.fresh.filter(isAffordable);
    const late = compared.late.filter(isAffordable);
    const interleaving = [...fresh, ...late].filter((one) => mayInterleave(one, versions));
    const boots = await this.boots.of(interleaving.map(instanceOf));
    if (late.length > 0) await this.storeLate(late, versions, boots, outcomes);
    const firsts = fresh.map(instanceOf).filter((id) => !versions.has(id));
    const enrolled = firsts.length === 0 ? new Map() : await this.credentials.enrolled(firsts);
    const own = fresh.filter((one) => {
      const refused = refuseOtherMachine(one, enrolled.get(instanceOf(one)));
      if (refused !== null) outcomes.set(one, refused);
      return refused === null;
    });
    if (own.length > 0) await this.storeFresh(own, { versions, boots, enrolled }, outcomes);
    await this.supersede(
      compared.fresh.filter((one) => outcomes.get(one) instanceof Error && isChanged(one, versions)),
    );
  }

  /** Marks the stored facts of hosts whose newer report was refused: they are known to be outdated. */
  private async supersede(refused: readonly ReceivedReport[]): Promise<void> {
    await this.heartbeats.supersede(
      refused.map(({ message, receivedAt }) => ({
        hostId: message.host.instance,
        sequence: BigInt(message.sequence),
        receivedAt,
      })),
    );
  }

  /** Separates new and late reports. All others get their outcome. */
  private async compare(
    batch: readonly ReceivedReport[],
    versions: HostVersions,
    outcomes: Map<ReceivedReport, Outcome>,
  ) {
    const [fresh, late]: [ReceivedReport[], ReceivedReport[]] = [[], []];
    for (const one of batch) {
      const position = compareSequence(one.message, versions.get(instanceOf(one)));
      if (position === 'NEW') fresh.push(one);
      else if (position === 'LATE') late.push(one);
      else {
        if (position !== 'REPEATED' && position.code === 'SEQUENCE_CONFLICT')
          await this.hosts.suspect(instanceOf(one), one.receivedAt);
        outcomes.set(one, position);
      }
    }
    return { fresh, late };
  }

  private async storeLate(
    late: readonly ReceivedReport[],
    versions: HostVersions,
    boots: Boots,
    outcomes: Map<ReceivedReport, Outcome>,
  ): Promise<void> {
    const withHosts = late.map((received) => {
      const version = versions.get(instanceOf(received))!;
      return { received, version, boots: boots.get(version.hostId) ?? [] };
    });
    const conflicts = await this.late.store(withHosts);
    for (const one of late) if (!conflicts.has(one)) outcomes.set(one, 'SUPERSEDED');
  }

  private async storeFresh(
    fresh: readonly ReceivedReport[],
    known: KnownHosts,
    outcomes: Map<ReceivedReport, Outcome>,
  ): Promise<void> {
    const drafts = (await this.draft(fresh, known)).filter((draft, index) => {
      const refused = refuseLarge(draft, this.config.ingest.hostKib);
      if (refused !== null) outcomes.set(fresh[index]!, refused);
      return refused === null;
    });
    if (drafts.length === 0) return;
    await this.situations.keep(drafts.map(({ situation }) => situation));
    await this.labels.keep(drafts.map(({ labels }) => labels));
    const placed = drafts.map((draft) => ({
      ...draft.placed,
      situationId: draft.situation.id,
      labelSetId: draft.labels.id,
    }));
    const conflicts = await this.reports.save(placed, silence(this.config.intervalSeconds));
    const shown = drafts.flatMap((draft) => (conflicts.has(draft.placed.hostId) ? [] : draft.sightings));
    if (shown.length > 0) await this.sightings.keep(shown, fresh[0]!.receivedAt);
    for (const one of fresh) {
      const instance = instanceOf(one);
      const unchanged = known.versions.get(instance)?.digest === one.message.digest;
      if (!conflicts.has(instance) && !outcomes.has(one))
        outcomes.set(one, unchanged ? 'UNCHANGED' : 'STORED');
    }
  }

  /** Loads everything that the decisions need, then decides in time slices. */
  private async draft(
    fresh: readonly ReceivedReport[],
    { versions, boots, enrolled }: KnownHosts,
  ): Promise<ReportDraft[]> {
    const known = [...versions.values()];
    const situationIds = new Set(known.flatMap(({ situationId }) => situationId ?? []));
    const situations = await this.situations.load([...situationIds], true);
    const labels = await this.labels.load([...new Set(known.map(({ labelSetId }) => labelSetId))], true);
    return mapInSlices(fresh, this.config.ingest.timeSliceMs, (one) => {
      const version = versions.get(instanceOf(one)) ?? null;
      const host = {
        version,
        situation: version?.situationId == null ? undefined : situations.get(version.situationId),
        labels:
          (version === null ? enrolled.get(instanceOf(one))?.labels : labels.get(version.labelSetId)) ?? {},
        boots: boots.get(instanceOf(one)) ?? [],
      };
      return draftReport(one, host, this.config.intervalSeconds);
    });
  }
}

/** Whether the report differs from the last one of its host, so that the history grows. */
function isChanged({ message }: ReceivedReport, versions: HostVersions): boolean {
  const version = versions.get(message.host.instance);
  return version?.digest !== message.digest || version.bootId !== message.host.bootId;
}

/**
 * Whether the ranges of the host's boots are needed. A report that continues the present boot does not
 * interleave with others.
 */
function mayInterleave(one: ReceivedReport, versions: HostVersions): boolean {
  const version = versions.get(instanceOf(one));
  if (version === undefined) return false;
  return (
    (version.bootId !== null && version.bootId !== one.message.host.bootId) ||
    BigInt(one.message.sequence) < version.sequence
  );
}

/**
 * Refuses the first report of a host if another machine enrolled; null if it is the same, or one has no
 * machine id.
 */
function refuseOtherMachine({ message }: ReceivedReport, enrolled: EnrolledHost | undefined): Error | null {
  const { instance, machine } = message.host;
  if (enrolled?.machine == null || machine === null || enrolled.machine === machine) return null;
  return new RequestError(
    'FORBIDDEN',
    `host ${instance} was enrolled from another machine; an admin resets it`,
    [{ pointer: '/host/machine', detail: 'must be the machine that enrolled', found: machine }],
  );
}
