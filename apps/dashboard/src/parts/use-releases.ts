import { useQuestion } from '../registry/use-question.js';
import { TARGET_RELEASES, type TargetReleases } from './generated/operations.js';

/**
 * The releases that a person may choose. Of more than 100 it knows the last by name.
 *
 * @param isAsked false: do not ask yet
 */
export const useReleases = (isAsked = true): TargetReleases['releases']['nodes'] =>
  useQuestion(TARGET_RELEASES, isAsked ? {} : null).data?.releases.nodes ?? [];
