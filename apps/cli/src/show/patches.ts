import type { ListedPatch } from '../registry/answers.js';
import { clean } from './clean.js';

type State = { readonly id: string; readonly version: number };

/** A list of patches, oldest first. */
export const formatStack = (stack: readonly ListedPatch[]): string =>
  stack.length === 0
    ? '(original)'
    : stack.map((patch) => clean(patch.transition ? `${patch.name} (${patch.enabled ? 'coming' : 'going'})` : patch.name)).join(' < ');

/** States as `id:version`; the id stays the text that it is. */
export const formatStates = (states: readonly State[] | null): string => {
  if (states === null) return 'unreadable';
  return states.length === 0 ? 'none' : states.map((state) => `${state.id}:${state.version}`).join(' ');
};

/** Is it cumulative? */
export const formatReplace = (replace: boolean | null): string => (replace === null ? 'unknown' : replace ? 'cumulative' : 'stacked');

const OWN_WORD = 'agent.';

/** Labels as `key=value`; `~` marks a host's own word, which is `agent.KEY` to the registry. */
export const formatLabels = (labels: readonly { key: string; value: string }[]): string =>
  clean(labels.map(({ key, value }) => (key.startsWith(OWN_WORD) ? `~${key.slice(OWN_WORD.length)}=${value}` : `${key}=${value}`)).join(' '));

/** The head of a column of labels. */
export const LABELS = 'LABELS (~ own word)';
