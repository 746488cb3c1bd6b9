import type { Manifest } from '../facts/manifest.js';
import { type KnownPatch, resolveManifest, type ResolvedSituation } from '../facts/recognise.js';
import type { Rules } from '../rules/rules.js';
import type { Resolved } from './target.js';

/** Where to go from where: all that decides which routes lead there. */
export interface Journey {
  readonly scene: ResolvedSituation;
  readonly final: readonly (string | null)[];
  /** The build to load, or that is loaded already. */
  readonly build: KnownPatch | null;
  /** To be stacked on it afterwards. */
  readonly more: readonly Manifest[];
  readonly rules: readonly Rules[];
}

/** The journey to what a target means here; null where it means nothing. */
export const journeyTo = ({ final, build, more }: Resolved, scene: ResolvedSituation, rules: readonly Rules[]): Journey | null =>
  final === null ? null : { scene, final, build: build === null ? null : resolveManifest(build), more, rules };

/** Is this build on today's list? */
export const isListed = (build: KnownPatch, scene: ResolvedSituation): boolean => scene.list.some((patch) => patch.buildId === build.buildId);
