import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HeartbeatAnswer, ReportAnswer } from '../ingest/answers.js';
import { Endpoints } from '../ingest/endpoints.js';

const SAMPLE_MS = 5_000;
const SAMPLES = 60_000 / SAMPLE_MS;

const ACCEPTED: readonly string[] = [
  ...ReportAnswer.shape.outcome.options,
  ...HeartbeatAnswer.shape.outcome.options,
];

/** Messages of agents by their answer. */
export interface MessageCounts {
  readonly accepted: number;
  /** Answered with an error, other than those that were shed. */
  readonly refused: number;
  /** Answered with 503 because of overload. */
  readonly shed: number;
}

/** Counts the messages of the last minute, exact to five seconds. */
@Injectable()
export class LastMinute implements OnModuleDestroy {
  /** The counts since the start, the oldest sample first. */
  private readonly samples: MessageCounts[] = [{ accepted: 0, refused: 0, shed: 0 }];
  private readonly timer = setInterval(() => this.sample(), SAMPLE_MS).unref();

  constructor(private readonly endpoints: Endpoints) {}

  counts(): MessageCounts {
    const [now, before] = [this.sinceStart(), this.samples[0]!];
    return {
      accepted: now.accepted - before.accepted,
      refused: now.refused - before.refused,
      shed: now.shed - before.shed,
    };
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    this.samples.push(this.sinceStart());
    if (this.samples.length > SAMPLES) this.samples.shift();
  }

  private sinceStart(): MessageCounts {
    const counts = { accepted: 0, refused: 0, shed: 0 };
    const { reports, heartbeats } = this.endpoints;
    for (const { outcomes } of [reports, heartbeats])
      for (const [outcome, count] of outcomes.entries())
        counts[ACCEPTED.includes(outcome) ? 'accepted' : outcome === 'BUSY' ? 'shed' : 'refused'] += count;
    return counts;
  }
}
