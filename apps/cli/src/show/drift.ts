import type { Decision } from '../gate/decide.js';
import type { DriftAnswer } from '../gate/drift.js';
import type { DriftGroup, Verdict } from '../registry/generated/operations.js';
import { clean } from './clean.js';
import { decisionLine } from './fleet.js';
import type { Paint } from './paint.js';
import { table, tableWithDetails } from './table.js';

/** The maximum number of groups in a table. `-o json` has all. */
const MAX_ROWS = 25;
/** The width of details if the terminal tells none. */
const WIDTH = 120;

/**
 * Formats a drift: the decision, hosts by their answers at both times, and the groups with another answer.
 */
export function driftText(
  title: string,
  answer: DriftAnswer,
  decision: Decision,
  paint: Paint,
  width: number | null,
): string {
  const { groups } = answer;
  const rest =
    groups.length > MAX_ROWS ? `\n  and ${groups.length - MAX_ROWS} more groups; -o json shows all` : '';
  return [
    decisionLine(decision, paint),
    clean(title),
    '',
    table(
      [{ head: 'HOSTS', align: 'right' }, { head: 'BEFORE' }, { head: 'AFTER' }],
      answer.transitions.map(({ hosts, before, after }) => [
        String(hosts),
        before ?? '(not there)',
        after ?? '(not there)',
      ]),
      width,
    ),
    ...(groups.length === 0
      ? []
      : ['', 'Who has another answer:', groupsTable(groups, width ?? WIDTH) + rest]),
  ].join('\n');
}

function groupsTable(groups: readonly DriftGroup[], width: number): string {
  const shown = groups.slice(0, MAX_ROWS);
  return tableWithDetails(
    [
      { head: 'HOSTS', align: 'right' },
      { head: 'BEFORE' },
      { head: 'AFTER' },
      { head: 'CAUSE' },
      { head: 'BECAUSE' },
    ],
    shown.map(({ hosts, before, after, cause }) => [
      String(hosts),
      answerText(before),
      answerText(after),
      clean(cause.toLowerCase()),
      codesOf(after.accepted ? before : after),
    ]),
    shown.map((group) =>
      [
        `${clean(group.kernelBefore ?? '')} ${runsText(group.runsBefore)} to ` +
          `${clean(group.kernel ?? '')} ${runsText(group.runs)}`,
        `such as ${clean(group.examples.join(' '))}`,
      ].join('; '),
    ),
    width,
  );
}

const answerText = ({ kind, accepted }: Verdict): string =>
  accepted && kind !== 'SAFE' ? `${kind} (allowed)` : kind;

const runsText = (runs: readonly string[]): string => clean(runs.join(' < ')) || '(original)';

/** The codes that decide the answer that is not accepted. */
const codesOf = ({ kind, reasons }: Verdict): string =>
  clean([...new Set(reasons.filter((reason) => reason.kind === kind).map(({ code }) => code))].join(', '));
