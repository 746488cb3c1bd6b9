import type { Manifest } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { loadedName } from '../rules/patch.js';
import type { Reason } from '../reasons/reasons.js';
import type { Rules } from '../rules/rules.js';
import { replacedBy } from '../rules/select.js';
import type { Catalog } from '../facts/situation.js';

/** The list that the operator wants. */
export type Target =
  /** One built module. */
  | { readonly kind: 'PATCH'; readonly patch: Manifest; readonly leaving?: readonly string[] }
  /** The same livepatch for several kernels: the build for the kernel that the host runs. */
  | { readonly kind: 'RELEASE'; readonly release: string; readonly leaving?: readonly string[] }
  /** A build-id that the catalog does not have. */
  | { readonly kind: 'UNCATALOGUED'; readonly buildId: string }
  /** No livepatch at all. */
  | { readonly kind: 'ORIGINAL' }
  /** The last settled different list of the same boot. */
  | { readonly kind: 'PREVIOUS' };

/** A target for one host: what would be on its list afterwards, and what would have to be loaded for it. */
export interface Resolved {
  /** Build-ids, oldest first; null if the target means nothing for this host. */
  readonly final: readonly (string | null)[] | null;
  /** The build to load, or that is loaded already; null if there is none, or if it is not published. */
  readonly build: Manifest | null;
  /** To be stacked on it afterwards, in this order: an earlier list may have had several. */
  readonly more: readonly Manifest[];
  readonly reasons: readonly Reason[];
}

const NONE: readonly never[] = [];
const unresolved = (...reasons: Reason[]): Resolved => ({ final: null, build: null, more: NONE, reasons });

/** Resolves what this target means on this host. The rules decide what stays. */
export function resolveTarget(
  target: Target,
  host: ResolvedSituation,
  catalog: Catalog,
  rules: readonly Rules[] = host.rules.candidates,
): Resolved {
  switch (target.kind) {
    case 'ORIGINAL':
      return { final: NONE, build: null, more: NONE, reasons: NONE };
    case 'UNCATALOGUED':
      return unresolved({ code: 'PATCH_NOT_CATALOGUED', patch: target.buildId, buildId: target.buildId });
    case 'PREVIOUS':
      return resolvePrevious(host, catalog);
    case 'PATCH':
      return withBuild(target.patch, target.leaving ?? NONE, host, rules);
    case 'RELEASE': {
      const build = buildFor(catalog.builds(target.release), host);
      const { kernelRelease, arch } = host.situation;
      return build === null
        ? unresolved({
            code: 'TARGET_NOT_BUILT_FOR_KERNEL',
            patch: target.release,
            detail: `no build for ${kernelRelease} ${arch}`,
          })
        : withBuild(build, target.leaving ?? NONE, host, rules);
    }
  }
}

/** Returns the build of a release for this host's kernel, rather one that is not recalled. */
export function buildFor(builds: readonly Manifest[], host: ResolvedSituation): Manifest | null {
  const { kernelRelease, arch } = host.situation;
  const fitting = builds.filter((build) => build.kernelRelease === kernelRelease && build.arch === arch);
  return fitting.find((build) => !build.recalled) ?? fitting[0] ?? null;
}

/**
 * Returns the list that this build makes.
 *
 * What it replaces leaves, and what the target names. The rest stays. If it is not known whether it replaces
 * anything, that is a doubt.
 */
function withBuild(
  build: Manifest,
  leaving: readonly string[],
  host: ResolvedSituation,
  rules: readonly Rules[],
): Resolved {
  const listed = host.list.find((patch) => patch.buildId === build.buildId);
  const others =
    listed === undefined ? host.list : host.list.filter((patch) => patch.buildId !== build.buildId);
  const out = replacedBy(listed ?? build, others, rules);
  const reasons: readonly Reason[] = build.recalled
    ? [{ code: 'TARGET_RECALLED', patch: build.name, buildId: build.buildId }]
    : NONE;
  if (out !== null && out.length === others.length)
    return { final: [build.buildId], build, more: NONE, reasons };
  // A name may leave while another build of that name comes: the target itself never leaves.
  const goes = new Set(leaving.map(loadedName));
  const leaves = ({ name, buildId }: KnownPatch): boolean =>
    goes.has(name) || (buildId !== null && leaving.includes(buildId));
  const stays = (patch: KnownPatch): boolean =>
    patch.buildId === build.buildId || !(out?.includes(patch) === true || leaves(patch));
  const final = host.list.filter(stays).map((patch) => patch.buildId);
  if (listed === undefined) final.push(build.buildId);
  // Cumulative or not: alone on the list it comes to the same.
  if (out !== null || final.length === 1) return { final, build, more: NONE, reasons };
  return {
    final,
    build,
    more: NONE,
    reasons: [...reasons, { code: 'REPLACE_UNKNOWN', patch: build.name, buildId: build.buildId }],
  };
}

/**
 * The last list without a transition, and what would have to be loaded for it: all of it must be published.
 */
function resolvePrevious(host: ResolvedSituation, catalog: Catalog): Resolved {
  const { previous } = host.situation;
  if (previous === null)
    return unresolved({ code: 'TARGET_UNRESOLVED', detail: 'no earlier list of this boot is known' });
  const builds = previous.map((buildId) => catalog.find(buildId) ?? null);
  const missing = builds.filter((_, i) => !host.list.some((patch) => patch.buildId === previous[i]));
  const loads = missing.filter((build): build is Manifest => build !== null);
  const recalled = builds.filter((build): build is Manifest => build?.recalled === true);
  return {
    final: previous,
    build: loads[0] ?? builds.at(-1) ?? null,
    more: loads.slice(1),
    reasons: recalled.map((build): Reason => ({
      code: 'TARGET_RECALLED',
      patch: build.name,
      buildId: build.buildId,
    })),
  };
}
