import type { Decision } from '../gate/decide.js';
import type { ListedGroup, PlanAnswer } from '../gate/plan.js';
import type { Verdict } from '../registry/generated/operations.js';
import { clean } from './clean.js';
import { clearedBy, decisionLine } from './fleet.js';
import type { Paint } from './paint.js';
import { tableWithDetails, wrapped } from './table.js';
import { formatSteps } from './verdict.js';

/** The maximum number of groups in a table. `-o json` has all. */
const MAX_ROWS = 25;
/** The width of details if the terminal tells none. */
const WIDTH = 120;

/**
 * Formats a plan: the decision, sums, the groups in the order to go, reboots in batches, and who has no
 * route.
 */
export function planText(
  title: string,
  answer: PlanAnswer,
  decision: Decision,
  drainedBy: string | null,
  paint: Paint,
  width: number | null,
): string {
  const wide = width ?? WIDTH;
  const moving = answer.groups.filter(({ verdict }) => verdict.route !== 'NONE_NEEDED');
  return [
    decisionLine(decision, paint),
    clean(title),
    sumsLine(answer),
    ...costLines(answer),
    ...(moving.length === 0 ? [] : ['', 'What to do, in this order:', groupsTable(moving, wide)]),
    ...(answer.drain.length === 0 ? [] : ['', ...drainLines(answer, drainedBy, wide)]),
    ...(answer.blockedGroups.length === 0 ? [] : ['', 'No route:', blockedTable(answer.blockedGroups, wide)]),
  ].join('\n');
}

function sumsLine({ matched, routes, blocked }: PlanAnswer): string {
  const parts = routes.map(({ route, hosts }) =>
    route === 'NONE_NEEDED' ? `${hosts} already there` : `${hosts} by ${clean(route)}`,
  );
  if (blocked > 0) parts.push(`${blocked} without a route`);
  return `${matched} matched${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

const costLines = ({ reboots, unpatched, cvesReopened, skippedReleases }: PlanAnswer): string[] => [
  ...(reboots > 0 ? [`${hostsText(reboots)} must reboot`] : []),
  ...(unpatched > 0 ? [`${hostsText(unpatched)} would be without a fix for a while`] : []),
  ...(cvesReopened.length > 0 ? [`open again for a while: ${clean(cvesReopened.join(', '))}`] : []),
  ...(skippedReleases.length > 0
    ? [`not tried, because each has two builds for one kernel: ${clean(skippedReleases.join(', '))}`]
    : []),
];

const runsOf = ({ runs, kernelRelease, examples, hosts, members }: ListedGroup): string[] => [
  `runs ${clean(runs.join(' < ')) || '(original)'}`,
  ...(kernelRelease === null ? [] : [clean(kernelRelease)]),
  members === undefined
    ? `such as ${clean(examples.join(' '))}${hosts > examples.length ? ' …' : ''}`
    : `hosts: ${clean(members.join(' '))}${hosts > members.length ? ' …' : ''}`,
];

function groupsTable(groups: readonly ListedGroup[], width: number): string {
  const shown = groups.slice(0, MAX_ROWS);
  const text = tableWithDetails(
    [
      { head: 'ORDER', align: 'right' },
      { head: 'HOSTS', align: 'right' },
      { head: 'ROUTE' },
      { head: 'PRICE' },
    ],
    shown.map(({ hosts, verdict }, i) => [
      String(i + 1),
      String(hosts),
      clean(verdict.route ?? ''),
      priceText(verdict),
    ]),
    shown.map((group) =>
      [
        ...(group.release === null ? [] : [`to ${clean(group.release)}`]),
        formatSteps(group.verdict.steps),
        ...runsOf(group),
      ].join('; '),
    ),
    width,
  );
  return withRest(text, groups.length);
}

function blockedTable(groups: readonly ListedGroup[], width: number): string {
  const shown = groups.slice(0, MAX_ROWS);
  const text = tableWithDetails(
    [{ head: 'HOSTS', align: 'right' }, { head: 'KIND' }, { head: 'BECAUSE' }],
    shown.map(({ hosts, verdict }) => [String(hosts), verdict.kind, codesOf(verdict)]),
    shown.map((group) => [...whyOf(group.verdict), ...runsOf(group)].join('; ')),
    width,
  );
  return withRest(text, groups.length);
}

const deciding = ({ kind, reasons }: Verdict) => reasons.filter((reason) => reason.kind === kind);
const codesOf = (verdict: Verdict): string =>
  clean([...new Set(deciding(verdict).map(({ code }) => code))].join(', '));
const whyOf = (verdict: Verdict): string[] =>
  deciding(verdict).map((reason) => `${clean(reason.text)} (cleared by ${clearedBy(reason)})`);

/** Formats the cost of a route. */
function priceText({ price }: Verdict): string {
  if (price === null) return '';
  const { reboots, transitions, transitionsUnpatched, cvesReopened } = price;
  return [
    ...(reboots > 0 ? ['a reboot'] : []),
    ...(transitions > 0 ? [transitions === 1 ? '1 transition' : `${transitions} transitions`] : []),
    ...(transitionsUnpatched > 0 ? [`${transitionsUnpatched} unpatched`] : []),
    ...(cvesReopened.length > 0 ? [`open meanwhile: ${clean(cvesReopened.join(' '))}`] : []),
  ].join(', ');
}

function drainLines({ drain, reboots }: PlanAnswer, by: string | null, width: number): string[] {
  const listed = drain.reduce((sum, { hosts }) => sum + hosts.length, 0);
  const shown = drain.slice(0, MAX_ROWS);
  return [
    `Reboots, one batch after the other${by === null ? '' : ` (by ${clean(by)})`}:`,
    ...shown.flatMap(({ number, hosts }) => {
      const [first = '', ...lines] = wrapped(clean(hosts.join(' ')), width - 9);
      return [`  ${String(number).padStart(3)}  ${first}`, ...lines.map((line) => `       ${line}`)];
    }),
    ...(drain.length > MAX_ROWS ? [`  and ${drain.length - MAX_ROWS} more batches; -o json shows all`] : []),
    ...(reboots > listed ? [`  and ${reboots - listed} more hosts; narrow --where to list them`] : []),
  ];
}

const withRest = (text: string, count: number): string =>
  count > MAX_ROWS ? `${text}\n  and ${count - MAX_ROWS} more groups; -o json shows all` : text;

const hostsText = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);
