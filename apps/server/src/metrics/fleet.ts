import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { CachedCounts } from '../store/counts/cached-counts.js';
import { type FleetSize, FleetSizeStore } from '../store/counts/fleet-size.store.js';
import { FleetStore } from '../store/counts/fleet.store.js';
import { Maintenance } from '../maintenance/maintenance.js';
import { Metrics } from './metrics.js';

/** How long a scrape waits for the database. Metrics without a value are left out. */
const PATIENCE_MS = 2_000;

/** How the fleet is counted, and how many hosts share a cohort. */
@Injectable()
export class FleetMetrics {
  constructor(
    metrics: Metrics,
    fleet: FleetStore,
    cached: CachedCounts,
    sizes: FleetSizeStore,
    maintenance: Maintenance,
  ) {
    const registers = [metrics];
    const sizeGauge = (name: string, help: string, of: (size: FleetSize) => number) =>
      void new Gauge({
        name,
        help,
        registers,
        async collect() {
          const size = await withTimeout(sizes.now());
          if (size === null) this.remove();
          else this.set(of(size));
        },
      });

    sizeGauge(
      'klpreg_cohorts',
      'Cohorts that have hosts, as of the last roll-up. The cost of a question depends on them.',
      ({ cohorts }) => cohorts,
    );
    sizeGauge(
      'klpreg_hosts_counted',
      'Hosts in these cohorts: all that are not retired.',
      ({ hosts }) => hosts,
    );
    sizeGauge(
      'klpreg_cohorts_per_host_ratio',
      'Cohorts for each host. Near 0, hosts share answers. Near 1, most hosts have labels or facts of ' +
        'their own, and a question costs as much as its hosts.',
      ({ cohorts, hosts }) => (hosts === 0 ? 0 : cohorts / hosts),
    );
    void new Gauge({
      name: 'klpreg_cached_cohorts',
      help: 'Cohorts whose counts are cached in this server, including empty ones.',
      registers,
      collect() {
        this.set(cached.size);
      },
    });
    void new Counter({
      name: 'klpreg_fleet_counts_total',
      help:
        'Counts of the present fleet: from the cache, or by PostgreSQL if there are too many cohorts for ' +
        'it.',
      labelNames: ['source'],
      registers,
      collect() {
        this.reset();
        for (const [source, times] of Object.entries(fleet.counted)) this.inc({ source }, times);
      },
    });
    const duration = new Histogram({
      name: 'klpreg_roll_up_duration_seconds',
      help: 'Time of the roll-ups of this server that found deltas.',
      registers,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    const rolledUp = new Counter({
      name: 'klpreg_rolled_up_deltas_total',
      help: 'Deltas that this server has rolled up: one for each batch that moved hosts.',
      registers,
    });
    maintenance.watch((batches, seconds) => {
      rolledUp.inc(batches);
      duration.observe(seconds);
    });
  }
}

/** Returns null after a failure or a time-out, because the other metrics are then needed most. */
async function withTimeout(size: Promise<FleetSize>): Promise<FleetSize | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, null)));
  try {
    return await Promise.race([size, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
