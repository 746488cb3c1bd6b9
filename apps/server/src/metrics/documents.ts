import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { Doors } from '../ingest/doors.js';
import { Heartbeats } from '../ingest/heartbeats.js';
import { Reports } from '../ingest/reports.js';
import { Metrics } from './metrics.js';

/** What comes in by the doors of agents: what became of it, what waits, and how it is written. */
@Injectable()
export class DocumentMetrics {
  constructor(metrics: Metrics, doors: Doors, reports: Reports, heartbeats: Heartbeats) {
    const gathers = Object.entries({ reports: reports.gather, heartbeats: heartbeats.gather });
    const labelNames = ['door'] as const;
    const registers = [metrics];

    void new Counter({
      name: 'klpreg_documents_total',
      help: 'Documents by door and outcome, or by the code of their refusal. A body that is refused as a whole counts once.',
      labelNames: ['door', 'outcome'],
      registers,
      collect() {
        this.reset();
        for (const [door, tally] of Object.entries(doors.tallies)) for (const [outcome, times] of tally.entries()) this.inc({ door, outcome }, times);
      },
    });
    void new Gauge({
      name: 'klpreg_documents_waiting',
      help: 'Documents that wait to be stored. Near 5000 the next ones get BUSY.',
      labelNames,
      registers,
      collect() {
        for (const [door, gather] of gathers) this.set({ door }, gather.load.waiting);
      },
    });
    void new Gauge({
      name: 'klpreg_batches_running',
      help: 'Batches that are being stored, at most 3 for each door.',
      labelNames,
      registers,
      collect() {
        for (const [door, gather] of gathers) this.set({ door }, gather.load.running);
      },
    });
    const size = new Histogram({
      name: 'klpreg_batch_documents',
      help: 'How many documents were stored as one batch.',
      labelNames,
      registers,
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    });
    const duration = new Histogram({
      name: 'klpreg_batch_duration_seconds',
      help: 'How long it took to store a batch: so long, and a few milliseconds, its senders wait.',
      labelNames,
      registers,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    });
    for (const [door, gather] of gathers) {
      const [sizes, durations] = [size.labels(door), duration.labels(door)];
      gather.watch((documents, seconds) => {
        sizes.observe(documents);
        durations.observe(seconds);
      });
    }
  }
}
