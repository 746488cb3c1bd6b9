import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { freshnessLimits } from '@klpreg/compat';
import { LRUCache } from 'lru-cache';
import { bugs } from '../bug-log.js';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { isUnavailable } from '../database/unavailable.js';
import { RequestError } from '../errors.js';
import { type VerdictSum, VerdictSumsStore } from '../store/history/verdict-sums.store.js';
import { Fleet, type FleetAnswer } from './fleet.js';
import { sumsByValue, WITHOUT } from './verdict-sums-by-value.js';
import { ALWAYS_WATCHED, targetOf } from './watched-targets.js';

const HOUR_MS = 60 * 60 * 1_000;
/** How often a server looks for an hour that has no sums yet. */
const LOOK_MS = 60_000;
/** Hours that are stored late, after all servers were away. */
const HOURS_LATE = 24;
/** A replica may lack what was published before an hour for this time after it. */
const LAG_MS = 10 * 60 * 1_000;

/**
 * Stores the numbers of verdicts about the watched targets, once for each full hour.
 *
 * Every server looks, and an advisory lock lets one at a time store. An hour is judged as of its beginning,
 * so that it does not matter when that happens.
 */
@Injectable()
export class VerdictSums implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  private readonly log = new Logger('verdict-history');
  /** Hours of targets that cannot be judged, so that they are not tried each minute. */
  private readonly impossible = new LRUCache<string, true>({ max: 1_000 });

  constructor(
    private readonly store: VerdictSumsStore,
    private readonly fleet: Fleet,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setTimeout(() => {
      this.running = this.storeMissing()
        .catch((error: unknown) => {
          if (!this.stopped && !isUnavailable(error)) bugs.note(error as Error);
        })
        .finally(() => {
          if (!this.stopped) this.onApplicationBootstrap();
        });
    }, LOOK_MS);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /**
   * Stores the sums of the last full hours that have none, the newest first, and forgets the oldest.
   *
   * Every hour is looked for, because a run that was stopped leaves older ones without sums.
   */
  async storeMissing(): Promise<void> {
    const now = this.clock.now().getTime();
    const last = Math.floor(now / HOUR_MS) * HOUR_MS;
    const watched = await this.store.watched();
    const since = new Map(watched.map((row) => [row.target, row.since.getTime()]));
    for (let late = 0; late < HOURS_LATE && !this.stopped; late++) {
      const at = new Date(last - late * HOUR_MS);
      const targets = [...ALWAYS_WATCHED, ...since.keys()].filter(
        (target) => (since.get(target) ?? 0) < at.getTime() + HOUR_MS,
      );
      const missing = await this.store.missing(targets, at);
      for (const target of missing) await this.store.alone(async () => this.storeHour(target, at));
    }
    await this.store.forget(new Date(now - this.config.historyDays * 24 * HOUR_MS));
  }

  private async storeHour(target: string, at: Date): Promise<void> {
    const key = `${target} ${at.toISOString()}`;
    if (this.impossible.has(key)) return;
    try {
      const sums = await this.count(target, at);
      if (sums.length > 0) return await this.store.save(target, sums);
    } catch (error) {
      // it was not published then, or the history does not reach back
      if (!(error instanceof RequestError)) throw error;
    }
    if (this.clock.now().getTime() - at.getTime() > LAG_MS) this.impossible.set(key, true);
  }

  /** Returns the sums of all hosts, and of each value of the label; none without any host. */
  private async count(target: string, at: Date): Promise<VerdictSum[]> {
    const label = this.config.historyLabel;
    // a shorter age of the policy is not known for the past
    const maxAge = freshnessLimits(this.config.intervalSeconds).late;
    const answer = await this.fleet.ask({ to: targetOf(target), asOf: at, maxAge }, null, label !== null);
    if (answer.counts.total === 0) return [];
    const { safe, unknown, unsafe, refused, accepted } = answer.counts;
    const all = { at, value: null, safe, unknown, unsafe, refused, accepted };
    if (label === null) return [all];
    try {
      return [all, ...(await this.countByValue(answer, label, at))];
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.log.warn(`the verdicts of ${at.toISOString()} have no sums by ${label}: ${error.message}`);
      return [all];
    }
  }

  private async countByValue(answer: FleetAnswer, label: string, at: Date): Promise<VerdictSum[]> {
    const groups = await this.fleet.grouped(answer, { by: [], labels: [label] });
    const verdicts = await this.fleet.verdicts(
      answer,
      groups.map(({ largest }) => largest.freshnessKey),
    );
    const counted = groups.map(({ hosts, labels, largest }) => ({
      hosts,
      value: labels[label] ?? WITHOUT,
      verdict: verdicts.get(largest.freshnessKey)!,
    }));
    return sumsByValue(counted, at);
  }
}
