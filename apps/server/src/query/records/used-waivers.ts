import { kindOf, type Question } from '@klpreg/compat';
import type { WaiverRow } from '../../store/records/waivers.store.js';
import { selectsWithin } from '../filter.js';
import type * as Sdl from '../generated/schema.js';
import { type Part, partIndex } from '../policy-rules.js';
import type { JudgedSituation } from '../reason-counts.js';

/** Returns the waivers that apply to a question: it provably selects hosts of theirs only. */
export const applicableWaivers = (
  active: readonly WaiverRow[],
  { to, where }: Pick<Sdl.QueryCanDowngradeArgs, 'to' | 'where'>,
): WaiverRow[] =>
  active.filter(
    ({ selector, release }) =>
      selectsWithin(where ?? {}, selector) && (release === null || to.release === release),
  );

/** Returns the question that also accepts what waivers accept. */
export const withWaivers = (question: Question, waivers: readonly WaiverRow[]): Question =>
  waivers.length === 0
    ? question
    : {
        ...question,
        allow: [
          ...new Set([...question.allow, ...waivers.flatMap(({ codes }) => codes as Sdl.ReasonCode[])]),
        ],
      };

/** Returns the waivers that accept reasons of hosts, which neither the question nor the policy allows. */
export function usedWaivers(
  { waivers, parts }: { readonly waivers: readonly WaiverRow[]; readonly parts: readonly Part[] },
  situations: readonly JudgedSituation[],
): Sdl.UsedWaiver[] {
  return waivers.flatMap(({ id, owner, codes, expiresAt }) => {
    const accepts = parts.map(({ allowed }) => new Set(codes.filter((code) => !allowed.includes(code))));
    const hosts = situations
      .filter(({ count, verdict }) =>
        verdict.reasons.some(
          (reason) =>
            kindOf(reason) === 'UNKNOWN' && accepts[partIndex(count.freshnessKey)]!.has(reason.code),
        ),
      )
      .reduce((sum, { count }) => sum + count.hosts, 0);
    return hosts === 0 ? [] : { id, owner, codes: codes as Sdl.ReasonCode[], expiresAt, hosts };
  });
}
