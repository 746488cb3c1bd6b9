import type { Decision } from '../gate/decide.js';
import type { DeployAnswer } from '../registry/generated/operations.js';
import { clean } from './clean.js';
import { decisionLine } from './fleet.js';
import type { Paint } from './paint.js';
import { reasonsTable } from './reasons-table.js';
import { table } from './table.js';

const WAYS: Readonly<Record<string, string>> = {
  TODAY: "to today's patches",
  ORIGINAL: 'to the original code',
};

/** Formats the answer before a rollout: the decision, counts, reasons against it, and the ways back. */
export function deployText(
  title: string,
  answer: DeployAnswer,
  decision: Decision,
  paint: Paint,
  width: number | null,
): string {
  const { counts, matched, withoutBuild, noReturn } = answer;
  const without = withoutBuild > 0 ? `; ${withoutBuild} have no build for their kernel` : '';
  const reasons = answer.reasons.map(({ hosts, reason }) => [
    String(hosts),
    reason.kind,
    clean(reason.code),
    clean(reason.text),
  ]);
  const ways = answer.ways.map(({ to, openToday, lost, states }) => [
    WAYS[to] ?? clean(to),
    String(openToday),
    String(lost),
    clean(states.join(' ')),
  ]);
  const groups = answer.ways.flatMap((way) =>
    way.groups.map(({ hosts, runs, kernelRelease, states }) => [
      String(hosts),
      WAYS[way.to] ?? clean(way.to),
      clean(runs.join(' < ')) || '(original)',
      clean(kernelRelease),
      clean(states.join(' ')),
    ]),
  );
  return [
    decisionLine(decision, paint),
    clean(title),
    `${matched} matched: ${counts.refused} refused, ${counts.unsafe} unsafe, ${counts.unknown} unknown, ` +
      `${counts.safe} safe${without}; ${noReturn} would lose a way back`,
    ...reasonsTable(reasons, width),
    '',
    table(
      [
        { head: 'WAY BACK' },
        { head: 'OPEN TODAY', align: 'right' },
        { head: 'LOST', align: 'right' },
        { head: 'BY STATES', wrap: true },
      ],
      ways,
      width,
    ),
    ...(groups.length === 0
      ? []
      : [
          '',
          'Who would lose it:',
          table(
            [
              { head: 'HOSTS', align: 'right' },
              { head: 'WAY BACK' },
              { head: 'RUNS', wrap: true },
              { head: 'KERNEL' },
              { head: 'BY STATES', wrap: true },
            ],
            groups,
            width,
          ),
        ]),
  ].join('\n');
}
