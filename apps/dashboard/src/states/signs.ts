import type { Mark, Restore } from './state-map.js';

/** Signs of what happens to a state when its patch is disabled. */
export const RESTORE_SIGNS: Readonly<Record<Restore, string>> = {
  CALLBACKS: '↺',
  NOT_NEEDED: '○',
  IMPOSSIBLE: '⊗',
  UNKNOWN: '?',
};

/** Signs of what does not agree. */
export const MARK_SIGNS: Readonly<Record<Mark, string>> = {
  WENT_DOWN: '▼',
  AUTHOR_DIFFERS: '≠',
  CONFLICT: '⚠',
};
