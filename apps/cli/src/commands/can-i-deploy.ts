import { Command } from 'commander';
import { usage } from '../exits.js';
import { askDeploy, decideDeploy, type DeployQuestion } from '../gate/deploy.js';
import { instantFrom } from '../gate/point-in-time.js';
import { type QuestionFlags, questionFrom, toleranceFrom } from '../gate/question.js';
import { formatTarget, resolveTarget } from '../registry/target.js';
import { deployText } from '../show/deploy.js';
import { decisionLine } from '../show/fleet.js';
import { formatReport } from '../show/gate-report.js';
import { isReportFormat, show } from '../show/output.js';
import { paintFor } from '../show/paint.js';
import { overrideLine, recordNotes, tellOverride, withNotes } from '../show/record.js';
import { record, recordData } from '../gate/record.js';
import { type RecordFlags, recordingFrom, withIgnored, withRecordOptions } from '../gate/record-flags.js';
import { exitFor, WARN_ONLY_OPTION } from '../gate/warn-only.js';
import { hostFilter } from '../where/filter.js';
import { VERSION } from '../version.js';
import { hintNoMatch } from '../where/suggest.js';
import type { Act } from './act.js';
import { AS_OF_OPTION, HOST_OPTIONS, OWNER_OPTION, QUESTION_OPTIONS } from './flags.js';
import { helpText } from './help.js';

interface Flags extends QuestionFlags, RecordFlags {
  readonly where?: string;
  readonly authoritativeLabels?: true;
  readonly leaving: readonly string[];
  readonly maxRefused?: string;
  readonly maxNoReturn?: string;
  readonly allowEmpty?: true;
  readonly warnOnly?: true;
  readonly asOf?: string;
}

/** `can-i-deploy`: the gate before a rollout. Its exit code is its answer. */
export function canIDeploy(act: Act): Command {
  const command = new Command('can-i-deploy')
    .summary('check whether hosts can take a patch, and which ways back they would lose')
    .description(
      'Checks whether every matching host can take a patch and could go back afterwards. The exit code is ' +
        'the answer.',
    )
    .argument(
      '<what>',
      'a release or module name, release:NAME, name:NAME, build-id:HEX, FILE.ko, FILE.json',
    );
  for (const option of [...HOST_OPTIONS(), ...QUESTION_OPTIONS(), OWNER_OPTION()]) command.addOption(option);
  return withRecordOptions(command)
    .option('--max-refused <n|n%>', 'the number of refused hosts to tolerate (default: 0)')
    .option('--max-no-return <n|n%>', 'the number of hosts to tolerate that lose a way back (default: 0)')
    .option('--allow-empty', 'answer yes if no host matches')
    .addOption(AS_OF_OPTION())
    .addOption(WARN_ONLY_OPTION())
    .addHelpText('after', helpText('can-i-deploy'))
    .action(
      act<Flags>(
        async ({ args, flags, settings, environment, registry }) => {
          const recording = recordingFrom(flags, environment.now());
          const gate = {
            maxRefused: toleranceFrom(flags.maxRefused),
            maxNoReturn: toleranceFrom(flags.maxNoReturn, '--max-no-return'),
            allowEmpty: flags.allowEmpty ?? false,
          };
          const name = args[0] as string;
          if (name === 'original' || name === 'previous')
            throw usage(`'${name}' is nothing to deploy`, 'write a release, a module name or a build-id');
          const question: DeployQuestion = {
            what: await resolveTarget(name, flags.leaving, registry, flags.owner),
            where: hostFilter(flags.where, flags.authoritativeLabels, environment.now()),
            ...questionFrom(withIgnored(flags, recording)),
            ...(flags.asOf !== undefined && { asOf: instantFrom(flags.asOf, environment.now()) }),
          };
          const answer = await askDeploy(question, registry);
          await hintNoMatch(answer.matched, flags.where, registry, environment);
          const { what, where, asOf, ...rest } = question;
          const decided = {
            gate: 'CAN_DEPLOY' as const,
            target: what,
            where,
            question: rest,
            pointInTime: asOf === undefined ? {} : { asOf },
            snapshot: answer.snapshot,
            ...gate,
            decision: decideDeploy(answer, gate),
          };
          const outcome = await record(recording, decided, registry, environment);
          const { decision } = outcome;
          const notes = recordNotes(recording, answer.waivers);
          const whose = flags.where === undefined ? 'every host' : `the hosts with ${flags.where}`;
          const title =
            question.asOf === undefined
              ? `Can ${formatTarget(question.what)} be deployed to ${whose}?`
              : `As of ${question.asOf}, could ${formatTarget(question.what)} be deployed to ${whose}?`;
          if (isReportFormat(settings.output)) {
            const override = overrideLine(outcome);
            const report = { command: 'can-i-deploy', question: title, version: VERSION, decision, override };
            const reasons = [...answer.reasons, ...answer.ways.flatMap((way) => way.reasons)];
            environment.stdout.write(
              formatReport(settings.output, {
                ...report,
                answer: { counts: answer.counts, reasons, cohorts: [] },
              }),
            );
          } else
            show(
              {
                schemaVersion: 1,
                answer: decision.answer,
                why: decision.why,
                exitCode: decision.exit,
                ...answer,
                ...recordData(outcome, recording, answer.waivers),
                question,
              },
              (width) => {
                const paint = paintFor(environment);
                const text = deployText(title, answer, decision, paint, width);
                return withNotes(text, notes, overrideLine(outcome, paint));
              },
              settings.output,
              environment.stdout,
            );
          if (settings.output !== 'table')
            environment.stderr.write(`${decisionLine(decision, paintFor(environment, 'stderr'))}\n`);
          tellOverride(outcome, environment);
          return exitFor(decision, flags.warnOnly, environment);
        },
        { reports: true },
      ),
    );
}
