import { signedForm } from '@klpreg/wire';
import { type OwnerKey, signedBy } from '../../access/owner-keys.js';
import { RequestError } from '../../errors.js';
import type { StoredPatch } from '../../store/catalog/manifests.js';
import type { PatchFacts } from '../../store/catalog/patches.store.js';
import { differences } from './patch-facts.js';
import type { Submission } from './submission.js';

/** What a submission changes in the file facts of a patch that is already published. */
export type FactsChange =
  | { readonly store: 'NOTHING'; readonly outcome: 'UNCHANGED' }
  | { readonly store: 'FILE'; readonly outcome: 'UPDATED' }
  | {
      readonly store: 'BETTER_EVIDENCE';
      readonly outcome: 'UPDATED' | 'CONFLICT';
      readonly differ: readonly string[];
    }
  | {
      readonly store: 'CONFLICT';
      readonly outcome: 'CONFLICT';
      readonly differ: readonly string[];
      /** SHA-256 of a file with other content. */
      readonly otherFile: string | null;
    };

/**
 * Decides what a submission changes. File facts never change for a build-id; only a file replaces a mere
 * manifest.
 *
 * @throws RequestError OWNED_BY_ANOTHER
 */
export function decideFactsChange(
  before: StoredPatch,
  { facts, release, owner }: Pick<Submission, 'facts' | 'release' | 'owner'>,
): FactsChange {
  if (before.owner !== owner || before.release !== release)
    throw new RequestError(
      'OWNED_BY_ANOTHER',
      `${facts.buildId} is published as release ${before.release} of ${before.owner}, and only its owner ` +
        'may update it',
    );
  const differ = differences({ ...before, file: before.files[0] ?? null }, facts);
  if (facts.evidence === 'MODULE' && before.evidence !== 'MODULE')
    return { store: 'BETTER_EVIDENCE', outcome: differ.length > 0 ? 'CONFLICT' : 'UPDATED', differ };
  const otherFile = isSameContent(before, facts) ? null : facts.sha256;
  if (differ.length > 0 || otherFile !== null)
    return { store: 'CONFLICT', outcome: 'CONFLICT', differ, otherFile };
  const isNewFile = facts.file !== null && !before.files.some(({ sha256 }) => sha256 === facts.sha256);
  return facts.evidence === 'MODULE' && isNewFile
    ? { store: 'FILE', outcome: 'UPDATED' }
    : { store: 'NOTHING', outcome: 'UNCHANGED' };
}

/**
 * A build-id does not cover the signature: files with the same content are one build. Unknown digests do not
 * differ.
 */
function isSameContent(before: StoredPatch, facts: PatchFacts): boolean {
  if (before.contentSha256 !== null && facts.contentSha256 !== null)
    return before.contentSha256 === facts.contentSha256;
  return before.sha256 === null || facts.sha256 === null || before.sha256 === facts.sha256;
}

/**
 * Returns the fingerprint of the key that signed the author statement; null if it is unsigned.
 *
 * @param keys of the owner
 * @throws RequestError if there is a signature that no valid key of the owner made
 */
export function signerOf(
  { facts, author, signature, release, owner }: Submission,
  keys: readonly (OwnerKey & { readonly revokedAt: Date | null })[],
): string | null {
  if (signature === null) return null;
  const wrong = (detail: string) =>
    new RequestError('BAD_USER_INPUT', `the signature is not valid: ${detail}`, [
      { pointer: '/signature', detail, found: signature },
    ]);
  if (author === null) throw wrong('the submission has no author statement');
  const valid = keys.filter(({ revokedAt }) => revokedAt === null);
  const key = signedBy(valid, signedForm(facts.buildId, { release, owner }, author), signature);
  if (key === null)
    throw wrong(
      valid.length === 0
        ? `no key of ${owner} is known (an admin adds one with addOwnerKey)`
        : `none of the ${valid.length} keys of ${owner} made it for this statement, build and release`,
    );
  return key.fingerprint;
}
