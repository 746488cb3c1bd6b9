import type { Decision } from '../gate/decide.js';
import type { FleetAnswer } from '../gate/fleet.js';
import { toGroup } from '../gate/groups.js';
import type { Reason } from '../registry/generated/operations.js';
import { clean, cleanLines } from './clean.js';
import type { ReportFormat } from './output.js';
import { formatRuns } from './patches.js';

/** The answer of a gate, for the report formats of other tools. */
export interface GateReport {
  /** The command, such as `can-i-downgrade`. */
  readonly command: string;
  /** The question as a sentence. */
  readonly question: string;
  readonly version: string;
  readonly decision: Decision;
  /** Says that the decision was overridden. Null: it was not. */
  readonly override: string | null;
  readonly answer: Pick<FleetAnswer, 'counts' | 'reasons' | 'cohorts'>;
}

/** Formats the answer of a gate for another tool. */
export const formatReport = (format: ReportFormat, report: GateReport): string =>
  cleanLines(WRITERS[format](report));

const WRITERS: Readonly<Record<ReportFormat, (report: GateReport) => string>> = {
  junit: junitReport,
  sarif: sarifReport,
  github: githubReport,
};

const xml = (text: string): string =>
  clean(text).replaceAll(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Whether the change may go on: the answer is yes, or it was overridden. */
const goesOn = ({ decision, override }: GateReport): boolean =>
  decision.answer === 'yes' || override !== null;

/**
 * JUnit: one test case for the decision, and one for each group of hosts.
 *
 * A tool that fails on a failed test case agrees with the exit code: what the decision or an override
 * tolerates is skipped, not failed.
 */
function junitReport(report: GateReport): string {
  const { command, question, decision, override, answer } = report;
  const suite = `klpreg ${command}`;
  const cases = [
    {
      name: question,
      result: override === null ? resultOf(decision.answer) : 'skipped',
      text: override === null ? decision.why : `${override}; ${decision.answer}: ${decision.why}`,
    },
    ...answer.cohorts.map((cohort) => {
      const { kind, errno, accepted, codes, hosts, kernelRelease, examples } = toGroup(cohort);
      const on = kernelRelease === null ? '' : ` on ${kernelRelease}`;
      return {
        name: `${hosts} running ${formatRuns(cohort)}${on}`,
        result: accepted ? null : goesOn(report) ? 'skipped' : kind === 'UNKNOWN' ? 'error' : 'failure',
        text:
          `${[kind, errno].filter(Boolean).join(' ')}: ` +
          `${codes.join(', ')}; such as ${examples.join(' ')}`,
      };
    }),
  ];
  const count = (result: string) => cases.filter((each) => each.result === result).length;
  const totals =
    `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" ` +
    `skipped="${count('skipped')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${xml(suite)}" ${totals}>`,
    ...cases.map(({ name, result, text }) =>
      result === null
        ? `    <testcase classname="${xml(suite)}" name="${xml(name)}"/>`
        : `    <testcase classname="${xml(suite)}" name="${xml(name)}">` +
          `<${result} message="${xml(text)}"/></testcase>`,
    ),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const resultOf = (answer: Decision['answer']): string | null =>
  answer === 'yes' ? null : answer === 'no' ? 'failure' : 'error';

const LEVELS: Readonly<Record<Reason['kind'], string>> = {
  REFUSED: 'error',
  UNSAFE: 'error',
  UNKNOWN: 'warning',
  ADVISORY: 'note',
};

/** SARIF 2.1.0: one result for each reason, with its number of hosts. */
function sarifReport(report: GateReport): string {
  const { command, question, version, decision, override, answer } = report;
  const codes = [...new Set(answer.reasons.map(({ reason }) => reason.code))];
  return `${JSON.stringify(
    {
      version: '2.1.0',
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      runs: [
        {
          tool: {
            driver: {
              name: 'klpreg',
              version,
              rules: codes.map((id) => ({ id })),
            },
          },
          automationDetails: { id: `klpreg/${command}` },
          invocations: [
            {
              executionSuccessful: decision.answer !== 'cannot tell',
              exitCode: decision.exit,
              exitCodeDescription: `${decision.answer}: ${decision.why}`,
              ...(override !== null && {
                toolExecutionNotifications: [{ level: 'warning', message: { text: override } }],
              }),
              commandLine: `klpreg ${command}`,
            },
          ],
          properties: { question, answer: decision.answer, counts: answer.counts },
          results: answer.reasons.map(({ reason, hosts }) => ({
            ruleId: reason.code,
            ruleIndex: codes.indexOf(reason.code),
            // a tool that fails on an error agrees with the exit code
            level: goesOn(report) ? 'note' : LEVELS[reason.kind],
            message: { text: `${reason.text} (${hosts} ${hosts === 1 ? 'host' : 'hosts'})` },
            occurrenceCount: hosts,
            ...(reason.patch !== null && {
              locations: [{ logicalLocations: [{ name: reason.patch, kind: 'module' }] }],
            }),
          })),
        },
      ],
    },
    null,
    2,
  )}\n`;
}

/** Percent-encodes what ends the text of a workflow command. */
const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/**
 * The maximum number of reasons in a log of GitHub Actions, which shows ten annotations of a kind in a step.
 */
const MAX_ANNOTATIONS = 9;

/** Workflow commands of GitHub Actions: the decision, then the reasons that most hosts have. */
function githubReport(report: GateReport): string {
  const { question, decision, override, answer } = report;
  const own = { yes: 'notice', no: 'error', 'cannot tell': 'warning' }[decision.answer];
  const level = override === null ? own : 'warning';
  const reasons = answer.reasons.filter(({ reason }) => reason.kind !== 'ADVISORY').slice(0, MAX_ANNOTATIONS);
  return [
    ...(override === null ? [] : [`::warning title=${property(question)}::${data(override)}`]),
    `::${level} title=${property(question)}::${data(`${decision.answer}: ${decision.why}`)}`,
    ...reasons.map(
      ({ reason, hosts }) =>
        `::${goesOn(report) ? 'notice' : level} title=${property(reason.code)}::` +
        data(`${hosts} ${hosts === 1 ? 'host' : 'hosts'}: ${reason.text}`),
    ),
    '',
  ].join('\n');
}
