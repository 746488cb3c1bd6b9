import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import type { OpenSubscriptions } from '../query/subscriptions/open-subscriptions.js';
import { Metrics } from './metrics.js';

/** Open subscriptions, what they sent, and the readers that were too slow. */
@Injectable()
export class SubscriptionMetrics {
  constructor(private readonly metrics: Metrics) {}

  watch(subscriptions: OpenSubscriptions): void {
    const registers = [this.metrics];
    const labelNames = ['field'] as const;
    void new Gauge({
      name: 'klpreg_subscriptions_open',
      help: 'Open subscriptions, by field.',
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [field, open] of subscriptions.sizes) this.set({ field }, open);
      },
    });
    const counter = (name: string, help: string, counts: ReadonlyMap<string, number>): void =>
      void new Counter({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const [field, count] of counts) this.inc({ field }, count);
        },
      });
    counter(
      'klpreg_subscription_events_total',
      'Results that were sent to readers of subscriptions, by field.',
      subscriptions.delivered,
    );
    counter(
      'klpreg_subscriptions_dropped_total',
      'Subscriptions that were ended because their readers were too slow, by field.',
      subscriptions.dropped,
    );
  }
}
