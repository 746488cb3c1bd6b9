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
    const lines = Object.entries(doors.lines);
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
      name: 'klpreg_documents_inside',
      help: 'Documents that are at a door and not answered yet. From klpreg_documents_room on the next ones get BUSY.',
      labelNames,
      registers,
      collect() {
        for (const [door, line] of lines) this.set({ door }, line.length);
      },
    });
    void new Gauge({
      name: 'klpreg_documents_room',
      help: 'For how many documents there is room at a door: as many as were answered in a second when it was last busy, but 1500 at least and 5000 at most.',
      labelNames,
      registers,
      collect() {
        for (const [door, line] of lines) this.set({ door }, line.room);
      },
    });
    void new Gauge({
      name: 'klpreg_documents_waiting',
      help: 'Documents that were read and wait for their batch.',
      labelNames,
      registers,
      collect() {
        for (const [door, gather] of gathers) this.set({ door }, gather.load.waiting);
      },
    });
    void new Gauge({
      name: 'klpreg_batches_running',
      help: 'Batches that are being stored, at most 2 for each door.',
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
