import { ModuleFiles } from '../fleet/module-files.js';
import { makeFleet } from '../fleet/fleet.js';
import type { Registry } from '../registry.js';
import { runSessions } from './run-sessions.js';
import { load } from './load.js';
import type { Options } from './options.js';
import { Endpoint } from './endpoint.js';
import { Progress } from './progress.js';
import { publish } from './publish.js';
import { summarise, type Summary } from './summary.js';
import { Counters } from './counters.js';

/**
 * Publishes the builds, loads the fleet and runs the sessions, as the options say.
 *
 * @param project the folder that contains `libs/module/fixtures`
 * @param stream receives the progress
 */
export async function run(
  options: Options,
  registry: Registry,
  project: string,
  stream: NodeJS.WriteStream,
  signal: AbortSignal,
): Promise<Summary> {
  const { hosts, seed, connections } = options;
  const counters = new Counters();
  const fleet = makeFleet({
    seed,
    hosts,
    startedAt: Date.now(),
    labels: options['own-labels'] ? 'own' : 'shared',
  });
  const endpoint = new Endpoint(registry.url, registry.token, connections);
  const progress = new Progress(counters, hosts, stream);
  let [loadSeconds, waiting] = [0, 0];
  let published: ReadonlyMap<string, number> = new Map();
  try {
    if (!options['skip-load'] && !options['skip-publish']) {
      published = await publish(fleet.builds(), new ModuleFiles(project), registry);
      const outcomes = [...published].map(([outcome, count]) => `${count} ${outcome.toLowerCase()}`);
      progress.print(`Published ${fleet.builds().length} builds: ${outcomes.join(', ')}`);
    }
    if (!options['skip-load']) {
      const before = counters.seconds;
      await load({ fleet, endpoint, counters, connections, batch: options['load-batch'], signal });
      loadSeconds = counters.seconds - before;
      const rate = Math.round(counters.loaded / loadSeconds).toLocaleString('en-US');
      progress.print(
        `Loaded ${counters.loaded.toLocaleString('en-US')} hosts in ${loadSeconds.toFixed(1)} s: ${rate} ` +
          'reports/s',
      );
      if (!options['load-only']) counters.resetLatencies();
    }
    if (!options['load-only'] && !signal.aborted) {
      const onStart = (count: () => number) => (progress.waiting = count);
      waiting = await runSessions({ fleet, endpoint, counters, options, signal, onStart });
    }
  } finally {
    progress.close();
    endpoint.close();
  }
  return summarise(counters, hosts, loadSeconds, waiting, published);
}
