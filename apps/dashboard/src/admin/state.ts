import { ADMIN } from '../texts/admin.js';

/** Whether a token or key counts now, in a word. */
export function stateOf({
  revokedAt,
  expiresAt,
}: {
  readonly revokedAt: string | null;
  readonly expiresAt: string | null;
}): string {
  if (revokedAt !== null) return ADMIN.revoked;
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? ADMIN.expired : ADMIN.active;
}
