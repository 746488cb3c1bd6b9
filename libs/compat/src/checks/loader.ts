import { canonicalStates } from '../facts/canonical-states.js';
import type { Manifest } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { countsOn, type SightingCounts } from '../facts/sighting-counts.js';
import type { LeftoverModule } from '../facts/situation.js';
import { about, type Reason } from '../reasons/reasons.js';
import type { Plan } from '../routes/plan.js';
import { loadedName } from '../rules/patch.js';
import { describeState } from './doubts.js';
import { spellsVmlinux } from './object-names.js';
import { findSignatureReasons, type Trust } from './signature.js';

/**
 * Returns why the module loader would refuse this module before livepatch code sees it.
 *
 * Mirrors the checks of `load_module()` and the first one of `klp_enable_patch()`: vermagic, a name that is
 * loaded, `is_livepatch_module()`.
 */
export const findLoaderRefusals = (load: KnownPatch, plan: Plan, host: ResolvedSituation): Reason[] =>
  load.manifest === null
    ? []
    : [
        ...findBuiltForOther(load, load.manifest, host),
        ...findNameCollisions(load, plan, host),
        ...findNotALivepatch(load, load.manifest, host),
      ];

function findBuiltForOther(load: KnownPatch, manifest: Manifest, host: ResolvedSituation): Reason[] {
  const { kernelRelease, arch } = host.situation;
  if (manifest.kernelRelease === kernelRelease && manifest.arch === arch) return [];
  const detail = `built for ${manifest.kernelRelease} ${manifest.arch}, the host runs ${kernelRelease} ${arch}`;
  // With symbol versions on both sides, `same_magic()` does not compare the release.
  const bySymbols = manifest.modversions && manifest.arch === arch && !lacksSymbolVersions(host);
  const code = bySymbols ? 'TARGET_BUILT_FOR_OTHER_KERNEL' : 'TARGET_NOT_BUILT_FOR_KERNEL';
  return [{ code, ...about(load), detail }];
}

/**
 * Returns whether this kernel is known to have no symbol versions.
 *
 * A module must share the word `modversions` of its version magic with its kernel, so each listed module that
 * was built for this release shows it.
 */
function lacksSymbolVersions({ list, situation }: ResolvedSituation): boolean {
  const built = list
    .map(({ manifest }) => manifest)
    .find((known) => known?.kernelRelease === situation.kernelRelease && known.evidence === 'MODULE');
  return built?.modversions === false;
}

/** Returns the loaded modules of that name. The kernel compares names alone, whatever is in the file. */
function findNameCollisions(load: KnownPatch, { removed }: Plan, host: ResolvedSituation): Reason[] {
  const namesakes = host.situation.leftovers.filter((module) => loadedName(module.name) === load.name);
  const removable = namesakes.every(
    (module) => !module.referenced && !module.pinned && module.moduleState === 'LIVE',
  );
  if (removed.includes(load.name) && removable) return [];
  const listed = host.list
    .filter(({ name }) => name === load.name)
    .map((patch): Reason => {
      const taken: Reason = { code: 'MODULE_NAME_TAKEN', ...about(patch) };
      // The target itself, on its way in: once its transition is complete there is nothing to load.
      const comesIn = patch.buildId === load.buildId && patch.transition && patch.enabled;
      return comesIn ? { ...taken, clearedBy: 'TIME' } : taken;
    });
  return [...listed, ...namesakes.map((module) => stillThere(load, module, host))];
}

/**
 * Mirrors `module_patient_check_exists()`: EEXIST if the module of that name is live, EBUSY if it was loading
 * or going.
 */
function stillThere(
  load: KnownPatch,
  { buildId, pinned, moduleState }: LeftoverModule,
  host: ResolvedSituation,
): Reason {
  const facts = { patch: load.name, buildId };
  if (pinned && moduleState !== 'LOADING') return { code: 'MODULE_PINNED', ...facts };
  if (moduleState !== 'LIVE') {
    const errno = moduleState === null ? 'EEXIST' : 'EBUSY';
    return { code: 'MODULE_STILL_LOADING', ...facts, errno, detail: describeState(moduleState) };
  }
  const cannotBeRemoved = host.situation.gates.modulesDisabled === true;
  return { code: 'MODULE_STILL_LOADED', ...facts, ...(cannotBeRemoved ? { clearedBy: 'REBOOT' } : {}) };
}

function findNotALivepatch({ name }: KnownPatch, { livepatch }: Manifest, host: ResolvedSituation): Reason[] {
  const refused = { code: 'NOT_A_LIVEPATCH', patch: name } as const;
  // A kernel without livepatch support refuses the module in its loader, with another error number.
  if (!host.situation.capabilities.livepatch)
    return [
      { ...refused, errno: 'ENOEXEC', clearedBy: 'NOTHING', detail: 'the kernel has no livepatch support' },
    ];
  return livepatch ? [] : [{ ...refused, detail: 'the module lacks livepatch=Y' }];
}

/**
 * Returns what could still make the kernel refuse this module and cannot be observed from outside: its
 * symbols, its pre_patch callback, its signature.
 *
 * Machines that ran this build on the same kernel clear these doubts, each only for what it did: the objects
 * that it patched, the states over which it loaded the patch.
 *
 * @param listed the patches on the list when it is loaded, oldest first
 */
export function findLoaderDoubts(
  load: KnownPatch,
  listed: readonly KnownPatch[],
  host: ResolvedSituation,
  trust: Trust,
): Reason[] {
  if (load.manifest === null || load.buildId === null) return [];
  const counts = countsOn(trust.catalog.sightings?.(load.buildId) ?? [], host.kernel, host.kernelText);
  const unverified = whatIsUnverified(load, load.manifest, counts, host, trust.witnesses);
  const callbackMayRefuse = load.callbacks === null || load.callbacks.prePatch;
  return [
    ...(unverified === null
      ? []
      : [{ code: 'SYMBOLS_UNVERIFIED', ...about(load), detail: unverified } as const]),
    ...(callbackMayRefuse && !hasAgreed(listed, counts, trust.witnesses)
      ? [{ code: 'PRE_PATCH_MAY_REFUSE', ...about(load) } as const]
      : []),
    ...findSignatureReasons(load, counts, host, trust),
  ];
}

/**
 * A livepatch may load while a module that it patches is absent, and be refused on a host that has the
 * module.
 */
function whatIsUnverified(
  load: KnownPatch,
  manifest: Manifest,
  counts: SightingCounts,
  { situation }: ResolvedSituation,
  witnesses: number,
): string | null {
  const { loaded, objects } = counts;
  if (manifest.kernelRelease !== situation.kernelRelease) return 'it was built for another kernel';
  if (loaded === 0) return 'no machine showed it on this kernel';
  if (loaded < witnesses)
    return `${loaded} of ${witnesses} machines that are needed showed it on this kernel`;
  if (manifest.functions === null) return 'it is not known which objects it patches';
  if (spellsVmlinux(load))
    return "one of its objects is named 'vmlinux' by a string: a module that is never loaded";
  // The kernel itself is patched wherever the patch is enabled. An object whose name's form is not known must
  // be seen.
  const isKernel = (object: string): boolean => object === 'vmlinux' && manifest.spellsVmlinux === false;
  const unseen = [...new Set(manifest.functions.map((name) => name.slice(0, name.indexOf(':'))))].filter(
    (object) => !isKernel(object) && (objects.get(object) ?? 0) < witnesses,
  );
  return unseen.length === 0
    ? null
    : `fewer than ${witnesses} machines showed it patching ${unseen.join(', ')}`;
}

/**
 * The callback sees the states of the list (`klp_get_prev_state()`). It has agreed only over those that were
 * shown.
 */
function hasAgreed(listed: readonly KnownPatch[], { over }: SightingCounts, witnesses: number): boolean {
  const states = canonicalStates(listed);
  return states !== null && (over.get(states) ?? 0) >= witnesses;
}
