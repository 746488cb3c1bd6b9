import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from './clock.js';
import { CONFIG, type Config } from './config.js';
import { CohortsStore } from './store/cohorts.store.js';
import { HistoryStore } from './store/history.store.js';

const FOLD_EVERY_MS = 1_000;
const PARTITIONS_EVERY_MS = 60 * 60 * 1_000;

/** What is done in the background, by every server, one at a time: folding counts, making and dropping partitions. Nothing depends on when, or by whom. */
@Injectable()
export class Upkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('Upkeep');
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;
  private told: (batches: number, seconds: number) => void = () => {};

  constructor(
    private readonly cohorts: CohortsStore,
    private readonly history: HistoryStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Today's partitions are there before the first document comes. */
  async onApplicationBootstrap(): Promise<void> {
    const keep = () => this.history.keepPartitions(this.clock.now(), this.config.historyDays);
    await this.once(keep);
    this.repeat(keep, PARTITIONS_EVERY_MS);
    this.repeat(() => this.fold(), FOLD_EVERY_MS);
  }

  /** From now on tells of each fold of this server that had something to fold: of how many batches, and how long it took. */
  watch(told: (batches: number, seconds: number) => void): void {
    this.told = told;
  }

  private async fold(): Promise<void> {
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
      if (!this.stopped) this.log.warn(`upkeep failed, and is tried again: ${String(error)}`);
    }
  }
}
