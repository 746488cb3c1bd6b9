import { moreCautious } from '@klpreg/compat';
import { RequestError } from '../../errors.js';
import { conflictsOf, type StoredPatch, type StoredStatement } from '../../store/catalog/manifests.js';
import { differencesFrom, isKnownFile, isSameContent } from './decide.js';
import { toStoredStatement } from '../../store/catalog/declared-facts.js';
import type { Submission } from './submission.js';

/**
 * Decides whether a submission is by the owner of a published build, or claims the build.
 *
 * A build belongs to the owner whose signed manifest comes first. Until then anyone who publishes it may be
 * said to own it, so another owner may claim it. A claim changes no facts.
 *
 * @param signer fingerprint of the key that signed the submission; null: unsigned
 * @throws RequestError OWNED_BY_ANOTHER, or OTHER_RELEASE if only the release differs
 */
export function decideOwnership(
  before: StoredPatch,
  submission: Submission,
  signer: string | null,
): 'OWNED' | 'CLAIMED' {
  const { facts, release, owner } = submission;
  if (before.owner === owner && before.release === release) return 'OWNED';
  if (before.owner === owner) throw otherRelease(facts.buildId, before.release, release);
  const refusal = refuseOwner(before) ?? refuseClaim(before, submission, signer);
  if (refusal === null) return 'CLAIMED';
  throw new RequestError(
    'OWNED_BY_ANOTHER',
    `${facts.buildId} is published as release ${before.release} of ${before.owner}: ${refusal}`,
  );
}

const otherRelease = (buildId: string, published: string, found: string): RequestError =>
  new RequestError(
    'OTHER_RELEASE',
    `${buildId} is already published under release ${published}, and a build keeps its release`,
    [{ pointer: '/release', detail: `must be ${published}`, found: JSON.stringify(found) }],
  );

/** Returns why the build can be claimed by no other owner; null if it can. */
function refuseOwner({ ownership, recalledAt }: StoredPatch): string | null {
  if (ownership === 'SIGNED')
    return 'this owner has signed for it, and only an admin transfers it (klpreg patch transfer)';
  if (ownership === 'TRANSFERRED')
    return 'an admin gave it to this owner, and only an admin transfers it (klpreg patch transfer)';
  return recalledAt === null ? null : 'it is recalled, and a recalled build cannot be claimed';
}

/** Returns why this submission does not claim the build; null if it does. */
function refuseClaim(
  before: StoredPatch,
  { facts, author }: Submission,
  signer: string | null,
): string | null {
  if (signer === null || author === null) return 'another owner claims it with a signed manifest only';
  if (facts.evidence !== 'MODULE' || !isKnownFile(before, facts))
    return 'another owner claims it only with the file that is published, or an admin transfers it';
  const isInConflict =
    [...conflictsOf(before), ...differencesFrom(before, facts)].length > 0 || !isSameContent(before, facts);
  if (isInConflict) return 'its facts are in conflict, so only an admin transfers it';
  return before.author === null || declaresAll(toStoredStatement(author), before.author.statement)
    ? null
    : 'your statement takes back what its statement declares, so only an admin transfers it';
}

/**
 * Whether a statement declares each state and all harm of an earlier one: what it says of a state is as
 * cautious.
 *
 * Promises of the earlier one may be missing: without them, no verdict is better.
 */
const declaresAll = (statement: StoredStatement, earlier: StoredStatement): boolean =>
  earlier.states.every(({ id, version, restore }) =>
    statement.states.some(
      (state) =>
        state.id === id &&
        state.version === version &&
        moreCautious(state.restore, restore) === state.restore,
    ),
  ) && earlier.unsupported.every((operation) => statement.unsupported.includes(operation));
