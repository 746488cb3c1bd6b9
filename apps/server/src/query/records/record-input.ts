import { canBeAllowed, REASON_CODES } from '@klpreg/compat';
import { RequestError } from '../../errors.js';
import { requireLine, requireReason } from '../admin-input.js';
import type * as Sdl from '../generated/schema.js';
import { requireTolerance } from './gate-decision.js';

/** The length of the name of a change, of a release, and of who answers for something. */
export const NAME_LENGTH = 128;
const MAX_VALIDITY_S = 24 * 3600;

/** Checks what is to be recorded. @throws RequestError BAD_USER_INPUT */
export function requireValid(input: Sdl.RecordDecisionInput, now: Date) {
  const { changeId, gate, breakGlass, maxRefused, maxNoReturn } = input;
  const ignored = input.ignored ?? [];
  const validFor = input.validFor ?? 3600;
  if (changeId != null) requireLine('input/changeId', changeId, NAME_LENGTH);
  if (breakGlass != null) requireReason(breakGlass);
  requireTolerance('maxRefused', maxRefused);
  requireTolerance('maxNoReturn', maxNoReturn);
  if (gate === 'CAN_DOWNGRADE' && maxNoReturn != null)
    throw wrong('maxNoReturn', 'must be left out for CAN_DOWNGRADE', JSON.stringify(maxNoReturn));
  if (validFor <= 0 || validFor > MAX_VALIDITY_S)
    throw wrong('validFor', 'must be more than 0 s and at most 24 h', `${validFor} s`);
  for (const { code, owner, reason, expiresAt } of ignored) {
    requireLine('input/ignored/owner', owner, NAME_LENGTH);
    requireReason(reason);
    if (expiresAt <= now)
      throw wrong('ignored', `must not have expired (${code} of ${owner})`, expiresAt.toISOString());
  }
  requireAllowable(
    'ignored',
    ignored.map(({ code }) => code),
  );
  return { ...input, ignored, validFor };
}

/** @throws RequestError if one of these codes cannot be accepted */
export function requireAllowable(field: string, codes: readonly Sdl.ReasonCode[]): void {
  const allowable = REASON_CODES.filter(canBeAllowed);
  const refused = codes.filter((code) => !allowable.includes(code));
  if (refused.length > 0) throw wrong(field, `takes ${allowable.join(', ')}`, refused.join(', '));
}

/** The error about a field of an input. */
export function wrong(field: string, detail: string, found: string): RequestError {
  return new RequestError('BAD_USER_INPUT', `\`input/${field}\` ${detail}, found ${found}`, [
    { pointer: `/input/${field}`, detail, found },
  ]);
}
