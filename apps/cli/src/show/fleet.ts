import type { Decision } from '../gate/decide.js';
import type { FleetAnswer } from '../gate/fleet.js';
import type { Cohort, Reason, Verdict } from '../registry/generated/operations.js';
import { KINDS } from '../registry/kinds.js';
import { clean } from './clean.js';
import type { Paint } from './paint.js';
import { mergeReasons } from './merge-reasons.js';
import { LABELS, formatLabels, formatRuns } from './patches.js';
import { type Column, table, tableWithDetails } from './table.js';

/** The maximum number of rows of a table. The JSON has all of them. */
const MAX_ROWS = 25;

const HEADLINE = {
  yes: ['green', 'YES'],
  no: ['red', 'NO'],
  'cannot tell': ['yellow', 'CANNOT TELL'],
} as const;

/** Formats the decision as one line. */
const decisionLine = (decision: Decision, paint: Paint): string =>
  `${paint(HEADLINE[decision.answer][0], HEADLINE[decision.answer][1])}: ${clean(decision.why)}`;

/** The lines above and below an answer. */
interface Frame {
  readonly title: string;
  /** The flags that repeat the question for the same point in time. Null if no flags can. */
  readonly again: string | null;
}

/** Formats a fleet's answer: counts, reasons (most hosts first), cohorts (worst first), and the decision. */
export function fleetText(
  { title, again }: Frame,
  answer: FleetAnswer,
  decision: Decision,
  paint: Paint,
  width: number | null,
): string {
  const { counts } = answer;
  const hidden =
    counts.harmful > counts.unsafe
      ? `; ${counts.harmful - counts.unsafe} of the refused or unknown would be harmed as well`
      : '';
  return [
    paint('bold', clean(title)),
    `${answer.matched} matched: ${counts.refused} refused, ${counts.unsafe} unsafe, ${counts.unknown} ` +
      `unknown, ${counts.safe} safe${hidden}`,
    ...(answer.reasons.length === 0 ? [] : ['', reasonsTable(answer, width)]),
    ...(answer.cohorts.length === 0 ? [] : ['', cohortsTable(answer, width)]),
    '',
    decisionLine(decision, paint),
    ...(again === null ? [] : [paint('dim', clean(`to repeat this for the same point in time: ${again}`))]),
  ].join('\n');
}

/** On a narrower terminal, sentences and lists are below their row. */
const WIDE = 130;

function reasonsTable(answer: FleetAnswer, width: number | null): string {
  const reasons = mergeReasons(answer);
  const shown = reasons.slice(0, MAX_ROWS).map(({ hosts, reason }) => ({
    row: [String(hosts), reason.kind, clean(reason.code), clearedBy(reason)],
    why: clean(reason.text),
  }));
  const columns: Column[] = [
    { head: 'HOSTS', align: 'right' },
    { head: 'KIND' },
    { head: 'CODE' },
    { head: 'CLEARED BY' },
  ];
  const text =
    width !== null && width < WIDE
      ? tableWithDetails(
          columns,
          rowsOf(shown),
          shown.map(({ why }) => why),
          width,
        )
      : table(
          [...columns, { head: 'WHY', wrap: true }],
          shown.map(({ row, why }) => [...row, why]),
          width,
        );
  return withRest(text, reasons.length, 'reasons');
}

function cohortsTable({ cohorts }: FleetAnswer, width: number | null): string {
  const worstFirst = [...cohorts].sort(
    (a, b) => KINDS.indexOf(b.verdict.kind) - KINDS.indexOf(a.verdict.kind),
  );
  const shown = worstFirst.slice(0, MAX_ROWS).map((cohort) => ({
    row: [String(cohort.hosts), formatVerdict(cohort.verdict), decidingCodes(cohort)],
    more: [
      formatRuns(cohort),
      clean(cohort.kernelRelease ?? ''),
      formatLabels(cohort.labels),
      examples(cohort),
    ],
  }));
  const columns: Column[] = [
    { head: 'HOSTS', align: 'right' },
    { head: 'ANSWER', wrap: true },
    { head: 'BECAUSE', wrap: true },
  ];
  const details: Column[] = [
    { head: 'RUNS', wrap: true },
    { head: 'KERNEL' },
    { head: LABELS, wrap: true },
    { head: 'SUCH AS', wrap: true },
  ];
  const text =
    width !== null && width < WIDE
      ? tableWithDetails(
          columns,
          rowsOf(shown),
          shown.map(({ more: [runs, kernel, labels, hosts] }) =>
            [`runs ${runs}`, kernel, labels, `such as ${hosts}`].filter(Boolean).join('; '),
          ),
          width,
        )
      : table(
          [...columns, ...details],
          shown.map(({ row, more }) => [...row, ...more]),
          width,
        );
  return withRest(text, cohorts.length, 'cohorts');
}

const rowsOf = (shown: readonly { readonly row: string[] }[]): string[][] => shown.map(({ row }) => row);

const withRest = (text: string, count: number, what: string): string =>
  count > MAX_ROWS ? `${text}\n  and ${count - MAX_ROWS} more ${what}; -o json shows all` : text;

/** Formats a verdict: `REFUSED EINVAL by REPLACE`. A SAFE verdict holds for its route only. */
const formatVerdict = ({ kind, errno, route }: Verdict): string =>
  clean([kind, errno, route === null ? null : `by ${route}`].filter((word) => word !== null).join(' '));

/** Returns the codes of the reasons that decide the kind. */
const decidingCodes = ({ verdict }: Cohort): string => {
  const codes = verdict.reasons
    .filter((reason) => reason.kind === verdict.kind)
    .map(({ code }) => (verdict.allowed.includes(code) ? `${code} (allowed)` : code));
  return clean([...new Set(codes)].join(', '));
};

const examples = (cohort: Cohort): string =>
  clean(cohort.examples.join(' ')) + (cohort.hosts > cohort.examples.length ? ' …' : '');

const CLEARED_BY: Readonly<Record<string, string>> = {
  TIME: 'waiting',
  RMMOD: 'rmmod',
  REBOOT: 'a reboot',
  REPORT: 'a new report',
  AUTHOR: "the patch's author",
  NOTHING: 'nothing',
};

/** Formats what clears a reason. An unknown value stays as it is. */
export const clearedBy = (reason: Reason): string => CLEARED_BY[reason.clearedBy] ?? clean(reason.clearedBy);
