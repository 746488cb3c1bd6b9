import type { Answer, Doubt } from '../matrix/compatibility.js';

/** Texts of the compatibility matrix. */
export const MATRIX = {
  title: 'Compatibility',
  intro:
    "The kernel's state rule for each pair of patches of one kernel, as Linux applies it since 5.5. " +
    'Row: the patch that runs, alone. Column: the patch that is loaded over it.',
  limits:
    'A host adds more: open transitions, leftovers, objects, ' +
    'signatures, evidence. The verdict on a host is in',
  back: 'Can we go back?',
  kernel: 'Kernel',
  kernelOption: (kernel: string, hosts: string) => `${kernel} (${hosts})`,
  find: 'Find patches',
  findPlaceholder: 'name, owner, release or state id',
  zoom: 'Cells',
  zooms: { fit: 'All in view', large: 'Large, with signs' },
  shown: (shown: string, total: string) => `${shown} of ${total} patches`,
  tooMany: (loaded: string, total: string) =>
    `The kernel has ${total} patches. The matrix compares the first ${loaded} by name.`,
  noKernel: 'No host has reported a kernel yet.',
  noKernelNext: 'Start an agent, or "npm run demo".',
  noPatches: 'No patch is published for this kernel.',
  noPatchesNext: 'Choose another kernel, or publish a patch in the catalog.',
  noneFound: 'No patch matches the search.',
  noneFoundNext: 'Use fewer words.',
  grid: 'Which patch the state rule accepts over which',
  gridHelp: 'Arrow keys move, Home and End go to the ends of a row.',
  legend: 'Signs',
  rowsAre: 'runs ↓',
  columnsAre: 'is loaded →',
  chosen: 'Pair',
  chooseFirst: 'Point at a cell, or choose one with the arrow keys.',
  notShown: 'The chosen pair is not among the patches that are shown.',
  runs: 'Runs',
  loaded: 'Is loaded',
  swap: 'Look at the way back',
  states: 'States',
  state: 'State',
  noStates: 'none',
  unreadableStates: 'cannot be read',
  cumulative: 'cumulative',
  notCumulative: 'not cumulative',
  cumulativeUnknown: 'not known whether cumulative',
  recalled: 'recalled',
  pair: (loaded: string, running: string, answer: string) => `${loaded} over ${running}: ${answer}`,
  answers: {
    REPLACES: 'accepted, replaces it',
    NO_RETURN: 'accepted, with no way back',
    REFUSED: 'refused',
    STACKS: 'accepted, on top of it',
    NOT_KNOWN: 'not known',
    SAME: 'the same build',
  } satisfies Record<Answer, string>,
  why: {
    REPLACES: 'The state rule accepts it, and it replaces the patch that runs. The way back is not refused.',
    NO_RETURN:
      'Point of no return: the state rule accepts it, and refuses to load the earlier patch over it again.',
    REFUSED: 'The kernel refuses it with EINVAL.',
    STACKS:
      'The state rule accepts it. It is not cumulative, so both patches run, and disabling it leads back.',
    NOT_KNOWN: 'The registry does not know enough. Treat it as "no".',
    SAME: 'The patch runs already.',
  } satisfies Record<Answer, string>,
  sameName: 'The kernel refuses it with EEXIST: both modules have one name, which is loaded only once.',
  missing: (patch: string, state: string, need: string) =>
    `${patch} has state ${state} at version ${need}, and the loaded patch does not have the state.`,
  tooLow: (patch: string, state: string, need: string, have: string) =>
    `${patch} has state ${state} at version ${need}, and the loaded patch has only version ${have}.`,
  doubts: {
    UNSIGNED: (patch: string) =>
      `${patch} was published without its module file, so its states are not proven.`,
    CONFLICT: (patch: string) => `Sources disagree about ${patch}.`,
    STATES: (patch: string) => `The states of ${patch} cannot be read from its file.`,
    REPLACE: (patch: string) => `It is not known whether ${patch} is cumulative.`,
    ARCH: (patch: string) => `${patch} is built for another architecture.`,
  } satisfies Record<Doubt, (patch: string) => string>,
} as const;
