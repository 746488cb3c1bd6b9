import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { bugs } from './bug-log.js';
import { Clock } from './clock.js';
import { CONFIG, type Config } from './config.js';
import { CohortsStore } from './store/cohorts.store.js';
import { Database } from './store/database.js';
import { HeartbeatsStore } from './store/heartbeats.store.js';
import { HistoryStore } from './store/history.store.js';
import { isUnavailable } from './store/unavailable.js';

const FOLD_EVERY_MS = 1_000;
const PARTITIONS_EVERY_MS = 60 * 60 * 1_000;

/** What is done in the background, by every server, one at a time: folding counts, making and dropping partitions. Nothing depends on when, or by whom. */
@Injectable()
export class Upkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('Upkeep');
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;
  private setBack = 0;
  private told: (batches: number, seconds: number) => void = () => {};

  constructor(
    private readonly cohorts: CohortsStore,
    private readonly history: HistoryStore,
    private readonly heartbeats: HeartbeatsStore,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Today's partitions are there before the first document comes. */
  async onApplicationBootstrap(): Promise<void> {
    const keep = () => this.keepHistory();
    await this.once(keep);
    await this.once(() => this.takeBack());
    this.repeat(() => this.takeBack(), PARTITIONS_EVERY_MS);
    this.repeat(keep, PARTITIONS_EVERY_MS);
    this.repeat(() => this.fold(), FOLD_EVERY_MS);
  }

  /** From now on tells of each fold of this server that had something to fold: of how many batches, and how long it took. */
  watch(told: (batches: number, seconds: number) => void): void {
    this.told = told;
  }

  private async keepHistory(): Promise<void> {
    const { dropped } = await this.history.keepPartitions(this.clock.now(), this.config.historyDays);
    if (dropped.length > 0) this.log.warn(`history of more than ${this.config.historyDays} days was dropped: ${dropped.join(', ')}`);
  }

  /** At the start, each hour, and at once where the clock of the database was set back. */
  private async takeBack(): Promise<void> {
    const { timesSetBack } = this.database.time;
    const hosts = await this.heartbeats.takeBack(this.clock.now());
    this.setBack = timesSetBack;
    if (hosts > 0)
      this.log.warn(
        `${hosts} hosts were confirmed by a clock that was ahead: their last confirmation is taken back, and they are not fresh until they are confirmed again`,
      );
  }

  private async fold(): Promise<void> {
    if (this.database.time.timesSetBack !== this.setBack) await this.takeBack();
    const begun = performance.now();
    const { batches } = await this.cohorts.fold();
    if (batches > 0) this.told(batches, (performance.now() - begun) / 1000);
  }

  /** Before the database is closed: what is under way is waited for. */
  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running);
  }

  /** Again and again: the next time comes so long after the last one has ended, whether it failed or not. */
  private repeat(work: () => Promise<unknown>, everyMs: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const done = this.again(work, everyMs);
      this.running.add(done);
      void done.finally(() => this.running.delete(done));
    }, everyMs);
    this.timers.add(timer);
  }

  private async again(work: () => Promise<unknown>, everyMs: number): Promise<void> {
    await this.once(work);
    if (!this.stopped) this.repeat(work, everyMs);
  }

  private async once(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // a fault of the database is logged there, once
      if (!this.stopped && !isUnavailable(error)) bugs.note(error);
    }
  }
}
