import { RequestError } from '../../errors.js';
import type { StoredPatch } from '../../store/catalog/manifests.js';
import { differencesFrom, isKnownFile, isSameContent } from './decide.js';
import type { Submission } from './submission.js';

/**
 * Decides whether a submission is by the owner of a published build, or claims the build.
 *
 * A build belongs to the owner whose signed manifest comes first. Until then anyone who publishes it may be said to
 * own it, so another owner may claim it. A claim changes no facts.
 *
 * @param signer fingerprint of the key that signed the submission; null: unsigned
 * @throws RequestError OWNED_BY_ANOTHER
 */
export function decideOwnership(
  before: StoredPatch,
  submission: Submission,
  signer: string | null,
): 'OWNED' | 'CLAIMED' {
  const { facts, release, owner } = submission;
  if (before.owner === owner && before.release === release) return 'OWNED';
  const refusal =
    before.owner === owner
      ? 'a build keeps its release'
      : (refuseOwner(before) ?? refuseClaim(before, submission, signer));
  if (refusal === null) return 'CLAIMED';
  throw new RequestError(
    'OWNED_BY_ANOTHER',
    `${facts.buildId} is published as release ${before.release} of ${before.owner}: ${refusal}`,
  );
}

/** Returns why the build can be claimed by no other owner; null if it can. */
function refuseOwner({ ownership, recalledAt }: StoredPatch): string | null {
  if (ownership === 'SIGNED')
    return 'this owner has signed for it, and only an admin transfers it (klpreg patch transfer)';
  if (ownership === 'TRANSFERRED')
    return 'an admin gave it to this owner, and only an admin transfers it (klpreg patch transfer)';
  return recalledAt === null ? null : 'it is recalled, and a recalled build cannot be claimed';
}

/** Returns why this submission does not claim the build; null if it does. */
function refuseClaim(before: StoredPatch, { facts }: Submission, signer: string | null): string | null {
  if (signer === null) return 'another owner claims it with a signed manifest only';
  if (facts.evidence !== 'MODULE' || !isKnownFile(before, facts))
    return 'another owner claims it only with the file that is published, or an admin transfers it';
  const isInConflict =
    before.otherFiles.length > 0 ||
    [...before.disagreements, ...differencesFrom(before, facts)].length > 0 ||
    !isSameContent(before, facts);
  return isInConflict ? 'its facts are in conflict, so only an admin transfers it' : null;
}
