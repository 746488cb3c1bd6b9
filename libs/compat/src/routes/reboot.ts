import { type Plan, loadOver, nothing } from './plan.js';
import type { Manifest } from '../facts/manifest.js';
import { type KnownPatch, resolveManifest, resolvePatch, type ResolvedSituation } from '../facts/resolve.js';

/** The situation right after a reboot, before anything is loaded: nothing of this boot is left. */
export const rebooted = (host: ResolvedSituation): ResolvedSituation => ({
  ...host,
  situation: {
    ...host.situation,
    // Both are settings of one boot, and their defaults allow everything; one that is off today may be set at
    // each boot.
    gates: {
      modulesDisabled: false,
      ftraceEnabled: host.situation.gates.ftraceEnabled === true ? true : null,
    },
    otherLivePatching: [],
    unread: [],
    list: [],
    leftovers: [],
    unlisted: [],
    previous: null,
    tainted: false,
    bootHistory: 'KNOWN',
    historyTooLong: false,
  },
  list: [],
  unlisted: [],
  inTransition: null,
  loading: [],
  contradictions: [],
});

/** Reboots, and lets the boot load the final list, one patch on top of the other. */
export function rebootInto(
  final: readonly (string | null)[],
  host: ResolvedSituation,
  builds: readonly Manifest[],
): Plan {
  const loads = final.map((buildId) => asItsFileTells(buildId, host, builds));
  return {
    ...nothing,
    route: 'REBOOT',
    steps: [{ action: 'REBOOT', patch: null }],
    next: loads.map((load, i) => ({ ...loadOver('STACK', load, [], loads.slice(0, i)), steps: [] })),
  };
}

/** Returns what is known of a build that the next boot loads, without what this boot's memory shows of it. */
function asItsFileTells(
  buildId: string | null,
  host: ResolvedSituation,
  builds: readonly Manifest[],
): KnownPatch {
  const listed = host.list.find((patch) => patch.buildId === buildId);
  const manifest = builds.find((build) => build.buildId === buildId) ?? listed?.manifest;
  if (manifest != null) return resolveManifest(manifest);
  const unheardOf = { find: () => undefined, builds: () => [] };
  return resolvePatch(
    { name: listed?.name ?? buildId ?? 'without a build-id', buildId, reading: null },
    unheardOf,
  );
}
