import { loadedName } from '../rules/patch.js';
import { type Declaration, declaredStates, isItself } from './declaration.js';
import type { Finding } from './findings.js';

/**
 * Where does it meet other livepatches, on an id or on a name?
 *
 * The kernel knows ids and names only by their value: who else uses one, and for what, is in the catalog alone.
 */
export function findAmongNeighbours(of: Declaration, before: readonly Declaration[], others: readonly Declaration[]): Finding[] {
  const [foreign, own] = [others.filter((other) => isForeign(of, other)), others.filter((other) => !isForeign(of, other))];
  return [
    ...declaredStates(of).flatMap(({ id }) => [...findOtherMeaning(of, id, [...before.toReversed(), ...own]), ...findOtherOwner(id, foreign)]),
    ...findNamesakes(of, before, others),
  ];
}

const isForeign = (of: Declaration, other: Declaration): boolean => of.owner !== null && other.owner !== null && of.owner !== other.owner;

/** What does its author say that this state is? */
const meaning = (of: Declaration, id: bigint): string | undefined => of.author?.states.find((state) => state.id === id)?.what.trim();

/** The same words, however they are spaced and capitalised. */
const sameWords = (a: string, b: string): boolean => plain(a) === plain(b);
const plain = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, ' ');

/** Does the nearest one that describes this state describe it otherwise? */
function findOtherMeaning(of: Declaration, stateId: bigint, others: readonly Declaration[]): Finding[] {
  const what = meaning(of, stateId);
  const other = others.find((one) => meaning(one, stateId));
  if (!what || other === undefined || sameWords(what, meaning(other, stateId)!)) return [];
  return [{ code: 'MEANING_DIFFERS', stateId, other: other.name, detail: meaning(other, stateId) }];
}

function findOtherOwner(stateId: bigint, foreign: readonly Declaration[]): Finding[] {
  const other = foreign.find((one) => declaredStates(one).some(({ id }) => id === stateId));
  if (other === undefined) return [];
  return [{ code: 'STATE_OF_ANOTHER_OWNER', stateId, other: other.name, detail: [other.owner, meaning(other, stateId)].filter(Boolean).join(', ') }];
}

/** Which of them bears its name where both could be loaded? The other builds of a release are for other kernels. */
function findNamesakes(of: Declaration, before: readonly Declaration[], others: readonly Declaration[]): Finding[] {
  const onSameKernel = others.filter((other) => other.kernelRelease === of.kernelRelease && other.arch === of.arch);
  const namesakes = [...before, ...onSameKernel].filter((other) => loadedName(other.name) === loadedName(of.name) && !isItself(of, other));
  return [...new Set(namesakes.map(({ release }) => release))].map((other) => ({ code: 'NAME_TAKEN', other }));
}
