import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { CachedCounts } from '../store/counts/cached-counts.js';
import { type FleetSize, FleetSizeStore } from '../store/counts/fleet-size.store.js';
import { FleetStore } from '../store/counts/fleet.store.js';
import { Maintenance } from '../maintenance/maintenance.js';
import { Metrics } from './metrics.js';

/** So long a scrape waits for the database; what it does not know then it leaves out. */
const PATIENCE_MS = 2_000;

/** How the fleet is counted, and how well its hosts share their cohorts. */
@Injectable()
export class FleetMetrics {
  constructor(metrics: Metrics, fleet: FleetStore, cached: CachedCounts, sizes: FleetSizeStore, maintenance: Maintenance) {
    const registers = [metrics];
    const told = (name: string, help: string, of: (size: FleetSize) => number) =>
      void new Gauge({
        name,
        help,
        registers,
        async collect() {
          const size = await patiently(sizes.now());
          if (size === null) this.remove();
          else this.set(of(size));
        },
      });

    told('klpreg_cohorts', 'Cohorts that have hosts, as of the last fold: what a question costs follows from them.', ({ cohorts }) => cohorts);
    told('klpreg_hosts_counted', 'Hosts in these cohorts: all that are not retired.', ({ hosts }) => hosts);
    told(
      'klpreg_cohorts_per_host_ratio',
      'Cohorts for each host. Near 0 hosts share their answers; near 1 almost every host has labels or facts of its own, and questions cost as much as there are hosts.',
      ({ cohorts, hosts }) => (hosts === 0 ? 0 : cohorts / hosts),
    );
    void new Gauge({
      name: 'klpreg_cohorts_held',
      help: 'Cohorts whose counts this server caches.',
      registers,
      collect() {
        this.set(cached.size);
      },
    });
    void new Counter({
      name: 'klpreg_fleet_counts_total',
      help: 'How often the fleet as it is was counted: from the counts that are held, or by PostgreSQL because there are too many cohorts to hold.',
      labelNames: ['source'],
      registers,
      collect() {
        this.reset();
        for (const [source, times] of Object.entries(fleet.counted)) this.inc({ source }, times);
      },
    });
    const duration = new Histogram({
      name: 'klpreg_fold_duration_seconds',
      help: 'How long this server took to fold deltas into the counts; without folds that found nothing to do.',
      registers,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    const folded = new Counter({
      name: 'klpreg_folded_deltas_total',
      help: 'Deltas that this server has folded into the counts: one for each batch of documents that moved hosts.',
      registers,
    });
    maintenance.watch((batches, seconds) => {
      folded.inc(batches);
      duration.observe(seconds);
    });
  }
}

/** Null where it fails or takes too long: other metrics are then more wanted than ever. */
async function patiently(size: Promise<FleetSize>): Promise<FleetSize | null> {
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
