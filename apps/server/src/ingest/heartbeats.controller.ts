import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { Heartbeat } from '@klpreg/wire';
import { Roles } from '../access/roles.js';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { type HostHead, HostsStore } from '../store/hosts.store.js';
import { observedAt } from './observed.js';
import { parse } from './parse.js';

/** What became of a heartbeat: its host's facts are confirmed; a full report is wanted; older than what is known. */
export interface HeartbeatAnswer {
  readonly outcome: 'CONFIRMED' | 'REPORT_WANTED' | 'SUPERSEDED';
  /** Why a report is wanted; null where it is not. */
  readonly reason: 'UNKNOWN_HOST' | 'OTHER_BOOT' | 'OTHER_CONTENT' | 'OVERTAKEN' | 'REFERENCED_LEFTOVER' | null;
  readonly intervalSeconds: number;
}

/** After this a leftover that is still referenced is pinned, which a second report has to say. */
const REFERENCED_TOO_LONG_MS = 60_000;

@Controller('v1/heartbeats')
export class HeartbeatsController {
  constructor(
    private readonly hosts: HostsStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Nothing changed, says an agent. The answer tells whether that is enough. */
  @Post()
  @HttpCode(200)
  @Roles('host', 'admin')
  async receive(@Body() body: unknown): Promise<HeartbeatAnswer> {
    const heartbeat = parse(Heartbeat, body, 'heartbeat');
    const receivedAt = this.clock.now();
    const head = await this.hosts.head(heartbeat.instance);
    const reason = whyReport(heartbeat, head, receivedAt);
    const answer = (outcome: HeartbeatAnswer['outcome']) => ({
      outcome,
      reason: outcome === 'REPORT_WANTED' ? reason : null,
      intervalSeconds: this.config.intervalSeconds,
    });
    if (head === null || head.digest === null) return answer('REPORT_WANTED');

    const sequence = BigInt(heartbeat.sequence);
    const confirms = reason === null || reason === 'REFERENCED_LEFTOVER' || reason === 'OVERTAKEN';
    const newest = confirms
      ? await this.hosts.confirmFacts(heartbeat.instance, sequence, observedAt(heartbeat.clock, receivedAt), receivedAt)
      : await this.hosts.supersede(heartbeat.instance, sequence, receivedAt);
    if (!newest && sequence < (head.contactSequence ?? 0n)) return answer('SUPERSEDED');
    return answer(reason === null ? 'CONFIRMED' : 'REPORT_WANTED');
  }
}

/** Why is a heartbeat not enough? null: it is. */
function whyReport(heartbeat: Heartbeat, head: HostHead | null, now: Date): HeartbeatAnswer['reason'] {
  if (head === null || head.digest === null) return 'UNKNOWN_HOST';
  if (head.bootId !== heartbeat.bootId) return 'OTHER_BOOT';
  if (head.digest !== heartbeat.digest) return 'OTHER_CONTENT';
  // An earlier heartbeat told of other facts. They may have come and gone, and what left the list then is not known.
  if (head.supersededAt !== null) return 'OVERTAKEN';
  return Object.values(head.referencedSince).some((since) => pinIsUndecided(Date.parse(since), head.observedAt, now)) ? 'REFERENCED_LEFTOVER' : null;
}

/** Has this leftover been referenced long enough to be pinned, and did the last report come too early to say so? */
const pinIsUndecided = (since: number, lastReport: Date | null, now: Date): boolean =>
  now.getTime() - since >= REFERENCED_TOO_LONG_MS && (lastReport?.getTime() ?? 0) - since < REFERENCED_TOO_LONG_MS;
