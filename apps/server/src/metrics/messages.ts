import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { Endpoints } from '../ingest/endpoints.js';
import { Metrics } from './metrics.js';

/** Messages of agents: their outcomes, how many wait, and how they are stored. */
@Injectable()
export class MessageMetrics {
  constructor(metrics: Metrics, { reports, heartbeats }: Endpoints) {
    const endpoints = Object.entries({ reports, heartbeats });
    type AnyEndpoint = typeof reports | typeof heartbeats;
    const labelNames = ['endpoint'] as const;
    const registers = [metrics];
    const gauge = (name: string, help: string, valueOf: (endpoint: AnyEndpoint) => number): void => {
      void new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          for (const [name, endpoint] of endpoints) this.set({ endpoint: name }, valueOf(endpoint));
        },
      });
    };

    void new Counter({
      name: 'klpreg_messages_total',
      help: 'Messages by outcome, or by error code. A request that is refused as a whole counts once.',
      labelNames: ['endpoint', 'outcome'],
      registers,
      collect() {
        this.reset();
        for (const [endpoint, { outcomes }] of endpoints)
          for (const [outcome, count] of outcomes.entries()) this.inc({ endpoint, outcome }, count);
      },
    });
    gauge(
      'klpreg_messages_pending',
      'Admitted messages that are not answered yet. At klpreg_messages_capacity further ones get BUSY.',
      ({ load }) => load.pending,
    );
    gauge(
      'klpreg_messages_capacity',
      'Maximum number of pending messages: what is answered within the target queueing delay at the last ' +
        'throughput.',
      ({ load }) => load.capacity,
    );
    gauge(
      'klpreg_messages_waiting',
      'Messages that wait for their batch.',
      ({ batcher }) => batcher.load.waiting,
    );
    gauge('klpreg_batches_running', 'Batches that are being stored.', ({ batcher }) => batcher.load.running);
    const size = new Histogram({
      name: 'klpreg_batch_messages',
      help: 'Messages in a batch, which is one transaction.',
      labelNames,
      registers,
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    });
    const duration = new Histogram({
      name: 'klpreg_batch_duration_seconds',
      help: 'Time to store a batch. Its agents wait for that long, and a few milliseconds.',
      labelNames,
      registers,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    });
    for (const [endpoint, { batcher }] of endpoints) {
      const [sizes, durations] = [size.labels(endpoint), duration.labels(endpoint)];
      batcher.watch((messages, seconds) => {
        sizes.observe(messages);
        durations.observe(seconds);
      });
    }
  }
}
