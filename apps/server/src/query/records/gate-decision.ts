import { kindOf, type Verdict } from '@klpreg/compat';
import { RequestError } from '../../errors.js';
import type * as Sdl from '../generated/schema.js';
import type { JudgedSituation } from '../reason-counts.js';

/** What a gate accepts in addition to SAFE. */
export type GateOptions = Pick<Sdl.RecordDecisionInput, 'maxRefused' | 'maxNoReturn' | 'allowEmpty'>;

type Counted = Pick<Sdl.FleetVerdict, 'counts' | 'limitedByScope'>;

/**
 * Decides as `klpreg can-i-downgrade` does: harm and refusals are NO, doubts are CANNOT_TELL, and the rest is
 * YES.
 */
export function decideDowngrade(
  { counts, limitedByScope }: Counted,
  situations: readonly JudgedSituation[],
  { maxRefused, allowEmpty }: GateOptions,
): Sdl.GateDecision {
  if (counts.unsafe > 0 || !isWithin(counts.refused, maxRefused, counts.total)) return 'NO';
  if (situations.some(({ verdict }) => verdict.kind === 'REFUSED' && hidesHarmOrDoubt(verdict))) return 'NO';
  if (limitedByScope || counts.unknown > counts.accepted - counts.safe) return 'CANNOT_TELL';
  return counts.total === 0 && allowEmpty !== true ? 'CANNOT_TELL' : 'YES';
}

/**
 * Decides as `klpreg can-i-deploy` does: harm, refusals and lost ways back are NO, doubts are CANNOT_TELL,
 * and the rest is YES.
 */
export function decideDeploy(
  {
    counts,
    limitedByScope,
    noReturn,
    refusedInDoubt,
  }: Counted & Pick<Sdl.DeployVerdict, 'noReturn' | 'refusedInDoubt'>,
  { maxRefused, maxNoReturn, allowEmpty }: GateOptions,
): Sdl.GateDecision {
  const { total } = counts;
  if (counts.harmful > 0 || !isWithin(counts.refused, maxRefused, total)) return 'NO';
  if (!isWithin(noReturn, maxNoReturn, total)) return 'NO';
  const unknown = counts.unknown - (counts.accepted - counts.safe);
  if (limitedByScope || refusedInDoubt > 0 || unknown > 0) return 'CANNOT_TELL';
  return total === 0 && allowEmpty !== true ? 'CANNOT_TELL' : 'YES';
}

/** A refusal may pass with time. The harm or the doubt behind it stays. */
const hidesHarmOrDoubt = ({ reasons, allowed }: Verdict): boolean =>
  reasons.some((reason) => {
    const kind = kindOf(reason);
    return kind === 'UNSAFE' || (kind === 'UNKNOWN' && !allowed.includes(reason.code));
  });

const isWithin = (found: number, limit: Sdl.ToleranceInput | null | undefined, total: number): boolean =>
  limit?.percent == null ? found <= (limit?.hosts ?? 0) : found * 100 <= limit.percent * total;

/** @throws RequestError unless exactly one field is given, and is a number of hosts or a percentage */
export function requireTolerance(field: string, limit: Sdl.ToleranceInput | null | undefined): void {
  if (limit == null) return;
  const { hosts, percent } = limit;
  const isValid =
    hosts == null ? percent != null && percent >= 0 && percent <= 100 : percent == null && hosts >= 0;
  if (isValid) return;
  const detail = 'must have exactly one of hosts (0 or more) and percent (0 to 100)';
  const found = JSON.stringify(limit);
  throw new RequestError('BAD_USER_INPUT', `\`input/${field}\` ${detail}, found ${found}`, [
    { pointer: `/input/${field}`, detail, found },
  ]);
}
