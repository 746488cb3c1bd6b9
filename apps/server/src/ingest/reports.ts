import { Inject, Injectable } from '@nestjs/common';
import type { Situation } from '@klpreg/compat';
import type { Report } from '@klpreg/wire';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { RequestError } from '../errors.js';
import { type BootRange, BootsStore } from '../store/hosts/boots.store.js';
import { type Changed, type HostDetail, HostsStore } from '../store/hosts/hosts.store.js';
import { AGENT_PREFIX, authoritative, type Labels, type LabelsDraft, LabelsStore, toLabelsDraft } from '../store/content/labels.store.js';
import { type HostVersion, type PlacedReport, ReportsStore } from '../store/hosts/reports.store.js';
import { type HostSighting, SightingsStore } from '../store/catalog/sightings.store.js';
import { type SituationDraft, SituationsStore, toSituationDraft } from '../store/content/situations.store.js';
import { isDangling } from '../database/unavailable.js';
import { Backgrounds } from './background.js';
import { placeAmong } from './boots.js';
import { busy, Gather, INGEST_LIMITS } from './gather.js';
import { jumpOf } from './jumps.js';
import { addLate } from './late.js';
import { observedAt, silence } from './observed.js';
import { Reader } from './reader.js';
import { sightingsOf } from './sightings.js';
import { type Before, recheckAt, situate } from './situate.js';
import { Turns } from './turns.js';

/** What became of a report: stored; stored, and it says what the last one said; seen before; older than what is known, and so not stored. */
export type ReportOutcome = 'STORED' | 'UNCHANGED' | 'REPEATED' | 'SUPERSEDED';

export interface ReportAnswer {
  readonly outcome: ReportOutcome;
  readonly host: string;
  readonly intervalSeconds: number;
}

interface Received {
  readonly report: Report;
  readonly receivedAt: Date;
}

type Result = ReportOutcome | Error;

const ATTEMPTS = 8;

/** Places reports against what is known of their hosts, many at once, and has them stored. */
@Injectable()
export class Reports {
  readonly gather = new Gather<Received, ReportOutcome>(
    (batch) => this.place(batch),
    ({ report }) => report.host.instance,
    INGEST_LIMITS,
  );

  readonly reader: Reader<'reports'>;
  private readonly turns = new Turns();

  constructor(
    private readonly store: ReportsStore,
    private readonly hosts: HostsStore,
    private readonly situations: SituationsStore,
    private readonly labels: LabelsStore,
    private readonly sightings: SightingsStore,
    private readonly boots: BootsStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    backgrounds: Backgrounds,
  ) {
    this.reader = new Reader('reports', backgrounds.documents);
  }

  /** Stores what an agent saw, from the bytes of its report. */
  async receive(bytes: Uint8Array): Promise<ReportAnswer> {
    const receivedAt = this.clock.now();
    // who would wait too long is told so before anything is done
    if (this.reader.waits >= INGEST_LIMITS.queue) throw busy();
    return this.save(await this.reader.one(bytes), receivedAt);
  }

  /** Stores what an agent saw. Answered when it is durably committed; a repeated document changes nothing; an older one never overwrites a newer one. */
  async save(report: Report, receivedAt: Date = this.clock.now()): Promise<ReportAnswer> {
    const outcome = await this.gather.add({ report, receivedAt });
    return { outcome, host: report.host.instance, intervalSeconds: this.config.intervalSeconds };
  }

  /** Places a batch of different hosts; those that another document moves meanwhile are placed again. */
  private async place(batch: readonly Received[]): Promise<Result[]> {
    const results = new Map<Received, Result>();
    let open = batch;
    for (let attempt = 0; open.length > 0 && attempt < ATTEMPTS; attempt++) {
      try {
        open = await this.attempt(open, results);
      } catch (error) {
        if (attempt > 0 || !isDangling(error)) throw error;
        for (const store of [this.situations, this.labels, this.sightings]) store.forget();
      }
    }
    for (const one of open) results.set(one, new Error(`report ${one.report.sequence} of ${one.report.host.instance} was overtaken ${ATTEMPTS} times`));
    return batch.map((one) => results.get(one)!);
  }

  /** @returns what has to be placed again */
  private async attempt(batch: readonly Received[], results: Map<Received, Result>): Promise<Received[]> {
    const heads = await this.store.versions(batch.map(({ report }) => report.host.instance));
    const fresh: Received[] = [];
    const late: Received[] = [];
    for (const one of batch) {
      const old = await this.compareSequence(one, heads.get(one.report.host.instance));
      if (old === 'LATE') late.push(one);
      else if (old === null) fresh.push(one);
      else results.set(one, old);
    }
    const boots = await this.boots.of([...fresh, ...late].filter((one) => mayInterleave(one, heads)).map(({ report }) => report.host.instance));
    const again = late.length === 0 ? [] : await this.addLate(late, heads, boots, results);
    if (fresh.length === 0) return again;
    const decided = await this.decide(fresh, heads, boots);
    const overtaken = await this.store.save(
      decided.map(({ report }) => report),
      silence(this.config.intervalSeconds),
    );
    const shown = decided.flatMap(({ report, sightings }) => (overtaken.has(report.hostId) ? [] : sightings));
    if (shown.length > 0) await this.sightings.keep(shown, fresh[0]!.receivedAt);
    for (const one of fresh) {
      const { instance } = one.report.host;
      if (!overtaken.has(instance)) results.set(one, heads.get(instance)?.digest === one.report.digest ? 'UNCHANGED' : 'STORED');
    }
    return [...again, ...fresh.filter(({ report }) => overtaken.has(report.host.instance))];
  }

  /** Is the report one that was seen, or older than one that was? null: it is new. */
  private async compareSequence({ report, receivedAt }: Received, head: HostVersion | undefined): Promise<Result | 'LATE' | null> {
    const sequence = BigInt(report.sequence);
    const contact = head?.contactSequence ?? 0n;
    const last = head === undefined || head.sequence < contact ? contact : head.sequence;
    const jump = jumpOf(report.host.instance, sequence, last);
    if (jump !== null || head === undefined) return jump;
    if (sequence < head.sequence) return 'LATE';
    if (sequence === head.sequence && head.digest === report.digest && head.bootId === report.host.bootId) return 'REPEATED';
    if (sequence !== head.sequence && sequence !== head.contactSequence) return null;
    await this.hosts.suspect(report.host.instance, receivedAt);
    return new RequestError(
      'SEQUENCE_CONFLICT',
      `sequence ${report.sequence} of ${report.host.instance} was used before for another document: is this host a copy of another one?`,
      [{ pointer: '/sequence', detail: 'must be used for one document only', found: String(report.sequence) }],
    );
  }

  /**
   * Late reports never overwrite the present. What they list is added to their boot's history, or shows that two machines share one identity.
   *
   * @returns what has to be placed again
   */
  private async addLate(
    late: readonly Received[],
    heads: ReadonlyMap<string, HostVersion>,
    boots: ReadonlyMap<string, readonly BootRange[]>,
    results: Map<Received, Result>,
  ): Promise<Received[]> {
    const known = late.flatMap(({ report }) => heads.get(report.host.instance)!.situationId ?? []);
    const situations = await this.situations.load([...new Set(known)]);
    const again: Received[] = [];
    for (const one of late) {
      const head = heads.get(one.report.host.instance)!;
      const situation = situations.get(head.situationId ?? '');
      const became = head.suspect ? 'UNCHANGED' : await this.addOneLate(one, head, situation, boots.get(head.hostId) ?? []);
      if (became === 'CONFLICT') again.push(one);
      else results.set(one, 'SUPERSEDED');
    }
    return again;
  }

  private async addOneLate(
    { report, receivedAt }: Received,
    head: HostVersion,
    situation: Situation | undefined,
    boots: readonly BootRange[],
  ): Promise<Changed> {
    const { suspect, range } = placeAmong(rangesOf(head, boots), report.host.bootId, BigInt(report.sequence));
    if (suspect) await this.hosts.suspect(head.hostId, receivedAt);
    if (range !== null) await this.boots.keepOne({ hostId: head.hostId, ...range });
    if (suspect || situation === undefined || report.host.bootId !== head.bootId || report.host.kernelVersion !== situation.kernelVersion) return 'UNCHANGED';
    const alone = situate(report, null, observedAt(report.clock, receivedAt), this.config.intervalSeconds).situation;
    const draft = toSituationDraft(addLate(situation, alone));
    if (draft.id === head.situationId) return 'UNCHANGED';
    await this.situations.keep([draft]);
    return this.hosts.addHistory(head.hostId, head.situationId!, draft.id, receivedAt);
  }

  /** Everything that the store will write, decided before it writes. */
  private async decide(
    batch: readonly Received[],
    heads: ReadonlyMap<string, HostVersion>,
    boots: ReadonlyMap<string, readonly BootRange[]>,
  ): Promise<Decided[]> {
    const known = [...heads.values()];
    const situations = await this.situations.load([...new Set(known.flatMap((head) => head.situationId ?? []))], true);
    const labels = await this.labels.load([...new Set(known.map((head) => head.labelSetId))], true);
    const decided = (one: Received): Draft => {
      const head = heads.get(one.report.host.instance) ?? null;
      const situation = head?.situationId == null ? undefined : situations.get(head.situationId);
      const own = head === null ? {} : (labels.get(head.labelSetId) ?? {});
      return draft(one, head, beforeOf(head, situation), own, boots.get(one.report.host.instance) ?? [], this.config.intervalSeconds);
    };
    const drafts = await Promise.all(batch.map((one) => this.turns.do(() => decided(one))));
    await this.situations.keep(drafts.map(({ situation }) => situation));
    await this.labels.keep(drafts.map((one) => one.labels));
    return drafts.map(({ placed, situation, labels: own, sightings }) => ({
      report: { ...placed, situationId: situation.id, labelSetId: own.id },
      sightings,
    }));
  }
}

/** A report that is to be stored, and what it shows about builds. */
interface Decided {
  readonly report: PlacedReport;
  readonly sightings: readonly HostSighting[];
}

/** A report that is decided, before its situation and its labels are known to be stored. */
interface Draft {
  readonly situation: SituationDraft;
  readonly labels: LabelsDraft;
  readonly sightings: readonly HostSighting[];
  readonly placed: Omit<PlacedReport, 'situationId' | 'labelSetId'>;
}

const INACTIVE_KEPT = 100;

/** Objects that a listed patch names and does not patch, because no module of that name is loaded. */
const inactiveOf = ({ livepatches }: Report): HostDetail['inactive'] =>
  livepatches
    .flatMap(({ name, objects }) => objects.flatMap((object) => (object.patched === false ? [{ patch: name, object: object.name }] : [])))
    .slice(0, INACTIVE_KEPT);

const isOtherBoot = ({ report }: Received, head: HostVersion | undefined): boolean => head?.bootId != null && head.bootId !== report.host.bootId;

/** A document that goes on with the present boot interleaves with nothing. */
const mayInterleave = (one: Received, heads: ReadonlyMap<string, HostVersion>): boolean => {
  const head = heads.get(one.report.host.instance);
  return isOtherBoot(one, head) || (head !== undefined && BigInt(one.report.sequence) < head.sequence);
};

/** The ranges of a host's boots; that of the present boot goes to its last report, which is written in the host's row alone. */
function rangesOf({ bootId, sequence }: HostVersion, boots: readonly BootRange[]): BootRange[] {
  if (bootId === null || sequence === 0n) return [...boots];
  const own = boots.find((boot) => boot.bootId === bootId) ?? { bootId, first: sequence, last: sequence };
  return [...boots.filter((boot) => boot.bootId !== bootId), { ...own, last: own.last > sequence ? own.last : sequence }];
}

/** Where a report stands that is newer than all others of its host, and which ranges of boots it changes. */
function placeNew({ host, sequence }: Report, head: HostVersion | null, known: readonly BootRange[]): { suspect: boolean; boots: readonly BootRange[] } {
  const begins = { bootId: host.bootId, first: BigInt(sequence), last: BigInt(sequence) };
  if (head === null || head.bootId === null || head.sequence === 0n) return { suspect: false, boots: [begins] };
  if (head.bootId === host.bootId) return { suspect: false, boots: [] };
  const boots = rangesOf(head, known);
  const { suspect, range } = placeAmong(boots, host.bootId, BigInt(sequence));
  const ended = boots.filter(({ bootId }) => bootId === head.bootId);
  return { suspect, boots: range === null ? ended : [...ended, range] };
}

/** What is known of the host, if it has reported. */
const beforeOf = (head: HostVersion | null, situation: Situation | undefined): Before | null =>
  head?.bootId == null || situation === undefined
    ? null
    : { bootId: head.bootId, situation, marks: head.marks, confirmedAt: new Date(head.confirmedAt ?? head.since) };

function draft(
  { report, receivedAt }: Received,
  head: HostVersion | null,
  before: Before | null,
  known: Labels,
  boots: readonly BootRange[],
  intervalSeconds: number,
): Draft {
  const { host } = report;
  const observed = observedAt(report.clock, receivedAt);
  const { situation, marks, continuous } = situate(report, before, observed, intervalSeconds);
  const own = Object.fromEntries(Object.entries(host.labels).map(([key, value]) => [`${AGENT_PREFIX}${key}`, value]));
  const place = placeNew(report, head, boots);
  const suspect = place.suspect || (head?.machine != null && host.machine !== null && head.machine !== host.machine);
  return {
    situation: toSituationDraft(situation),
    sightings: suspect || head?.suspect ? [] : sightingsOf(report, situation, continuous ? before!.situation : null),
    labels: toLabelsDraft({ ...authoritative(known), ...own }),
    placed: {
      hostId: host.instance,
      hostname: host.hostname,
      machine: host.machine,
      bootId: host.bootId,
      sequence: BigInt(report.sequence),
      digest: report.digest,
      observedAt: observed,
      receivedAt,
      detail: {
        agentVersion: report.agent.version,
        distribution: host.distribution,
        taint: report.taint,
        transition: report.transition && { ...report.transition, tasks: report.transition.tasks.map(({ pid, comm }) => ({ pid, comm })) },
        inactive: inactiveOf(report),
        warnings: report.warnings ?? [],
      },
      marks,
      recheckAt: recheckAt(situation, marks),
      suspect,
      boots: place.boots,
      expected: head,
    },
  };
}
