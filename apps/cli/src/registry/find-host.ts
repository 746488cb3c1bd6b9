import { EXIT, Failure, usage } from '../exits.js';
import { formatInstant } from '../gate/point-in-time.js';
import type { Registry } from './client.js';
import { FIND_HOST } from './documents.js';

/**
 * Which host is meant?
 *
 * A hostname first; where no host bears it, an id. A hostname that several hosts bear is the asker's to settle.
 *
 * @param asOf an instant: which host bore that name then; left out: today
 * @throws Failure 2 where there is none, or more than one
 */
export async function findHost(words: string, registry: Registry, asOf?: string) {
  const named = (await registry.ask(FIND_HOST, { hostname: words, asOf })).host;
  if (named !== null) return named;
  // The registry rejects a text that cannot be an id. For the user that is a host that does not exist.
  const byId = await registry.ask(FIND_HOST, { id: words, asOf }).catch((error: unknown) => {
    if (error instanceof Failure && error.exit === EXIT.USAGE) return { host: null };
    throw error;
  });
  if (byId.host !== null) return byId.host;
  if (asOf === undefined) throw usage(`there is no host '${words}'`, 'klpreg hosts shows those that are known');
  const then = formatInstant(asOf);
  throw usage(`there was no host '${words}' as of ${then}`, `klpreg hosts --as-of ${then} shows those that were known`);
}
