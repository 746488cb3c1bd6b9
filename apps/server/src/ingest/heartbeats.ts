import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { type Comparison, HeartbeatsStore } from '../store/hosts/heartbeats.store.js';
import type { HeartbeatAnswer } from './answers.js';
import type { Received } from './endpoint.js';
import { observedAt, silence } from './observed.js';
import { jumpOf } from './report-sequence.js';

type ReceivedHeartbeat = Received<'heartbeats'>;

/** Compares heartbeats with the last reports of their hosts, and stores the confirmations. */
@Injectable()
export class Heartbeats {
  constructor(
    private readonly heartbeats: HeartbeatsStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Stores a batch with at most one heartbeat of each host. */
  async store(batch: readonly ReceivedHeartbeat[]): Promise<(HeartbeatAnswer | Error)[]> {
    const placed = batch.map(({ message, receivedAt }) => ({
      hostId: message.instance,
      bootId: message.bootId,
      digest: message.digest,
      sequence: BigInt(message.sequence),
      observedAt: observedAt(message.clock, receivedAt),
      receivedAt,
    }));
    const { intervalSeconds } = this.config;
    const comparisons = await this.heartbeats.note(placed, silence(intervalSeconds));
    return batch.map((one) => answerTo(one, comparisons.get(one.message.instance) ?? null, intervalSeconds));
  }
}

function answerTo(
  { message, receivedAt }: ReceivedHeartbeat,
  comparison: Comparison | null,
  intervalSeconds: number,
): HeartbeatAnswer | Error {
  const sequence = BigInt(message.sequence);
  if (comparison !== null && !comparison.noted) {
    const jump = jumpOf(message.instance, sequence, comparison.sequence);
    if (jump !== null) return jump;
    if (comparison.sequence > sequence) return { outcome: 'SUPERSEDED', reason: null, intervalSeconds };
  }
  const reason = reportReason(comparison, receivedAt);
  return { outcome: reason === null ? 'CONFIRMED' : 'REPORT_WANTED', reason, intervalSeconds };
}

/** Returns why a full report is needed; null if the heartbeat is enough. */
function reportReason(comparison: Comparison | null, now: Date): HeartbeatAnswer['reason'] {
  if (comparison === null) return 'UNKNOWN_HOST';
  if (!comparison.sameBoot) return 'OTHER_BOOT';
  if (!comparison.sameContent) return 'OTHER_CONTENT';
  // An earlier heartbeat had another digest. What was loaded and unlisted in between is not known.
  if (comparison.superseded) return 'OVERTAKEN';
  return comparison.recheckAt !== null && comparison.recheckAt <= now ? 'REFERENCED_LEFTOVER' : null;
}
