import type { StoredPatch } from '../../store/catalog/manifests.js';
import type { PatchFacts } from '../../store/catalog/patches.store.js';
import { differences } from './patch-facts.js';

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
 */
export function decideFactsChange(before: StoredPatch, facts: PatchFacts): FactsChange {
  const differ = differencesFrom(before, facts);
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

export const differencesFrom = (before: StoredPatch, facts: PatchFacts): string[] =>
  differences({ ...before, file: before.files[0] ?? null }, facts);

/**
 * A build-id does not cover the signature: files with the same content are one build. Unknown digests do not
 * differ.
 */
export function isSameContent(before: StoredPatch, facts: PatchFacts): boolean {
  if (before.contentSha256 !== null && facts.contentSha256 !== null)
    return before.contentSha256 === facts.contentSha256;
  return before.sha256 === null || facts.sha256 === null || before.sha256 === facts.sha256;
}

/**
 * Whether the file of a submission is one of the build's files after the change. A signature for another file
 * with this build-id promises nothing about the build.
 */
export const isFileOfBuild = (before: StoredPatch, { store }: FactsChange, facts: PatchFacts): boolean => {
  return store === 'BETTER_EVIDENCE' || store === 'FILE' || isKnownFile(before, facts);
};

/** Whether the file of a submission is one of those that the build already has. */
export const isKnownFile = (
  { files, sha256 }: Pick<StoredPatch, 'files' | 'sha256'>,
  facts: PatchFacts,
): boolean =>
  files.length > 0
    ? files.some((file) => file.sha256 === facts.sha256)
    : sha256 !== null && sha256 === facts.sha256;
