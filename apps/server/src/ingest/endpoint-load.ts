import type { IngestLimits } from '../ingest-limits.js';

/** Throughput before any was measured, in messages a second: a server that has just started is slow. */
const FIRST_THROUGHPUT = 1000;
/** A lower throughput is not assumed, so that `Retry-After` values differ. */
const MIN_THROUGHPUT = 1;
/** Shortest period that gives a measurement. */
const MEASURED_MS = 500;
/**
 * Share of the throughput that is given to retries: a refusal costs almost as much as a message, and first
 * attempts also need capacity.
 */
const RETRY_SHARE = 0.125;

/**
 * The messages of one endpoint that were admitted and are not answered yet, and how many there may be.
 *
 * The capacity is what is answered within the target delay at the measured throughput. Without it, a server
 * that accepts everything when a fleet reconnects answers after the agents' time limits, and its work is
 * lost.
 */
export class EndpointLoad {
  private messages = 0;
  /** Messages a second when the endpoint was last busy. */
  private throughput = FIRST_THROUGHPUT;
  private busySince: number | null = null;
  private measured = { messages: 0, ms: 0 };
  private nextRetry = 0;

  /** @param now milliseconds of a monotonic clock */
  constructor(
    private readonly limits: IngestLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Messages that were admitted and are not answered yet. */
  get pending(): number {
    return this.messages;
  }

  /** Maximum of pending messages. Never less than what fills the batches. */
  get capacity(): number {
    const { batchSize, parallelBatches, queue, queueDelayMs } = this.limits;
    const least = batchSize * (parallelBatches + 1);
    return Math.round(Math.min(queue, Math.max(least, (this.throughput * queueDelayMs) / 1000)));
  }

  get isFull(): boolean {
    return this.messages >= this.capacity;
  }

  /**
   * Whether to shed a request on a new connection because the accept backlog is not drained.
   *
   * The longer connections have been waiting in the kernel, the fewer new ones are served, so that all get an
   * answer. A few always are.
   *
   * @param backlogMs how long the accept backlog has not been empty
   */
  shedsNewConnections(backlogMs: number): boolean {
    const { newConnections, newConnectionsDelayMs } = this.limits;
    if (this.isFull) return true;
    if (backlogMs <= newConnectionsDelayMs) return false;
    return (
      this.messages >= Math.max(newConnections / 10, (newConnections * newConnectionsDelayMs) / backlogMs)
    );
  }

  /** Counts admitted messages, also beyond the capacity. */
  begin(messages: number): void {
    this.messages += messages;
    if (this.messages >= this.limits.batchSize) this.busySince ??= this.now();
  }

  /** Counts answered messages. The throughput is measured while at least one full batch is pending. */
  end(messages: number): void {
    this.messages -= messages;
    if (this.busySince === null) return;
    const now = this.now();
    this.measured.messages += messages;
    this.measured.ms += now - this.busySince;
    this.busySince = this.messages >= this.limits.batchSize ? now : null;
    if (this.measured.ms < MEASURED_MS) return;
    const throughput = (this.measured.messages * 1000) / this.measured.ms;
    this.throughput = Math.max(MIN_THROUGHPUT, (this.throughput + throughput) / 2);
    this.measured = { messages: 0, ms: 0 };
  }

  /**
   * Returns the next free time for a retry, in whole seconds from now, for `Retry-After`. Each call takes
   * one.
   */
  retryAfter(): number {
    const { retryMinMs, retryMaxMs } = this.limits;
    const now = this.now();
    const distance = 1000 / (this.throughput * RETRY_SHARE);
    this.nextRetry = Math.max(this.nextRetry + distance, now + retryMinMs);
    // all times are taken: begin again with the first one
    if (this.nextRetry > now + retryMaxMs) this.nextRetry = now + retryMinMs;
    return Math.ceil((this.nextRetry - now) / 1000);
  }
}
