import type { DecisionAfterwards, DecisionRow, WholeDecision } from '../registry/generated/operations.js';
import { clean } from './clean.js';
import { reasonsTable } from './reasons-table.js';
import { table } from './table.js';

/** Where the hosts of a decision are, or why that is not known any more. */
export type Afterwards =
  | NonNullable<DecisionAfterwards['decision']>['afterwards']
  | { readonly historyGone: string };

const formatCounts = ({ counts, noReturn }: Pick<DecisionRow, 'counts' | 'noReturn'>): string =>
  `${counts.total} hosts: ${counts.refused} refused, ${counts.unsafe} unsafe, ${counts.unknown} unknown, ` +
  `${counts.safe} safe${noReturn === null ? '' : `; ${noReturn} would lose a way back`}`;

/** What let a decision pass, in addition to SAFE. */
function overridesOf({ overrides: { allowed, ignored, waivers, breakGlass } }: DecisionRow): string[] {
  return [
    ...(breakGlass === null ? [] : [`break-glass: ${breakGlass}`]),
    ...waivers.map(
      ({ id, owner, codes, hosts }) => `waiver ${id} of ${owner}: ${codes.join(' ')} on ${hosts} hosts`,
    ),
    ...(allowed.length === 0 ? [] : [`allowed: ${allowed.join(' ')}`]),
    ...ignored.map(
      ({ code, owner, expiresAt, reason }) => `ignored: ${code} by ${owner} until ${expiresAt}: ${reason}`,
    ),
  ].map(clean);
}

export function decisionsTable(decisions: readonly DecisionRow[], width: number | null): string {
  if (decisions.length === 0) return 'no decision matches';
  const rows = decisions.map((row) => [
    clean(row.at),
    clean(row.changeId),
    clean(row.gate),
    clean(row.decision),
    row.overridden ? 'OVERRIDDEN' : row.passed ? 'passed' : 'stopped',
    String(row.counts.total),
    clean(row.who),
    clean(row.id),
    row.overridden ? overridesOf(row).join('; ') : '',
  ]);
  return table(
    [
      { head: 'AT' },
      { head: 'CHANGE' },
      { head: 'GATE' },
      { head: 'DECISION' },
      { head: 'CHANGE WAS' },
      { head: 'HOSTS', align: 'right' },
      { head: 'WHO' },
      { head: 'ID' },
      { head: 'OVERRIDES', wrap: true },
    ],
    rows,
    width,
  );
}

/** Formats a decision: the result, the question, the answer, and what became of its hosts. */
export function decisionText(found: WholeDecision, afterwards: Afterwards, width: number | null): string {
  const { decision, gate, changeId, id, who, at, passed, overridden, question, reasons, snapshot } = found;
  const rows = reasons.map(({ hosts, reason }) => [
    String(hosts),
    reason.kind,
    clean(reason.code),
    clean(reason.text),
  ]);
  return [
    clean(
      `${decision.replace('_', ' ')}${overridden ? ', OVERRIDDEN' : ''}: ` +
        `the change ${passed ? 'passed' : 'was stopped'}`,
    ),
    clean(`decision ${id} of ${gate} for change ${changeId}, by ${who} at ${at}`),
    clean(`question: ${question}`),
    formatCounts(found),
    clean(
      `evidence ${found.evidence}, rule sets ${found.ruleSets.join(' ')}, ` +
        `as of ${snapshot.now}, rules ${snapshot.rules}`,
    ),
    ...overridesOf(found),
    ...reasonsTable(rows, width),
    '',
    afterwardsLine(afterwards, found.afterwardsUnknown),
  ].join('\n');
}

function afterwardsLine(afterwards: Afterwards, why: string | null): string {
  if (afterwards === null)
    return clean(`What became of the hosts is not known${why === null ? '' : `: ${why}`}`);
  if ('hosts' in afterwards)
    return clean(
      `Of ${afterwards.hosts} hosts, at ${afterwards.at}: ${afterwards.atTarget} at the target, ` +
        `${afterwards.unchanged} unchanged, ${afterwards.changed} changed otherwise, ${afterwards.gone} gone`,
    );
  return clean(`What became of the hosts is not known any more: ${afterwards.historyGone}`);
}
