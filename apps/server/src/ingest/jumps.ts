import { RequestError } from '../errors.js';
import { highestAfter } from '../store/hosts/sequences.js';

/** Refuses a sequence that is too far from the last one of its host. null: it is not. */
export function jumpOf(instance: string, sequence: bigint, last: bigint): RequestError | null {
  const highest = highestAfter(last);
  if (sequence <= highest) return null;
  return new RequestError('BAD_USER_INPUT', `the sequence of ${instance} jumps too far`, [
    {
      pointer: '/sequence',
      detail: `must be ${last + 1n} to ${highest}, as the last one was ${last}; if the host really is there, an admin resets its sequence (resetHostSequence)`,
      found: String(sequence),
    },
  ]);
}
