import { Inject, Injectable } from '@nestjs/common';
import { Heartbeat } from '@klpreg/wire';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { type Comparison, HeartbeatsStore, type PlacedHeartbeat } from '../store/heartbeats.store.js';
import { Gather, INGEST_LIMITS } from './gather.js';
import { jumpOf } from './jumps.js';
import { observedAt, silence } from './observed.js';
import { parse } from './parse.js';

/** What became of a heartbeat: its host's facts are confirmed; a full report is wanted; older than what is known. */
export interface HeartbeatAnswer {
  readonly outcome: 'CONFIRMED' | 'REPORT_WANTED' | 'SUPERSEDED';
  /** Why a report is wanted; null where it is not. */
  readonly reason: 'UNKNOWN_HOST' | 'OTHER_BOOT' | 'OTHER_CONTENT' | 'OVERTAKEN' | 'REFERENCED_LEFTOVER' | null;
  readonly intervalSeconds: number;
}

/** What a batch costs beside its documents is a third of what 50 heartbeats cost; and what comes after an answer costs less than after that to a report. */
const LIMITS = { ...INGEST_LIMITS, beside: 100, answered: 64 };

/** Places heartbeats, many at once, and has them noted. */
@Injectable()
export class Heartbeats {
  readonly gather = new Gather<PlacedHeartbeat, Comparison | null>(
    async (batch) => {
      const comparisons = await this.store.note(batch, silence(this.config.intervalSeconds));
      return batch.map((one) => comparisons.get(one.hostId) ?? null);
    },
    (one) => one.hostId,
    LIMITS,
  );

  constructor(
    private readonly store: HeartbeatsStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Nothing changed, says an agent. The answer tells whether that is enough. */
  async receive(body: unknown): Promise<HeartbeatAnswer> {
    const { instance, bootId, digest, sequence, clock } = parse(Heartbeat, body, 'heartbeat');
    const receivedAt = this.clock.now();
    const comparison = await this.gather.add({
      hostId: instance,
      bootId,
      digest,
      sequence: BigInt(sequence),
      observedAt: observedAt(clock, receivedAt),
      receivedAt,
    });
    const jump = comparison === null || comparison.noted ? null : jumpOf(instance, BigInt(sequence), comparison.sequence);
    if (jump !== null) throw jump;
    const reason = whyReport(comparison, receivedAt);
    const old = comparison !== null && !comparison.noted && comparison.sequence > BigInt(sequence);
    const outcome = old ? 'SUPERSEDED' : reason === null ? 'CONFIRMED' : 'REPORT_WANTED';
    return { outcome, reason: old ? null : reason, intervalSeconds: this.config.intervalSeconds };
  }
}

/** Why is a heartbeat not enough? null: it is. */
function whyReport(comparison: Comparison | null, now: Date): HeartbeatAnswer['reason'] {
  if (comparison === null) return 'UNKNOWN_HOST';
  if (!comparison.sameBoot) return 'OTHER_BOOT';
  if (!comparison.sameContent) return 'OTHER_CONTENT';
  // An earlier heartbeat told of other facts. They may have come and gone, and what left the list then is not known.
  if (comparison.superseded) return 'OVERTAKEN';
  return comparison.recheckAt !== null && comparison.recheckAt <= now ? 'REFERENCED_LEFTOVER' : null;
}
