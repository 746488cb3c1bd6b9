import fc from 'fast-check';
import { effectiveStates, findStateRefusals, type Patch, type State } from '../../src/index.js';
import { cumulativePatch, distinct, distinctPatch, patch, runs, stack } from '../arbitrary.js';

// The laws of the state rule, tried on whatever fast-check thinks of. The kernel's own answers stand in
// vectors.spec.ts.

const accepts = (target: Patch, listed: readonly Patch[]): boolean =>
  findStateRefusals(target, listed).length === 0;
const law = (
  name: string,
  property: fc.IPropertyWithHooks<never> | fc.IProperty<never>,
  usual = 2000,
): void => test(name, () => fc.assert(property as fc.IProperty<never>, runs(usual)));
const of = <T extends [unknown, ...unknown[]]>(
  ...parts: [...{ [K in keyof T]: fc.Arbitrary<T[K]> }, (...values: T) => boolean]
): fc.IProperty<never> =>
  fc.property(...(parts as unknown as [fc.Arbitrary<unknown>, () => boolean])) as never;

law(
  'a patch without duplicate ids accepts itself',
  of<[Patch]>(distinctPatch, (own) => accepts(own, [own])),
);

law(
  'nothing listed refuses nothing',
  of<[Patch]>(patch, (target) => accepts(target, [])),
);

law(
  'raising a version of the target never turns yes into no',
  of<[Patch, Patch[], number]>(patch, stack, fc.nat(3), (target, listed, i) => {
    const raised = target.states.map((state, at): State =>
      at === i ? { ...state, version: Math.min(state.version + 1, 0xffffffff) } : state,
    );
    return !accepts(target, listed) || accepts({ ...target, states: raised }, listed);
  }),
);

law(
  'one more listed patch never turns no into yes',
  of<[Patch, Patch[], Patch]>(
    patch,
    stack,
    patch,
    (target, listed, more) => accepts(target, listed) || !accepts(target, [...listed, more]),
  ),
);

law(
  'the order of the list decides nothing',
  of<[Patch, Patch[]]>(
    patch,
    stack,
    (target, listed) => accepts(target, listed) === accepts(target, listed.toReversed()),
  ),
);

law(
  'whether a listed patch is cumulative decides nothing',
  of<[Patch, Patch[]]>(
    patch,
    stack,
    (target, listed) =>
      accepts(target, listed) ===
      accepts(
        target,
        listed.map((held) => ({ ...held, replace: !held.replace })),
      ),
  ),
);

const mapOf = (states: readonly State[]): string =>
  [...states]
    .map(({ id, version }) => `${id}:${version}`)
    .sort()
    .join(' ');

law(
  'there and back again by atomic replace exactly when both hold the same states at the same versions',
  of<[State[], State[]]>(distinct, distinct, (one, other) => {
    const [a, b]: [Patch, Patch] = [
      { name: 'a', replace: true, states: one },
      { name: 'b', replace: true, states: other },
    ];
    return (accepts(a, [b]) && accepts(b, [a])) === (mapOf(one) === mapOf(other));
  }),
);

law(
  'acceptance chains: what b takes from a and c takes from b, c takes from a',
  of<[State[], State[], State[]]>(distinct, distinct, distinct, (one, two, three) => {
    const [a, b, c] = [one, two, three].map((states, i): Patch => ({
      name: `p${i}`,
      replace: true,
      states,
    })) as [Patch, Patch, Patch];
    return !accepts(b, [a]) || !accepts(c, [b]) || accepts(c, [a]);
  }),
);

law(
  'an extra id never hurts a cumulative target',
  of<[Patch, Patch[], number]>(cumulativePatch, stack, fc.nat(0xffffffff), (target, listed, version) => {
    const more: Patch = { ...target, states: [...effectiveStates(target.states), { id: 77n, version }] };
    return !accepts(target, listed) || accepts(more, listed);
  }),
);

law(
  'the highest version that is held is what is needed: the short form agrees with the walk',
  of<[Patch, Patch[]]>(patch, stack, (target, listed) => {
    const need = new Map<bigint, number>();
    for (const { id, version } of listed.flatMap((held) => effectiveStates(held.states)))
      need.set(id, Math.max(need.get(id) ?? 0, version));
    const have = new Map(
      effectiveStates(target.states)
        .toReversed()
        .map(({ id, version }) => [id, version]),
    );
    const shortForm = [...need].every(([id, version]) =>
      have.has(id) ? have.get(id)! >= version : !target.replace,
    );
    return shortForm === accepts(target, listed);
  }),
  10_000,
);

law(
  'what stands behind an id 0 is invisible, on both sides',
  of<[Patch, Patch[]]>(patch, stack, (target, listed) => {
    const cut = (one: Patch): Patch => ({ ...one, states: effectiveStates(one.states) });
    return accepts(target, listed) === accepts(cut(target), listed.map(cut));
  }),
);

law(
  'every refusal names a state that a listed patch holds, and what is wrong with it',
  of<[Patch, Patch[]]>(patch, stack, (target, listed) =>
    findStateRefusals(target, listed).every(
      ({ code, patch: holder, stateId, need, have }) =>
        listed.some(
          (held) =>
            held.name === holder &&
            held.states.some((state) => state.id === stateId && state.version === need),
        ) &&
        (code === 'STATE_MISSING_IN_TARGET'
          ? have === null && target.replace
          : code === 'STATE_VERSION_TOO_LOW' && have! < need!),
    ),
  ),
);
