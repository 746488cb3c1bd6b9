import type { DeclaredState } from '../facts/declared.js';
import { loadedName } from '../rules/patch.js';
import { findState } from '../rules/klp-5.5.js';
import {
  asPatch,
  type Declaration,
  declaredStates,
  hasCallbacks,
  isItself,
  isReadable,
  kernelStates,
  unpatches,
  type WrittenStatement,
} from './declaration.js';
import type { Finding } from './findings.js';

/**
 * Returns where the author statement contradicts the file, and what it should state so that a verdict can be
 * SAFE.
 */
export function findInStatement(of: Declaration, known: readonly Declaration[]): Finding[] {
  const states = declaredStates(of);
  return [
    ...(of.author === null ? [] : findAgainstFile(of, of.author, known)),
    ...(of.author === null && states.length > 0 ? [{ code: 'NO_WORD' } as const] : []),
    ...states.flatMap((state) => findUnrestored(of, state) ?? []),
  ];
}

const findAgainstFile = (
  of: Declaration,
  author: WrittenStatement,
  known: readonly Declaration[],
): Finding[] => [
  ...(author.evidence === 'UNSIGNED' ? [{ code: 'WORD_UNSIGNED' } as const] : []),
  ...(author.impactNone ? findAgainstNone(of) : []),
  ...(isReadable(of) ? findContradictions(of, author) : []),
  ...findDependence(of, author, known),
];

/** Returns what contradicts a statement that the patch changes no state. */
function findAgainstNone(of: Declaration): Finding[] {
  const findings: Finding[] = [];
  if (kernelStates(of).length > 0) findings.push({ code: 'NONE_CONTRADICTED' });
  if (hasCallbacks(of)) findings.push({ code: 'NONE_DOUBTED', detail: 'callbacks' });
  if (of.usesShadowVariables) findings.push({ code: 'NONE_DOUBTED', detail: 'shadow variables' });
  return findings;
}

/**
 * Returns where the states of file and statement differ. Some builders cannot write states into the file, so
 * that a state may be in the statement only.
 */
function findContradictions(of: Declaration, author: WrittenStatement): Finding[] {
  const inFile = kernelStates(of);
  const contradicted = author.states.flatMap(({ id, version }): Finding[] => {
    const own = findState(asPatch(of), id);
    if (own === null)
      return [{ code: inFile.length > 0 ? 'STATE_NOT_IN_FILE' : 'STATE_ONLY_IN_WORD', stateId: id }];
    return own.version === version
      ? []
      : [{ code: 'VERSION_CONTRADICTED', stateId: id, version: own.version, otherVersion: version }];
  });
  const notCovered = new Set(
    inFile.map(({ id }) => id).filter((id) => !author.states.some((state) => state.id === id)),
  );
  return [
    ...contradicted,
    ...[...notCovered].map((stateId): Finding => ({ code: 'STATE_WITHOUT_WORD', stateId })),
  ];
}

/** Returns why disabling may not restore this state. */
function findUnrestored(of: Declaration, { id: stateId, restore }: DeclaredState): Finding | null {
  if (restore === 'IMPOSSIBLE') return { code: 'CANNOT_BE_RESTORED', stateId };
  if (restore === 'NOT_NEEDED') return null;
  if (unpatches(of) === false)
    return { code: restore === 'CALLBACKS' ? 'PROMISE_WITHOUT_CALLBACK' : 'NO_UNPATCH_CALLBACK', stateId };
  const asked = of.author?.states.some((state) => state.id === stateId) === true;
  return restore === 'UNKNOWN' && asked ? { code: 'RESTORE_NOT_SAID', stateId } : null;
}

/** Returns the patches that the statement calls independent although both patch the same function. */
function findDependence(of: Declaration, author: WrittenStatement, known: readonly Declaration[]): Finding[] {
  const others = known.filter(
    (other) =>
      !isItself(of, other) &&
      author.independentOf.some((name) => loadedName(name) === loadedName(other.name)),
  );
  return others.flatMap((other): Finding[] => {
    const both = of.functions?.find((name) => other.functions?.includes(name));
    return both === undefined ? [] : [{ code: 'INDEPENDENCE_DOUBTED', other: other.name, function: both }];
  });
}
