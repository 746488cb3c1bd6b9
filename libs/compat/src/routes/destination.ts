import type { Manifest } from '../facts/manifest.js';
import { type KnownPatch, resolveManifest, type ResolvedSituation } from '../facts/resolve.js';
import type { Rules } from '../rules/rules.js';
import type { Resolved } from './target.js';

/** Today's situation and the final list: all that decides which routes lead there. */
export interface Destination {
  readonly host: ResolvedSituation;
  readonly final: readonly (string | null)[];
  /** The build to load, or that is loaded already. */
  readonly build: KnownPatch | null;
  /** To be stacked on it afterwards. */
  readonly more: readonly Manifest[];
  readonly rules: readonly Rules[];
}

/** Returns what a target means for this host; null if it means nothing. */
export const destinationOf = (
  { final, build, more }: Resolved,
  host: ResolvedSituation,
  rules: readonly Rules[],
): Destination | null =>
  final === null ? null : { host, final, build: build === null ? null : resolveManifest(build), more, rules };

/** Returns whether this build is on today's list. */
export const isListed = (build: KnownPatch, host: ResolvedSituation): boolean =>
  host.list.some((patch) => patch.buildId === build.buildId);
