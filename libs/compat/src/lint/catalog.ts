import { loadedName } from '../rules/patch.js';
import { type Declaration, declaredStates, isItself } from './declaration.js';
import type { Finding } from './findings.js';

/**
 * Returns where it conflicts with other livepatches about a state's id or a name.
 *
 * The kernel knows ids and names only by their value: who else uses one, and for what, is in the catalog
 * alone.
 */
export function findAmongNeighbours(
  of: Declaration,
  before: readonly Declaration[],
  others: readonly Declaration[],
): Finding[] {
  const [foreign, own] = [
    others.filter((other) => isForeign(of, other)),
    others.filter((other) => !isForeign(of, other)),
  ];
  return [
    ...declaredStates(of).flatMap(({ id }) => [
      ...findOtherMeaning(of, id, [...before.toReversed(), ...own]),
      ...findOtherOwner(id, foreign),
    ]),
    ...findNamesakes(of, before, others),
  ];
}

const isForeign = (of: Declaration, other: Declaration): boolean =>
  of.owner !== null && other.owner !== null && of.owner !== other.owner;

/** Returns what its author says that this state is. */
const meaning = (of: Declaration, id: bigint): string | undefined =>
  of.author?.states.find((state) => state.id === id)?.what.trim();

/** Compares two texts without their spacing and capitals. */
const sameWords = (a: string, b: string): boolean => plain(a) === plain(b);
const plain = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, ' ');

/** Returns a finding if the nearest livepatch that describes this state describes it differently. */
function findOtherMeaning(of: Declaration, stateId: bigint, others: readonly Declaration[]): Finding[] {
  const what = meaning(of, stateId);
  const other = others.find((one) => meaning(one, stateId));
  if (!what || other === undefined || sameWords(what, meaning(other, stateId)!)) return [];
  return [{ code: 'MEANING_DIFFERS', stateId, other: other.name, detail: meaning(other, stateId) }];
}

function findOtherOwner(stateId: bigint, foreign: readonly Declaration[]): Finding[] {
  const other = foreign.find((one) => declaredStates(one).some(({ id }) => id === stateId));
  if (other === undefined) return [];
  return [
    {
      code: 'STATE_OF_ANOTHER_OWNER',
      stateId,
      other: other.name,
      detail: [other.owner, meaning(other, stateId)].filter(Boolean).join(', '),
    },
  ];
}

/**
 * Returns livepatches of the same name that could be loaded on the same kernel. Builds of one release are for
 * others.
 */
function findNamesakes(
  of: Declaration,
  before: readonly Declaration[],
  others: readonly Declaration[],
): Finding[] {
  const onSameKernel = others.filter(
    (other) => other.kernelRelease === of.kernelRelease && other.arch === of.arch,
  );
  const namesakes = [...before, ...onSameKernel].filter(
    (other) => loadedName(other.name) === loadedName(of.name) && !isItself(of, other),
  );
  return [...new Set(namesakes.map(({ release }) => release))].map((other) => ({
    code: 'NAME_TAKEN',
    other,
  }));
}
