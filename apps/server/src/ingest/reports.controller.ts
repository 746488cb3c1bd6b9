import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { contentDigest, Report } from '@klpreg/wire';
import { Roles } from '../access/roles.js';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { Mistake } from '../errors.js';
import { type HostHead, HostsStore, type PlacedReport } from '../store/hosts.store.js';
import { AGENT_PREFIX, authoritative, type Labels, LabelsStore } from '../store/labels.store.js';
import { LoadedStore } from '../store/loaded.store.js';
import { SituationsStore } from '../store/situations.store.js';
import { observedAt } from './observed.js';
import { parse } from './parse.js';
import { type Before, situate } from './situate.js';

/** What became of a report: stored; stored, and it says what the last one said; seen before; older than what is known, and so not stored. */
export type ReportOutcome = 'STORED' | 'UNCHANGED' | 'REPEATED' | 'SUPERSEDED';

export interface ReportAnswer {
  readonly outcome: ReportOutcome;
  readonly host: string;
  readonly intervalSeconds: number;
}

const ATTEMPTS = 8;

@Controller('v1/reports')
export class ReportsController {
  constructor(
    private readonly hosts: HostsStore,
    private readonly situations: SituationsStore,
    private readonly labels: LabelsStore,
    private readonly loaded: LoadedStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Stores what an agent saw. A 2xx answer means durably committed; a repeated document changes nothing; an older one never overwrites a newer one. */
  @Post()
  @HttpCode(200)
  @Roles('host', 'admin')
  async receive(@Body() body: unknown): Promise<ReportAnswer> {
    const report = parse(Report, body, 'report');
    const digest = contentDigest(body as Record<string, unknown>);
    if (digest !== report.digest)
      throw new Mistake('BAD_USER_INPUT', 'the digest is not that of the content', [
        { pointer: '/digest', detail: `must be the digest of this content, ${digest}`, found: report.digest },
      ]);
    const outcome = await this.place(report, this.clock.now());
    return { outcome, host: report.host.instance, intervalSeconds: this.config.intervalSeconds };
  }

  /** Places the report against what is known of its host; again, where another document moves the host meanwhile. */
  private async place(report: Report, receivedAt: Date): Promise<ReportOutcome> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const head = await this.hosts.head(report.host.instance);
      const old = head === null ? null : await this.compareSequence(report, head, receivedAt);
      if (old !== null) return old;
      if (await this.hosts.saveReport(await this.decide(report, head, receivedAt), head)) return head?.digest === report.digest ? 'UNCHANGED' : 'STORED';
    }
    throw new Error(`report ${report.sequence} of ${report.host.instance} was overtaken ${ATTEMPTS} times`);
  }

  /** Is the report one that was seen, or older than one that was? null: it is new. */
  private async compareSequence(report: Report, head: HostHead, receivedAt: Date): Promise<ReportOutcome | null> {
    const sequence = BigInt(report.sequence);
    if (sequence < head.sequence) return 'SUPERSEDED';
    if (sequence === head.sequence && head.digest === report.digest && head.bootId === report.host.bootId) return 'REPEATED';
    if (sequence !== head.sequence && sequence !== head.contactSequence) return null;
    await this.hosts.suspect(report.host.instance, receivedAt);
    throw new Mistake(
      'SEQUENCE_CONFLICT',
      `sequence ${report.sequence} of ${report.host.instance} was used before for another document: is this host a copy of another one?`,
      [{ pointer: '/sequence', detail: 'must be used for one document only', found: String(report.sequence) }],
    );
  }

  /** Everything that the store will write, decided before it writes. */
  private async decide(report: Report, head: HostHead | null, receivedAt: Date): Promise<PlacedReport> {
    const { host } = report;
    const observed = observedAt(report.clock, receivedAt);
    const { situation, referencedSince } = situate(report, await this.before(head), observed);
    const known = head === null ? {} : authoritative((await this.labels.load([head.labelSetId])).get(head.labelSetId) ?? {});
    const labels: Labels = { ...known, ...Object.fromEntries(Object.entries(host.labels).map(([key, value]) => [`${AGENT_PREFIX}${key}`, value])) };
    await this.loaded.keep(
      host.kernelVersion,
      report.livepatches.filter((patch) => patch.enabled || patch.transition),
    );
    const newerContact = head !== null && head.contactSequence !== null && head.contactSequence > BigInt(report.sequence);
    return {
      hostId: host.instance,
      hostname: host.hostname,
      machine: host.machine,
      labelSetId: await this.labels.keep(labels),
      situationId: await this.situations.keep(situation),
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
      },
      referencedSince,
      suspect: head?.machine != null && host.machine !== null && head.machine !== host.machine,
      // A heartbeat that overtook this report told of facts that are not the last report's: it may have meant this one, or a later one. Ask again.
      superseded: newerContact,
    };
  }

  private async before(head: HostHead | null): Promise<Before | null> {
    if (head === null || head.situationId === null || head.bootId === null) return null;
    const situation = (await this.situations.load([head.situationId])).get(head.situationId);
    return situation === undefined ? null : { bootId: head.bootId, situation, referencedSince: head.referencedSince };
  }
}
