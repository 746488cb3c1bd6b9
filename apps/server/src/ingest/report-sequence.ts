import type { Report } from '@klpreg/wire';
import { RequestError } from '../errors.js';
import type { HostVersion } from '../store/hosts/reports.store.js';
import { highestAfter } from '../store/hosts/sequences.js';

/** Refuses a sequence that is too far from the last one of its host; null if it is not. */
export function jumpOf(instance: string, sequence: bigint, last: bigint): RequestError | null {
  const highest = highestAfter(last);
  if (sequence <= highest) return null;
  const advice =
    'if the host really sent so high a number, ask an admin to reset its sequence (resetHostSequence)';
  const detail = `must be ${last + 1n} to ${highest}, as the last one was ${last}; ${advice}`;
  const problem = { pointer: '/sequence', detail, found: String(sequence) };
  return new RequestError('BAD_USER_INPUT', `the sequence of ${instance} is too high`, [problem]);
}

/**
 * Compares the sequence of a report with the last one of its host. `SEQUENCE_CONFLICT` also means that the
 * host is suspect.
 */
export function compareSequence(
  report: Report,
  version: HostVersion | undefined,
): 'NEW' | 'LATE' | 'REPEATED' | RequestError {
  const sequence = BigInt(report.sequence);
  const contact = version?.contactSequence ?? 0n;
  const last = version === undefined || version.sequence < contact ? contact : version.sequence;
  const { instance, bootId } = report.host;
  const jump = jumpOf(instance, sequence, last);
  if (jump !== null) return jump;
  if (version === undefined) return 'NEW';
  if (sequence < version.sequence) return 'LATE';
  if (sequence === version.sequence && version.digest === report.digest && version.bootId === bootId)
    return 'REPEATED';
  if (sequence !== version.sequence && sequence !== version.contactSequence) return 'NEW';
  return new RequestError(
    'SEQUENCE_CONFLICT',
    `sequence ${report.sequence} of ${instance} was used before for another message: is this host a copy ` +
      'of another one?',
    [{ pointer: '/sequence', detail: 'must be used for one message only', found: String(report.sequence) }],
  );
}
