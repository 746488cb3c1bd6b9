import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Database } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { VERSION } from '../version.js';
import { Metrics } from './metrics.js';

/** The event loop is looked at so often. */
const LOOK_MS = 20;

/** The process: what it is, what it needs, and whether it keeps up. */
@Injectable()
export class ProcessMetrics implements OnModuleDestroy {
  private readonly loop = monitorEventLoopDelay({ resolution: LOOK_MS });

  constructor(metrics: Metrics, main: Database, read: ReadDatabase) {
    const registers = [metrics];
    const { loop } = this;
    loop.enable();

    new Gauge({ name: 'klpreg_build_info', help: 'Always 1: which version of the server runs on which Node.', labelNames: ['version', 'node'], registers }).set(
      { version: VERSION, node: process.version },
      1,
    );
    void new Gauge({
      name: 'klpreg_resident_memory_bytes',
      help: 'Memory of this process that is resident.',
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
    void new Gauge({
      name: 'klpreg_event_loop_lag_seconds',
      help: 'By how much the event loop was late since the last scrape: in 99 of 100 looks no more than p99, and at most max.',
      labelNames: ['of'],
      registers,
      collect() {
        // what is recorded is from look to look; before the first look there is nothing
        const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - LOOK_MS / 1e3);
        this.set({ of: 'p99' }, loop.count === 0 ? 0 : late(loop.percentile(99)));
        this.set({ of: 'max' }, loop.count === 0 ? 0 : late(loop.max));
        loop.reset();
      },
    });
    void new Gauge({
      name: 'klpreg_clock_offset_seconds',
      help: 'By how much the clock of this machine is ahead of the clock of the database, by which the registry goes.',
      registers,
      collect() {
        const { offsetMs } = main.time;
        if (offsetMs === null) this.remove();
        else this.set(offsetMs / 1000);
      },
    });
    const pools = read === main ? { main } : { main, replica: read };
    const connections = (name: string, help: string, of: (pool: Database['pool']) => number) =>
      void new Gauge({
        name,
        help,
        labelNames: ['database'],
        registers,
        collect() {
          for (const [database, { pool }] of Object.entries(pools)) this.set({ database }, of(pool));
        },
      });
    connections('klpreg_database_connections', 'Open connections to the database.', (pool) => pool.totalCount);
    connections('klpreg_database_connections_idle', 'Those of them that nobody uses.', (pool) => pool.idleCount);
    connections('klpreg_database_waiting', 'How many wait for a connection.', (pool) => pool.waitingCount);
  }

  onModuleDestroy(): void {
    this.loop.disable();
  }
}
