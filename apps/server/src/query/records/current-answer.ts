import { freshnessLimits } from '@klpreg/compat';
import { RequestError } from '../../errors.js';
import type { WaiverRow } from '../../store/records/waivers.store.js';
import type * as Sdl from '../generated/schema.js';
import type { GateAnswer } from './gates.js';
import { wrong } from './record-input.js';

/**
 * Checks that an answer may be recorded as one of today. Older facts would be stale in a question about the present.
 *
 * @throws RequestError BAD_USER_INPUT if it is older than five intervals of the agents
 */
export function requireRecent(of: Date, now: Date, intervalSeconds: number): void {
  const { late } = freshnessLimits(intervalSeconds);
  const age = Math.ceil((now.getTime() - of.getTime()) / 1000);
  if (age <= late) return;
  const detail = `must be at most ${late} s old (five intervals of the agents): ask again, and record the new answer`;
  throw wrong('snapshot', detail, `an answer as of ${of.toISOString()}, ${age} s ago`);
}

/** @throws RequestError DECISION_DIFFERS if a waiver of the answer is no longer valid */
export function requireActive(used: readonly Sdl.UsedWaiver[], active: readonly WaiverRow[]): void {
  const ended = used.find(({ id }) => !active.some((waiver) => waiver.id === id));
  if (ended === undefined) return;
  throw new RequestError(
    'DECISION_DIFFERS',
    `the answer accepts ${ended.codes.join(', ')} by the waiver ${ended.id} of ${ended.owner}, which was ` +
      'revoked or has expired since. Ask again, and record the new answer',
  );
}

/**
 * Returns the decision of a gate and of the registry together. A gate that cannot tell may have seen a part of
 * the answer only: it is never recorded as a yes, and a no of the registry stays one.
 *
 * @throws RequestError DECISION_DIFFERS if the gate claims another yes or no
 */
export function decisionOfBoth(claimed: Sdl.GateDecision, answer: GateAnswer): Sdl.GateDecision {
  const { decision, kind, counts } = answer;
  if (claimed === decision) return decision;
  if (claimed === 'CANNOT_TELL') return decision === 'NO' ? 'NO' : 'CANNOT_TELL';
  throw new RequestError(
    'DECISION_DIFFERS',
    `the gate claims ${claimed}, and the registry decides ${decision}: the answer is ` +
      `${kind}, with ${JSON.stringify(counts)}. Ask again, and record the new answer`,
  );
}
