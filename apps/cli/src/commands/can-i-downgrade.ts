import { Command, Option } from 'commander';
import { usage } from '../exits.js';
import { askGate, type Asked, type GateFlags } from '../gate/ask.js';
import { toGroup } from '../gate/groups.js';
import { kindFrom, type ListedHost, listHosts } from '../gate/list-hosts.js';
import { repeatFlags } from '../gate/point-in-time.js';
import { type Decided, type Outcome, record, recordData } from '../gate/record.js';
import { type RecordFlags, recordingFrom, withRecordOptions } from '../gate/record-flags.js';
import { exitFor, WARN_ONLY_OPTION } from '../gate/warn-only.js';
import { KINDS } from '../registry/kinds.js';
import { clean } from '../show/clean.js';
import { decisionLine, fleetText } from '../show/fleet.js';
import { formatReport } from '../show/gate-report.js';
import { isReportFormat, show } from '../show/output.js';
import { paintFor } from '../show/paint.js';
import { overrideLine, recordNotes, tellOverride, withNotes } from '../show/record.js';
import { VERSION } from '../version.js';
import { hintNoMatch } from '../where/suggest.js';
import type { Act } from './act.js';
import { withValues } from './flags.js';
import { withGateOptions } from './gate-options.js';
import { helpText } from './help.js';

interface Flags extends GateFlags, RecordFlags {
  readonly full?: true;
  readonly list?: string;
  readonly warnOnly?: true;
}

/** `can-i-downgrade`: the gate before a rollback. Its exit code is its answer. */
export const canIDowngrade = (act: Act): Command =>
  withRecordOptions(
    withGateOptions(
      new Command('can-i-downgrade')
        .summary('check whether hosts can be downgraded, and show every reason why not')
        .description(
          'Checks whether every matching host can be downgraded to a target. The exit code is the answer.',
        ),
    ),
  )
    .addOption(
      withValues(
        new Option('--list <kind>', 'print only the names of the hosts with this verdict'),
        KINDS.map((kind) => kind.toLowerCase()),
      ),
    )
    .option('--full', 'with -o json or yaml: all reasons and groups, each with its whole verdict')
    .addOption(WARN_ONLY_OPTION())
    .addHelpText('after', helpText('can-i-downgrade'))
    .action(
      act<Flags>(
        async ({ flags, settings, environment, registry }) => {
          const kind = flags.list === undefined ? null : kindFrom(flags.list);
          if (kind !== null && isReportFormat(settings.output))
            throw usage(`--list has no format '${settings.output}'`, 'write table, json or yaml');
          const recording = recordingFrom(flags, environment.now());
          const ignored = recording.ignored.map(({ code }) => code);
          const asked = await askGate(flags, environment, registry, ignored);
          const { answer, pointInTime, title } = asked;
          await hintNoMatch(answer.matched, flags.where, registry, environment);
          const outcome = await record(recording, toDecided(asked), registry, environment);
          const { decision } = outcome;
          const notes = recordNotes(recording, answer.waivers);
          const again = repeatFlags(pointInTime, answer.snapshot);
          if (isReportFormat(settings.output))
            environment.stdout.write(
              formatReport(settings.output, {
                command: 'can-i-downgrade',
                question: title,
                version: VERSION,
                decision,
                override: overrideLine(outcome),
                answer,
              }),
            );
          else if (kind === null)
            show(
              {
                ...headOf(asked, outcome),
                ...recordData(outcome, recording, answer.waivers),
                ...listsOf(asked, flags.full ?? false),
              },
              (width) => {
                const paint = paintFor(environment);
                const text = fleetText({ title, again }, answer, decision, paint, width);
                return withNotes(text, notes, overrideLine(outcome, paint));
              },
              settings.output,
              environment.stdout,
            );
          else {
            const hosts = await listHosts(kind, asked, registry);
            if (settings.output !== 'table' || hosts.length > 0)
              show(
                { ...headOf(asked, outcome), hosts },
                () => namesText(hosts),
                settings.output,
                environment.stdout,
              );
          }
          // In a pipe the data says it as well, but a log of the pipeline may not have it.
          if (settings.output !== 'table' || kind !== null)
            environment.stderr.write(`${decisionLine(decision, paintFor(environment, 'stderr'))}\n`);
          tellOverride(outcome, environment);
          return exitFor(decision, flags.warnOnly, environment);
        },
        { reports: true },
      ),
    );

/** The number of reasons and of groups in the small form. */
const MAX_SMALL = 20;

/** What every form of the answer begins with. */
const headOf = ({ answer, question, pointInTime }: Asked, { decision }: Outcome) => ({
  schemaVersion: 1,
  answer: decision.answer,
  why: decision.why,
  exitCode: decision.exit,
  kind: answer.kind,
  counts: answer.counts,
  matched: answer.matched,
  limitedByScope: answer.limitedByScope,
  question: { ...question, ...pointInTime },
  asOf: answer.asOf,
  policy: answer.policy,
  snapshot: answer.snapshot,
});

/**
 * The lists of the answer as data. Fields are only added, never removed. `complete`: all reasons and cohorts
 * are in it.
 */
function listsOf({ answer: { reasons, cohorts, complete } }: Asked, full: boolean) {
  const most = full ? Number.POSITIVE_INFINITY : MAX_SMALL;
  return {
    complete: complete && reasons.length <= most && cohorts.length <= most,
    reasonCount: reasons.length,
    reasons: reasons
      .slice(0, most)
      .map(({ hosts, reason }) =>
        full
          ? { hosts, ...reason }
          : { hosts, code: reason.code, kind: reason.kind, clearedBy: reason.clearedBy, text: reason.text },
      ),
    cohortCount: cohorts.length,
    cohorts: full ? cohorts : cohorts.slice(0, most).map(toGroup),
  };
}

/** What is recorded of a question and its decision. */
const toDecided = ({
  question: { to, where, ...question },
  pointInTime,
  answer,
  gate,
  decision,
}: Asked): Decided => ({
  gate: 'CAN_DOWNGRADE',
  target: to,
  where,
  question,
  pointInTime,
  snapshot: answer.snapshot,
  ...gate,
  decision,
});

const namesText = (hosts: readonly ListedHost[]): string =>
  hosts.map(({ hostname }) => clean(hostname)).join('\n');
