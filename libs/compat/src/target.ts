import type { Manifest } from './manifest.js';
import type { KnownPatch, Scene } from './recognise.js';
import { loadedName } from './patch.js';
import type { Reason } from './reasons.js';
import type { Catalog } from './situation.js';

/** Where to go. */
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
  /** Build-ids, oldest first; null where the target means nothing for this host. */
  readonly final: readonly (string | null)[] | null;
  /** The build to load (or that is loaded already); null where there is none. */
  readonly build: Manifest | null;
  readonly reasons: readonly Reason[];
}

const unresolved = (...reasons: Reason[]): Resolved => ({ final: null, build: null, reasons });

/** What does this target mean on this host? */
export function resolveTarget(target: Target, scene: Scene, catalog: Catalog): Resolved {
  switch (target.kind) {
    case 'ORIGINAL':
      return { final: [], build: null, reasons: [] };
    case 'UNCATALOGUED':
      return unresolved({ code: 'PATCH_NOT_CATALOGUED', patch: target.buildId, buildId: target.buildId });
    case 'PREVIOUS':
      return resolvePrevious(scene, catalog);
    case 'PATCH':
      return withBuild(target.patch, target.leaving ?? [], scene);
    case 'RELEASE': {
      const build = buildFor(catalog.builds(target.release), scene);
      const { kernelRelease, arch } = scene.situation;
      return build === null
        ? unresolved({ code: 'TARGET_NOT_BUILT_FOR_KERNEL', patch: target.release, detail: `no build for ${kernelRelease} ${arch}` })
        : withBuild(build, target.leaving ?? [], scene);
    }
  }
}

/** Which build of a release is for this host's kernel? At most one that is not recalled. */
export function buildFor(builds: readonly Manifest[], scene: Scene): Manifest | null {
  const { kernelRelease, arch } = scene.situation;
  const fitting = builds.filter((build) => build.kernelRelease === kernelRelease && build.arch === arch);
  return fitting.find((build) => !build.recalled) ?? fitting[0] ?? null;
}

/** Which list does this build make? A cumulative one stands alone; another one joins what stays of today's list; where no one knows, that is the doubt. */
function withBuild(build: Manifest, leaving: readonly string[], scene: Scene): Resolved {
  const listed = scene.list.find((patch) => patch.buildId === build.buildId);
  const replace = listed?.replace ?? build.replace;
  const reasons: Reason[] = build.recalled ? [{ code: 'TARGET_RECALLED', patch: build.name, buildId: build.buildId }] : [];
  if (replace === true) return { final: [build.buildId], build, reasons };
  // A name may leave while another build of that name comes: the target itself never leaves.
  const goes = new Set(leaving.map(loadedName));
  const leaves = ({ name, buildId }: KnownPatch): boolean => buildId !== build.buildId && (goes.has(name) || (buildId !== null && leaving.includes(buildId)));
  const stays = scene.list.filter((patch) => !leaves(patch)).map((patch) => patch.buildId);
  const final = listed === undefined ? [...stays, build.buildId] : stays;
  // Cumulative or not: alone on the list it comes to the same.
  if (replace === null && final.length > 1) reasons.push({ code: 'REPLACE_UNKNOWN', patch: build.name, buildId: build.buildId });
  return { final, build, reasons };
}

function resolvePrevious(scene: Scene, catalog: Catalog): Resolved {
  const { previous } = scene.situation;
  if (previous === null) return unresolved({ code: 'TARGET_UNRESOLVED', detail: 'no earlier list of this boot is known' });
  const builds = previous.map((buildId) => catalog.find(buildId) ?? null);
  const recalled = builds.filter((build): build is Manifest => build?.recalled === true);
  return {
    final: previous,
    build: builds.at(-1) ?? null,
    reasons: recalled.map((build): Reason => ({ code: 'TARGET_RECALLED', patch: build.name, buildId: build.buildId })),
  };
}
