import { EXIT, Failure, usage } from '../exits.js';
import type { Registry } from './client.js';
import { FIND_HOST } from './documents.js';

/**
 * Which host is meant?
 *
 * A hostname first; where no host bears it, an id. A hostname that several hosts bear is the asker's to settle.
 *
 * @throws Failure 2 where there is none, or more than one
 */
export async function findHost(words: string, registry: Registry) {
  const named = (await registry.ask(FIND_HOST, { hostname: words })).host;
  if (named !== null) return named;
  // what cannot be an id is a mistake to the registry; to the asker it is a host that does not exist
  const byId = await registry.ask(FIND_HOST, { id: words }).catch((error: unknown) => {
    if (error instanceof Failure && error.exit === EXIT.USAGE) return { host: null };
    throw error;
  });
  if (byId.host === null) throw usage(`there is no host '${words}'`, 'klpreg hosts shows those that are known');
  return byId.host;
}
