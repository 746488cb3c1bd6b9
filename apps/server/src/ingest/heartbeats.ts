import { Inject, Injectable } from '@nestjs/common';
import type { Heartbeat } from '@klpreg/wire';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { type Comparison, HeartbeatsStore, type PlacedHeartbeat } from '../store/hosts/heartbeats.store.js';
import { Backgrounds } from './background.js';
import { Gather, INGEST_LIMITS } from './gather.js';
import { jumpOf } from './jumps.js';
import { observedAt, silence } from './observed.js';
import { readDocument } from './read.js';
import { Reader } from './reader.js';

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

  readonly reader: Reader<'heartbeats'>;

  constructor(
    private readonly store: HeartbeatsStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    backgrounds: Backgrounds,
  ) {
    this.reader = new Reader('heartbeats', backgrounds.documents);
  }

  /** Notes a heartbeat, from its bytes. */
  async receive(bytes: Uint8Array): Promise<HeartbeatAnswer> {
    return this.save(readDocument('heartbeats', bytes));
  }

  /** Nothing changed, says an agent. The answer tells whether that is enough. */
  async save({ instance, bootId, digest, sequence, clock }: Heartbeat): Promise<HeartbeatAnswer> {
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
