import type { Mark, Restore } from '../states/state-map.js';

/** Texts of the state map. */
export const STATES = {
  title: 'States',
  intro:
    'The system states that published patches modify (struct klp_state), their versions, ' +
    'and what their authors say about restoring them.',
  matrix: 'Which patch may replace which',
  state: 'State',
  owner: 'Owner',
  kernel: 'Kernel',
  any: 'any',
  kernelPlaceholder: 'of most hosts, or of all for one state',
  notAnId: 'A state id is a number of at most 20 digits.',
  none: 'No published patch declares a state.',
  noneNext: 'Publish a module in the catalog, or with "klpreg patch publish".',
  noneFound: 'No state matches the filter. Empty one of the fields.',
  ids: 'State ids',
  table: 'State ids with their versions, owners and hosts',
  inAll: (total: string) => `${total} in all`,
  tooMany: (loaded: string, total: string) => `The first ${loaded} of ${total} state ids are listed.`,
  versions: 'Versions',
  version: (version: string, patches: string, one: boolean) =>
    `version ${version}: ${patches} ${one ? 'patch' : 'patches'},`,
  owners: 'Owners',
  conflicts: 'Conflicts',
  severalOwners: 'several owners declare it',
  noKernel: 'No host has reported a kernel yet.',
  noKernelNext: 'Enter a kernel, or start an agent.',
  mapOfState: (state: string) => `Patches with state ${state}`,
  mapOfKernel: (kernel: string) => `Patches of ${kernel}`,
  map: 'Patches and their states',
  patch: 'Patch',
  recalled: 'recalled',
  unreadable: 'unreadable',
  authorOnly: 'author only',
  noPatches: 'No published patch matches the filter.',
  noPatchesNext: 'Empty one of the fields, or publish a patch.',
  tooManyPatches: (loaded: string, total: string) =>
    `The first ${loaded} of ${total} patches by name are shown. Filter by state, owner or kernel.`,
  noStates: 'These patches declare no states.',
  legend: 'Signs',
  unsigned: (restore: string) => `${restore} (unsigned statement)`,
  restores: {
    CALLBACKS: 'callbacks restore it',
    NOT_NEEDED: 'needs no restoring',
    IMPOSSIBLE: 'cannot be restored',
    UNKNOWN: 'nothing stated',
  } satisfies Record<Restore, string>,
  marks: {
    WENT_DOWN: 'lower version than an earlier patch of this owner and kernel',
    AUTHOR_DIFFERS: 'file and author disagree',
    CONFLICT: 'sources disagree about the patch',
  } satisfies Record<Mark, string>,
} as const;
