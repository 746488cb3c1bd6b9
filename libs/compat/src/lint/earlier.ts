import type { Reason } from '../reasons/reasons.js';
import { findStateRefusals } from '../rules/klp-5.5.js';
import { asPatch, type Declaration, declaredStates, isReadable } from './declaration.js';
import type { Finding } from './findings.js';

/**
 * Returns what changes for hosts that run one of the earlier livepatches.
 *
 * @param before the same release line, oldest first; any of them may be on a host, the last one is what most
 *   will come from
 */
export function findInLine(of: Declaration, before: readonly Declaration[]): Finding[] {
  const last = before.at(-1);
  return [
    ...(isReadable(of) ? findRefused(of, before) : []),
    ...(of.replace === false ? findStacked(of, before) : []),
    ...(last === undefined ? [] : findSince(of, last)),
    ...(of.replace === false ? [] : findDroppedCves(of, before)),
  ];
}

const findSince = (of: Declaration, last: Declaration): Finding[] => [
  ...(of.replace === false ? [] : [...findOneWay(of, last), ...findDroppedFunctions(of, last)]),
  ...findChangedKind(of, last),
];

/** Of refusals on account of the same state, the one that asks for most. */
const highest = (reasons: readonly Reason[]): Reason[] =>
  reasons.filter(
    (one, i) =>
      !reasons.some(
        (other, j) =>
          other.stateId === one.stateId &&
          ((other.need ?? 0) > (one.need ?? 0) || (other.need === one.need && j < i)),
      ),
  );

/** Returns what the kernel would refuse there, and what it would not even notice. */
function findRefused(of: Declaration, before: readonly Declaration[]): Finding[] {
  const refused = highest(
    findStateRefusals(
      asPatch(of),
      before.map((one) => asPatch(one)),
    ),
  );
  const unnoticed = highest(
    findStateRefusals(
      asPatch(of, declaredStates(of)),
      before.map((one) => asPatch(one, declaredStates(one))),
    ),
  );
  const facts = ({ stateId, have, need, patch }: Reason) => ({
    stateId,
    version: have,
    otherVersion: need,
    other: patch,
  });
  return [
    ...refused.map((reason): Finding => ({
      code: reason.have === null ? 'STATE_FORGOTTEN' : 'VERSION_WENT_DOWN',
      ...facts(reason),
    })),
    ...unnoticed
      .filter(({ stateId }) => of.replace !== false && !refused.some((reason) => reason.stateId === stateId))
      .map((reason): Finding => ({ code: 'STATE_ABANDONED', ...facts(reason) })),
  ];
}

/**
 * Returns states that the patches below do not have. They bind each cumulative patch that comes while it is
 * listed.
 */
function findStacked(of: Declaration, before: readonly Declaration[]): Finding[] {
  const below = before.flatMap(declaredStates);
  return declaredStates(of)
    .filter(({ id, version }) => !below.some((base) => base.id === id && base.version >= version))
    .map(({ id, version }) => ({ code: 'STATE_STACKED', stateId: id, version }));
}

/** Returns the states that make the way from the last livepatch to this one irreversible. */
function findOneWay(of: Declaration, last: Declaration): Finding[] {
  const theirs = declaredStates(last);
  const raised = (of.author?.notes ?? '').trim() === '' ? 'VERSION_RAISED_WITHOUT_NOTE' : 'VERSION_RAISED';
  return declaredStates(of).flatMap(({ id, version }): Finding[] => {
    const held = theirs.find((state) => state.id === id);
    if (held === undefined) return [{ code: 'STATE_ADDED', stateId: id, version, other: last.name }];
    return version > held.version
      ? [{ code: raised, stateId: id, version, otherVersion: held.version, other: last.name }]
      : [];
  });
}

function findDroppedFunctions(of: Declaration, last: Declaration): Finding[] {
  const { functions } = of;
  if (functions === null) return [];
  const dropped = last.functions?.filter((name) => !functions.includes(name)) ?? [];
  return dropped.map((name) => ({ code: 'FUNCTION_DROPPED', other: last.name, function: name }));
}

function findChangedKind(of: Declaration, last: Declaration): Finding[] {
  const findings: Finding[] = [];
  if (of.replace !== null && last.replace === !of.replace)
    findings.push({
      code: 'REPLACE_CHANGED',
      other: last.name,
      detail: last.replace ? 'cumulative' : 'not cumulative',
    });
  if (of.replace !== false && of.owner !== null && last.owner !== null && of.owner !== last.owner)
    findings.push({ code: 'OWNER_CHANGED', other: last.name, detail: last.owner });
  return findings;
}

/** Returns the fixes that are not promised any more, each with the last livepatch that had it. */
function findDroppedCves(of: Declaration, before: readonly Declaration[]): Finding[] {
  const fixedBy = new Map(
    before.flatMap((one) => (one.author?.cves ?? []).map((cve) => [cve, one.name] as const)),
  );
  return [...fixedBy]
    .filter(([cve]) => !of.author?.cves.includes(cve))
    .map(([cve, other]) => ({ code: 'CVE_DROPPED', other, detail: cve }));
}
