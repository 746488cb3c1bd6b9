import { effectiveStates, type Patch } from './patch.js';
import type { Reason } from '../reasons/reasons.js';
import { findState } from './klp-5.5.js';
import type { Replacing, Rules } from './rules.js';

const sameSet = (a: Replacing, b: Replacing): boolean => (a.replaceSet ?? 0n) === (b.replaceSet ?? 0n);

/** Within a set every patch replaces: each held id must be there at no lower version. */
function refuseWithinSet(target: Patch, holder: Patch): Reason[] {
  return effectiveStates(holder.states).flatMap((held): Reason[] => {
    const own = findState(target, held.id);
    if (own === null)
      return [
        {
          code: 'STATE_MISSING_IN_TARGET',
          patch: holder.name,
          stateId: held.id,
          need: held.version,
          have: null,
        },
      ];
    return own.version < held.version
      ? [
          {
            code: 'STATE_VERSION_TOO_LOW',
            patch: holder.name,
            stateId: held.id,
            need: held.version,
            have: own.version,
          },
        ]
      : [];
  });
}

/** Across sets nothing may be shared: neither a state id nor a function. */
function refuseAcrossSets(target: Patch, holder: Patch): Reason[] {
  const functions = new Set(target.functions ?? []);
  return [
    ...effectiveStates(holder.states)
      .filter((held) => findState(target, held.id) !== null)
      .map((held): Reason => ({ code: 'REPLACE_SET_CONFLICT', patch: holder.name, stateId: held.id })),
    ...(holder.functions ?? [])
      .filter((name) => functions.has(name))
      .map((name): Reason => ({ code: 'REPLACE_SET_CONFLICT', patch: holder.name, function: name })),
  ];
}

/** Returns all patches of its own set, whatever their flags are. */
function replacedBy<P extends Replacing>(target: Replacing, listed: readonly P[]): readonly P[] {
  const own = listed.filter((holder) => sameSet(target, holder));
  return own.length === listed.length ? listed : own;
}

/** Yafang Shao's proposal `replace_set` (v3 of 7 June 2026, 54384935), in no released kernel. */
export const replaceSet: Rules = {
  name: 'replace-set',
  findStateRefusals: (target, listed) =>
    listed.flatMap((holder) =>
      sameSet(target, holder) ? refuseWithinSet(target, holder) : refuseAcrossSets(target, holder),
    ),
  findDisableRefusals: () => [],
  replacedBy,
};
