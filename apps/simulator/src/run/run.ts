import { ModuleFiles } from '../fleet/files.js';
import { makeFleet } from '../fleet/fleet.js';
import type { Registry } from '../registry.js';
import { live } from './live.js';
import { load } from './load.js';
import type { Options } from './options.js';
import { Road } from './post.js';
import { Progress } from './progress.js';
import { publish } from './publish.js';
import { summarise, type Summary } from './summary.js';
import { Tally } from './tally.js';

/** Loads the fleet and lets it live, as was asked for. @param project where the captured modules are */
export async function run(options: Options, registry: Registry, project: string, stream: NodeJS.WriteStream, signal: AbortSignal): Promise<Summary> {
  const { hosts, seed, connections } = options;
  const tally = new Tally();
  const fleet = makeFleet({ seed, hosts, began: Date.now(), labels: options['own-labels'] ? 'own' : 'shared' });
  const road = new Road(registry.url, registry.token, connections);
  const progress = new Progress(tally, hosts, stream);
  let [loadSeconds, waiting] = [0, 0];
  let published: ReadonlyMap<string, number> = new Map();
  try {
    if (!options['skip-load'] && !options['skip-publish']) {
      published = await publish(fleet.builds(), new ModuleFiles(project), registry);
      progress.say(`Published ${fleet.builds().length} builds: ${[...published].map(([outcome, count]) => `${count} ${outcome.toLowerCase()}`).join(', ')}`);
    }
    if (!options['skip-load']) {
      const before = tally.seconds;
      await load({ fleet, road, tally, connections, batch: options['load-batch'], signal });
      loadSeconds = tally.seconds - before;
      const rate = Math.round(tally.loaded / loadSeconds).toLocaleString('en-US');
      progress.say(`Loaded ${tally.loaded.toLocaleString('en-US')} hosts in ${loadSeconds.toFixed(1)} s: ${rate} reports/s`);
      if (!options['load-only']) tally.forgetTimes();
    }
    if (!options['load-only'] && !signal.aborted) {
      waiting = await live({ fleet, road, tally, options, signal, watch: (count) => (progress.waiting = count) });
    }
  } finally {
    progress.close();
    road.close();
  }
  return summarise(tally, hosts, loadSeconds, waiting, published);
}
