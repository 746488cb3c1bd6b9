import { EXIT, Failure, usage } from '../exits.js';
import { formatInstant } from '../gate/point-in-time.js';
import type { Registry } from './client.js';
import { FIND_HOST } from './generated/operations.js';
import { nearHost } from './nearest.js';

/**
 * Finds a host by its hostname, or else by its id.
 *
 * @param asOf an instant at which the host had that hostname; undefined: now
 * @throws Failure 2 if there is none, or more than one
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
  const near = await nearHost(words, registry, asOf);
  if (asOf === undefined) throw usage(`there is no host '${words}'`, ...near, 'klpreg hosts lists the hosts');
  const then = formatInstant(asOf);
  throw usage(
    `there was no host '${words}' as of ${then}`,
    ...near,
    `klpreg hosts --as-of ${then} lists the hosts at that time`,
  );
}
