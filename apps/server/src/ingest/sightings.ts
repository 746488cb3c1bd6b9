import type { ListedPatch, Situation } from '@klpreg/compat';
import type { Report } from '@klpreg/wire';
import type { HostSighting } from '../store/catalog/sightings.store.js';
import { isReliable } from './contradictions.js';

const VMLINUX = 'vmlinux';
const sameBuild = (a: { readonly buildId: string | null }, b: { readonly buildId: string | null }): boolean =>
  a.buildId === b.buildId;

/**
 * Returns what this report shows about builds: of each listed patch that is enabled and settled.
 *
 * A report that is incomplete or contradictory shows nothing, and so does one without a machine hash: only
 * distinct machines are distinct witnesses.
 *
 * @param before the situation before it, of the same boot and with no gap between; null: there is none
 */
export function sightingsOf(
  { host, livepatches }: Report,
  situation: Situation,
  before: Situation | null,
): HostSighting[] {
  const { machine, instance } = host;
  if (
    machine === null ||
    situation.list.length === 0 ||
    situation.otherLivePatching.length > 0 ||
    !isReliable(situation)
  )
    return [];
  const { kernelRelease: release, kernelVersion: version, arch, kernelBuildId } = situation;
  const kernel = { release, version, arch, buildId: kernelBuildId };
  return situation.list.flatMap((patch) => {
    const { buildId, enabled, transition, moduleState, moduleTaint, file } = patch;
    if (buildId === null || !enabled || transition || (moduleState !== null && moduleState !== 'LIVE'))
      return [];
    const objects = objectsOf(livepatches.find((listed) => listed.name === patch.name));
    const verified = moduleTaint === null ? null : !moduleTaint.includes('E');
    return [
      {
        hostId: instance,
        machine,
        buildId,
        kernel,
        objects,
        over: overOf(patch, situation, before),
        file,
        verified,
      },
    ];
  });
}

/** Objects that are patched. The kernel itself always is, even if it does not show the attribute. */
const objectsOf = (listed: Report['livepatches'][number] | undefined): string[] =>
  (listed?.objects ?? [])
    .filter(({ name, patched }) => patched === true || (name === VMLINUX && patched === null))
    .map(({ name }) => name)
    .toSorted();

/**
 * Returns the list over which this patch was loaded; null if it is not known.
 *
 * The list is known if the patch was seen in its own transition, or if it is the only difference from a
 * settled list of which nothing has left. If something left at the same time, it may have been disabled
 * before this patch was loaded.
 */
function overOf(
  patch: ListedPatch,
  { list, leftovers }: Situation,
  before: Situation | null,
): string[] | null {
  if (before === null || !isReliable(before)) return null;
  const at = before.list.findIndex((old) => sameBuild(old, patch));
  if (at >= 0)
    return before.list[at]!.transition && before.list[at]!.enabled
      ? buildIdsOf(before.list.slice(0, at))
      : null;
  if (before.list.some(({ transition }) => transition)) return null;
  const others = list.filter((now) => now !== patch);
  const same =
    others.length === before.list.length && others.every((now, i) => sameBuild(now, before.list[i]!));
  const seen = [...before.leftovers, ...before.unlisted];
  const unseen = leftovers.some((module) => !seen.some((old) => sameBuild(old, module)));
  return same && !unseen && list.at(-1) === patch ? buildIdsOf(before.list) : null;
}

function buildIdsOf(list: readonly ListedPatch[]): string[] | null {
  const ids = list.flatMap(({ buildId }) => buildId ?? []);
  return ids.length === list.length ? ids : null;
}
