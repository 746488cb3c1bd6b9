import { useQuestion } from '../registry/use-question.js';
import { TARGET_RELEASES, type TargetReleases } from './generated/operations.js';

/** The releases that a person may choose. Of more than 100 it knows the last by name. */
export const useReleases = (): TargetReleases['releases']['nodes'] =>
  useQuestion(TARGET_RELEASES, {}).data?.releases.nodes ?? [];
