import type { Decision } from '../gate/decide.js';
import type { FleetAnswer } from '../gate/fleet.js';
import type { Cohort, Reason, Verdict } from '../registry/generated/operations.js';
import { KINDS } from '../registry/kinds.js';
import { clean } from './clean.js';
import type { Paint } from './paint.js';
import { mergeReasons } from './merge-reasons.js';
import { formatLabels, formatRuns } from './patches.js';
import { appliedPolicyText } from './policy.js';
import { type Column, table, tableWithDetails, wrapped } from './table.js';

/** The maximum number of rows of a table. `--full -o json` has all of them. */
const MAX_ROWS = 25;

const HEADLINE = {
  yes: ['green', 'YES'],
  no: ['red', 'NO'],
  'cannot tell': ['yellow', 'CANNOT TELL'],
} as const;

/** Formats the decision as one line. */
export const decisionLine = (decision: Decision, paint: Paint): string =>
  `${paint(HEADLINE[decision.answer][0], HEADLINE[decision.answer][1])}: ${clean(decision.why)}`;

/** The lines above and below an answer. */
interface Frame {
  readonly title: string;
  /** The flags that repeat the question for the same point in time. Null if no flags can. */
  readonly again: string | null;
}

/**
 * Formats a fleet's answer: the decision, counts, reasons (most hosts first), what to do, and groups (worst
 * first).
 */
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
  const actions = decision.answer === 'yes' ? [] : whatToDo(answer, width);
  return [
    decisionLine(decision, paint),
    clean(title),
    `${answer.matched} matched: ${counts.refused} refused, ${counts.unsafe} unsafe, ${counts.unknown} ` +
      `unknown, ${counts.safe} safe${hidden}`,
    ...(answer.policy.revision === null ? [] : [paint('dim', appliedPolicyText(answer.policy))]),
    ...(answer.reasons.length === 0 ? [] : ['', reasonsTable(answer, width)]),
    ...(actions.length === 0 ? [] : ['', 'What to do:', ...actions]),
    ...(answer.cohorts.length === 0 ? [] : ['', cohortsTable(answer, width)]),
    ...(again === null
      ? []
      : ['', paint('dim', clean(`to repeat this for the same point in time: ${again}`))]),
  ].join('\n');
}

/** On a narrower terminal, sentences and lists are below their row. */
const WIDE = 130;

function reasonsTable(answer: FleetAnswer, width: number | null): string {
  const reasons = mergeReasons(answer);
  const shown = reasons.slice(0, MAX_ROWS).map(({ hosts, reason }) => ({
    row: [String(hosts), reason.kind, clean(reason.code)],
    why: clean(reason.text),
  }));
  const columns: Column[] = [{ head: 'HOSTS', align: 'right' }, { head: 'KIND' }, { head: 'CODE' }];
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
  const isByLabels = cohorts.some(({ labels }) => labels.length > 0);
  const worstFirst = [...cohorts].sort(
    (a, b) => KINDS.indexOf(b.verdict.kind) - KINDS.indexOf(a.verdict.kind),
  );
  const shown = worstFirst.slice(0, MAX_ROWS).map((cohort) => ({
    row: [String(cohort.hosts), formatVerdict(cohort.verdict), decidingCodes(cohort)],
    more: [
      formatRuns(cohort),
      clean(cohort.kernelRelease ?? ''),
      ...(isByLabels ? [formatLabels(cohort.labels)] : []),
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
    ...(isByLabels ? [{ head: 'LABELS', wrap: true } as const] : []),
    { head: 'SUCH AS', wrap: true },
  ];
  const text =
    width !== null && width < WIDE
      ? tableWithDetails(
          columns,
          rowsOf(shown),
          shown.map(({ more }) =>
            [`runs ${more[0]}`, ...more.slice(1, -1), `such as ${more.at(-1)}`].filter(Boolean).join('; '),
          ),
          width,
        )
      : table(
          [...columns, ...details],
          shown.map(({ row, more }) => [...row, ...more]),
          width,
        );
  return withRest(text, cohorts.length, 'groups');
}

const rowsOf = (shown: readonly { readonly row: string[] }[]): string[][] => shown.map(({ row }) => row);

const withRest = (text: string, count: number, what: string): string =>
  count > MAX_ROWS ? `${text}\n  and ${count - MAX_ROWS} more ${what}; -o json --full shows all` : text;

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

/** What clears a reason, as an action, by its `clearedBy`; and of some codes. */
const ACTIONS: Readonly<Record<string, string>> = {
  TIME: 'wait, and ask again (--wait 10m)',
  RMMOD: 'remove the modules',
  REBOOT: 'reboot',
  REPORT: 'get a new report: see that the agent runs on these hosts',
  CANARY: 'load the patch on canary hosts with the same kernel and patches',
  AUTHOR: "ask the patch's author for a signed statement, a declaration or another build",
  TARGET: 'ask by any route (--route best), or for another target',
  NOTHING: 'no known action',
};
const ACTION_ORDER = Object.keys(ACTIONS);

/** Codes whose action their `clearedBy` does not name: other hosts report, or the question changes. */
const ACTION_OF_CODE: Readonly<Record<string, string>> = {
  SYMBOLS_UNVERIFIED: 'CANARY',
  PRE_PATCH_MAY_REFUSE: 'CANARY',
  TARGET_UNRESOLVED: 'TARGET',
};

/** The codes behind each action that are named. */
const MAX_CODES = 4;

/** Returns what clears the reasons, one line for each kind of action, with the codes that it clears. */
function whatToDo(answer: FleetAnswer, width: number | null): string[] {
  if (answer.matched === 0) return ['  check --where; if it may match no host, add --allow-empty'];
  const codes = new Map<string, Map<string, number>>();
  for (const { reason, hosts } of mergeReasons(answer)) {
    if (reason.kind === 'ADVISORY') continue;
    const action = ACTION_OF_CODE[reason.code] ?? reason.clearedBy;
    const each = codes.get(action) ?? new Map<string, number>();
    each.set(reason.code, Math.max(each.get(reason.code) ?? 0, hosts));
    codes.set(action, each);
  }
  return [...codes]
    .toSorted(([a], [b]) => ACTION_ORDER.indexOf(a) - ACTION_ORDER.indexOf(b))
    .flatMap(([action, each]) => {
      const named = [...each]
        .slice(0, MAX_CODES)
        .map(([code, hosts]) => `${clean(code)} on ${hostsText(hosts)}`);
      const more = each.size - MAX_CODES;
      const rest = more > 0 ? `, and ${more} more ${more === 1 ? 'code' : 'codes'}` : '';
      const text = `${ACTIONS[action] ?? clean(action)}: ${named.join(', ')}${rest}`;
      const [first = '', ...lines] = width === null ? [text] : wrapped(text, width - 4);
      return [`  ${first}`, ...lines.map((line) => `    ${line}`)];
    });
}

const hostsText = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);

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
