import { DEFAULT_QUESTION, judge, type Question } from '../verdict/judge.js';
import type { Manifest } from '../facts/manifest.js';
import { resolveSituation } from '../facts/resolve.js';
import type { Catalog, Freshness, ListedPatch, Situation } from '../facts/situation.js';
import type { Target } from '../routes/target.js';
import type { Verdict } from '../verdict/verdict.js';
import { catalog, running } from './host.js';
import { manifest } from './patches.js';

/** Two cumulative patches that hold the same state: from the one to the other and back is safe. */
export const newer: Manifest = manifest('newer', { 7: 1 });
export const older: Manifest = manifest('older', { 7: 1 });

/**
 * A question as a test asks it: only what differs from "can this host, fresh and running `newer`, go back to
 * `older`?"
 */
export interface Asked {
  /** The host's list, oldest first. What stands there as a manifest is in the catalog too. */
  readonly list?: readonly (Manifest | ListedPatch)[];
  readonly host?: Partial<Situation>;
  readonly to?: Manifest | Target;
  /** What the catalog has in addition to the list and the target. */
  readonly published?: readonly Manifest[];
  readonly catalog?: Partial<Catalog>;
  readonly freshness?: Partial<Freshness>;
  readonly question?: Partial<Question>;
}

/** Returns the verdict. `ask()` is SAFE. */
export function ask({
  list = [newer],
  host = {},
  to = older,
  published = [],
  catalog: registry = {},
  freshness = {},
  question = {},
}: Asked = {}): Verdict {
  const target: Target = 'kind' in to ? to : { kind: 'PATCH', patch: to };
  const known = [
    ...list.filter((patch): patch is Manifest => 'release' in patch),
    ...(target.kind === 'PATCH' ? [target.patch] : []),
    ...published,
  ];
  const everything = catalog(known, registry);
  return judge(
    resolveSituation(running(list, host), everything),
    target,
    everything,
    { level: 'FRESH', ageSeconds: 10, superseded: false, ...freshness },
    { ...DEFAULT_QUESTION, ...question },
  );
}
