import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { bugs } from '../bug-log.js';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { CohortsStore } from '../store/counts/cohorts.store.js';
import { HeartbeatsStore } from '../store/hosts/heartbeats.store.js';
import { AuditAnchor } from './audit-anchor.js';
import { HistoryStore } from '../store/history/history.store.js';
import { isUnavailable } from '../database/unavailable.js';

const ROLL_UP_INTERVAL_MS = 1_000;
const ANCHOR_INTERVAL_MS = 60_000;
const HISTORY_INTERVAL_MS = 60 * 60 * 1_000;

/**
 * Background work: rolls up cohort counts, creates and drops partitions of history, and withdraws wrong
 * confirmations.
 *
 * Every server runs it, and an advisory lock lets one at a time do it. No answer depends on when it happens.
 */
@Injectable()
export class Maintenance implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('Maintenance');
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;
  private setBack = 0;
  private observer: (batches: number, seconds: number) => void = () => {};

  constructor(
    private readonly cohorts: CohortsStore,
    private readonly history: HistoryStore,
    private readonly heartbeats: HeartbeatsStore,
    private readonly anchor: AuditAnchor,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Creates today's partitions before the first message arrives. */
  async onApplicationBootstrap(): Promise<void> {
    const keepHistory = () => this.keepHistory();
    const takeBack = () => this.takeBack();
    await this.attempt(keepHistory);
    await this.attempt(takeBack);
    this.schedule(takeBack, HISTORY_INTERVAL_MS);
    this.schedule(keepHistory, HISTORY_INTERVAL_MS);
    this.schedule(() => this.anchor.send(), ANCHOR_INTERVAL_MS);
    this.schedule(() => this.rollUp(), ROLL_UP_INTERVAL_MS);
  }

  /**
   * Calls the observer after each roll-up of this server that found deltas: with their number, and the
   * duration.
   */
  watch(observer: (batches: number, seconds: number) => void): void {
    this.observer = observer;
  }

  private async keepHistory(): Promise<void> {
    const { dropped } = await this.history.keepPartitions(this.clock.now(), this.config.historyDays);
    if (dropped.length > 0)
      this.log.warn(`dropped history of more than ${this.config.historyDays} days: ${dropped.join(', ')}`);
  }

  /** Runs at the start, each hour, and as soon as the database's clock was set back. */
  private async takeBack(): Promise<void> {
    const { timesSetBack } = this.clock;
    const hosts = await this.heartbeats.takeBackFutureConfirmations(this.clock.now());
    this.setBack = timesSetBack;
    if (hosts === 0) return;
    this.log.warn(
      `withdrew the last confirmation of ${hosts} hosts: a clock was ahead when they were confirmed. ` +
        'They are stale until their next message confirms them',
    );
  }

  private async rollUp(): Promise<void> {
    if (this.clock.timesSetBack !== this.setBack) await this.takeBack();
    const start = performance.now();
    const { batches } = await this.cohorts.rollUp();
    if (batches > 0) this.observer(batches, (performance.now() - start) / 1000);
  }

  /** Waits for running work before the database is closed. */
  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running);
  }

  /** Repeats the work. The interval begins when the last run ends, whether it failed or not. */
  private schedule(work: () => Promise<unknown>, intervalMs: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const run = this.attempt(work);
      this.running.add(run);
      void run.finally(() => {
        this.running.delete(run);
        if (!this.stopped) this.schedule(work, intervalMs);
      });
    }, intervalMs);
    this.timers.add(timer);
  }

  private async attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // the database logs its own faults, once
      if (!this.stopped && !isUnavailable(error)) bugs.note(error);
    }
  }
}
