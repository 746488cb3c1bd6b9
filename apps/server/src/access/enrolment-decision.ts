import { RequestError } from '../errors.js';
import type { EnrolmentTokenRow } from '../store/access/enrolment-tokens.store.js';
import type { HostCredentialRow } from '../store/access/host-credentials.store.js';
import { isWithin } from './address-ranges.js';

/**
 * How far the time of a proof may lie before and after the time of the registry. A stolen proof is of use for
 * that long.
 */
const MAX_PROOF_AGE_MS = 300_000;
const MAX_CLOCK_AHEAD_MS = 10_000;

/** A request to enrol, as it is decided. */
export interface Enrolling {
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly now: Date;
}

/** `NEW`: a use of the token. `REPEATED`: an earlier answer was lost, or the host still waits. */
export type Enrolled = 'NEW' | 'REPEATED';

const forbidden = (message: string): RequestError => new RequestError('FORBIDDEN', message);

/** Refuses a token that cannot enrol one more host; null if it can. */
export function refuseToken(token: EnrolmentTokenRow, { address, now }: Enrolling): RequestError | null {
  const unauthenticated = (why: string) =>
    new RequestError('UNAUTHENTICATED', `the enrolment token ${JSON.stringify(token.name)} ${why}`);
  if (token.revokedAt !== null) return unauthenticated('was revoked');
  if (token.expiresAt <= now) return unauthenticated(`expired at ${token.expiresAt.toISOString()}`);
  if (token.useLimit !== null && token.uses >= token.useLimit)
    return unauthenticated(`has enrolled ${token.uses} hosts, which is its limit`);
  if (!isWithin(address, token.addresses))
    return forbidden(`the enrolment token ${JSON.stringify(token.name)} is not for the address ${address}`);
  return null;
}

/** Refuses a proof whose time is not the registry's, or that was used before; null if it is valid. */
export function refuseProofTime(at: Date, last: Date | null, now: Date): RequestError | null {
  const ahead = new Date(now.getTime() + MAX_CLOCK_AHEAD_MS);
  const isNear = at <= ahead && at.getTime() >= now.getTime() - MAX_PROOF_AGE_MS;
  const detail = !isNear
    ? `must be the time of the registry, ${now.toISOString()}`
    : // a last proof in the future means that the clock of the registry was set back
      last !== null && at <= last && last <= ahead
      ? `must be later than the last one, ${last.toISOString()}: a proof is valid once`
      : null;
  if (detail === null) return null;
  return new RequestError('PROOF_NOT_CURRENT', `the proof of the key is not current: /at ${detail}`, [
    { pointer: '/at', detail, found: at.toISOString() },
  ]);
}

/** Refuses a host whose credentials an admin ended; null if they are not. */
function refuseState({ hostId, state, stateAt }: HostCredentialRow): RequestError | null {
  if (state !== 'REVOKED' && state !== 'REJECTED') return null;
  const what = state === 'REVOKED' ? 'its credentials were revoked' : 'its enrolment was rejected';
  return forbidden(
    `host ${hostId}: ${what} at ${stateAt.toISOString()}; an admin allows it again (resetHostCredential)`,
  );
}

/** The end of the time in which the key alone renews a credential; null: without a limit. */
function graceEnd({ expiresAt }: HostCredentialRow, graceDays: number): Date | null {
  return expiresAt === null || graceDays === 0
    ? null
    : new Date(expiresAt.getTime() + graceDays * 86_400_000);
}

const isPast = (end: Date | null, now: Date): boolean => end !== null && end <= now;

/**
 * Decides a request to enrol whose proof is valid.
 *
 * @param known the enrolment of the host; null: it has none
 * @param token the token of the request
 */
export function decideEnrolment(
  known: HostCredentialRow | null,
  token: EnrolmentTokenRow,
  request: Enrolling,
  graceDays: number,
): Enrolled | RequestError {
  if (known === null || known.state === 'RESET') return refuseToken(token, request) ?? 'NEW';
  if (Buffer.compare(known.publicKey, request.publicKey) !== 0)
    return new RequestError(
      'ENROLLED_WITH_ANOTHER_KEY',
      `host ${known.hostId} is enrolled with another key: use its old key, or an admin allows another one ` +
        '(resetHostCredential)',
    );
  const refused = refuseState(known);
  if (refused !== null) return refused;
  const isSameToken = known.tokenId === token.id;
  if (isSameToken && token.hostsRevokedAt === null && !isPast(graceEnd(known, graceDays), request.now))
    return 'REPEATED';
  return refuseToken(token, request) ?? 'NEW';
}

/** Refuses a renewal whose proof is valid; null if the host gets a credential or still waits. */
export function refuseRenewal(
  known: HostCredentialRow,
  token: EnrolmentTokenRow | null,
  now: Date,
  graceDays: number,
): RequestError | null {
  const refused = refuseState(known);
  if (refused !== null) return refused;
  if (known.state === 'RESET')
    return forbidden(`host ${known.hostId}: an admin reset its credentials; it enrols again with a token`);
  if (token === null || token.hostsRevokedAt !== null)
    return forbidden(
      `host ${known.hostId}: all hosts of its enrolment token were revoked; it needs another token`,
    );
  const end = graceEnd(known, graceDays);
  if (isPast(end, now))
    return forbidden(
      `host ${known.hostId}: its last credential expired more than ${graceDays} days ago; ` +
        'it enrols again with a token',
    );
  return null;
}
