import { Inject, Injectable } from '@nestjs/common';
import { TokenBuckets } from '../access/token-buckets.js';
import { CONFIG, type Config } from '../config.js';
import { RateLimited } from '../errors.js';
import type { Received } from './endpoint.js';

const KIB = 1024;
const HOUR_MS = 3_600_000;

/**
 * Limits what a host adds to the history in an hour. Each changed report is kept there until it is pruned, so
 * that a host whose reports always differ could fill the database within its rate of requests.
 *
 * In memory: each server has its own budgets, and a restart fills them.
 */
@Injectable()
export class ChangeBudget {
  private readonly buckets: TokenBuckets;
  private readonly paid = new WeakSet<Received<'reports'>>();

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'ingest'>) {
    this.buckets = new TokenBuckets(config.ingest.hostKibPerHour, HOUR_MS);
  }

  /**
   * Takes the size of a changed report from the budget of its host, once, however often the report is
   * decided. Returns a refusal if too little is left.
   */
  refuse(received: Received<'reports'>): RateLimited | null {
    if (this.paid.has(received)) return null;
    const { message: report, receivedAt } = received;
    const kib = Math.ceil(Buffer.byteLength(JSON.stringify(report)) / KIB);
    const { hostKibPerHour } = this.config.ingest;
    const seconds = this.buckets.take(report.host.instance, receivedAt.getTime(), kib);
    if (seconds === 0) {
      this.paid.add(received);
      return null;
    }
    return new RateLimited(
      `host ${report.host.instance} may add ${hostKibPerHour} KiB of changed reports in an hour ` +
        `(KLPREG_INGEST_HOST_KIB_PER_HOUR of the registry), and this one has ${kib} KiB; ` +
        `send it again in ${seconds} s`,
      seconds,
    );
  }
}
