import type { Cohort, ListedPatch } from '../registry/generated/operations.js';
import { clean } from './clean.js';

/** Formats what the hosts of a cohort run. */
export const formatRuns = ({ runs, stack }: Pick<Cohort, 'runs' | 'stack'>): string =>
  stack === null ? clean((runs ?? []).join(' < ')) || '(original)' : formatStack(stack);

type State = { readonly id: string; readonly version: number };

/** Formats a list of patches, oldest first. */
export const formatStack = (stack: readonly ListedPatch[]): string =>
  stack.length === 0
    ? '(original)'
    : stack
        .map((patch) =>
          clean(
            patch.transition
              ? `${patch.name} (${patch.enabled ? 'being applied' : 'being reverted'})`
              : patch.name,
          ),
        )
        .join(' < ');

/** Formats states as `id:version`. */
export const formatStates = (states: readonly State[] | null): string => {
  if (states === null) return 'unreadable';
  return states.length === 0 ? 'none' : states.map((state) => `${state.id}:${state.version}`).join(' ');
};

/** Formats the `replace` flag of a patch. */
export const formatReplace = (replace: boolean | null): string =>
  replace === null ? 'unknown' : replace ? 'cumulative' : 'stacked';

const REPORTED = 'agent.';

/**
 * Formats labels as `key=value`. `~` marks a label that
 * the agent reports, which is `agent.KEY` in the registry.
 */
export const formatLabels = (labels: readonly { key: string; value: string }[]): string =>
  clean(
    labels
      .map(({ key, value }) =>
        key.startsWith(REPORTED) ? `~${key.slice(REPORTED.length)}=${value}` : `${key}=${value}`,
      )
      .join(' '),
  );

/** The heading of a column of labels. */
export const LABELS = 'LABELS (~ by agent)';
