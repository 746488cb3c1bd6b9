import type * as Sdl from '../generated/schema.js';

/** The reasons of an answer. It may have more than are listed. */
interface Listed {
  readonly reasons: readonly { readonly reason: object; readonly hosts: number }[];
  readonly reasonCount: number;
}

/** Returns the reasons whose number of hosts differs, the largest difference first. */
export function changesBetween(then: Listed, now: Listed): Sdl.ReasonChange[] {
  const [before, after] = [byKey(then), byKey(now)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((key) => {
      const [was, is] = [before.get(key), after.get(key)];
      return { reason: (is ?? was)!.reason, hostsThen: was?.hosts ?? 0, hostsNow: is?.hosts ?? 0 };
    })
    .filter(({ hostsThen, hostsNow }) => hostsThen !== hostsNow)
    .filter(({ hostsThen, hostsNow }) => !(isUnlisted(then, hostsThen) || isUnlisted(now, hostsNow)))
    .toSorted((a, b) => Math.abs(b.hostsNow - b.hostsThen) - Math.abs(a.hostsNow - a.hostsThen));
}

/**
 * Returns the number of reasons of now, without advisories, that are not in a record. If the record does not
 * list all reasons of then, some of them may not be new.
 */
export function countNew(then: Listed, now: Listed): number {
  const recorded = byKey(then);
  return [...byKey(now)].filter(([key, { reason }]) => reason.kind !== 'ADVISORY' && !recorded.has(key))
    .length;
}

/** Whether a reason that is not listed may be one of those that were left out. */
const isUnlisted = ({ reasons, reasonCount }: Listed, hosts: number): boolean =>
  hosts === 0 && reasonCount > reasons.length;

function byKey({ reasons }: Listed): Map<string, { readonly reason: Sdl.Reason; readonly hosts: number }> {
  return new Map(
    reasons.map(({ reason, hosts }) => {
      const { text: _text, help: _help, ...facts } = reason as Sdl.Reason;
      // state ids are bigint in an answer, and text in a certificate
      const key = Object.keys(facts)
        .toSorted()
        .map((name) => `${name}=${String(facts[name as keyof typeof facts])}`)
        .join('\0');
      return [key, { reason: reason as Sdl.Reason, hosts }];
    }),
  );
}
