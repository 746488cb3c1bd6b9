import { Command, Option } from 'commander';
import { usage } from '../exits.js';
import { type Decision, decide, mayRecover, mayChange } from '../gate/decide.js';
import { askFleet, type FleetAnswer, type FleetQuestion } from '../gate/fleet.js';
import {
  repeatFlags,
  isPast,
  formatInstant,
  withCatalogHint,
  type PointInTimeFlags,
  pointInTimeFrom,
  type PointInTime,
} from '../gate/point-in-time.js';
import { type QuestionFlags, questionFrom, seconds, toleranceFrom } from '../gate/question.js';
import { waitUntilDecided } from '../gate/wait.js';
import type { TargetInput } from '../registry/generated/operations.js';
import { formatTarget, resolveTarget } from '../registry/target.js';
import { fleetText } from '../show/fleet.js';
import { show } from '../show/output.js';
import { paintFor } from '../show/paint.js';
import { hostFilter } from '../where/filter.js';
import type { Act } from './act.js';
import { AS_OF_OPTION, QUESTION_OPTIONS } from './flags.js';
import { helpText } from './help.js';

interface Flags extends QuestionFlags, PointInTimeFlags {
  readonly to: string;
  readonly where?: string;
  readonly authoritativeLabels?: true;
  readonly leaving: readonly string[];
  readonly maxRefused?: string;
  readonly allowEmpty?: true;
  readonly wait?: string;
}

/** `can-i-downgrade`: the gate before a rollback. Its exit code is its answer. */
export function canIDowngrade(act: Act): Command {
  const command = new Command('can-i-downgrade')
    .summary('check whether hosts can be downgraded, and show every reason why not')
    .description(
      'Checks whether every matching host can be downgraded to a target. The exit code is the answer.',
    )
    .requiredOption(
      '--to <target>',
      'a release or module name, original, previous, release:NAME, name:NAME, build-id:HEX',
    )
    .option('--where <selector>', "which hosts, such as 'env=prod,role in (web,api)' (default: all)")
    .option(
      '--authoritative-labels',
      'match only labels from enrolment or an admin, not those that agents report',
    );
  for (const option of QUESTION_OPTIONS()) command.addOption(option);
  return command
    .option(
      '--max-refused <n|n%>',
      'the number of refused hosts to tolerate, unless other reasons speak against them (default: 0)',
    )
    .option('--allow-empty', 'answer yes if no host matches')
    .option('--wait <time>', 'the time to keep asking while waiting may change the answer')
    .addOption(AS_OF_OPTION())
    .option(
      '--snapshot <id>',
      'the point in time of an earlier answer: the same question gets the same answer',
    )
    .addOption(new Option('--catalog <then|now>', 'the catalog that judges the past (default: then)'))
    .addHelpText('after', helpText('can-i-downgrade'))
    .action(
      act<Flags>(async ({ flags, settings, environment, registry }) => {
        const gate = { maxRefused: toleranceFrom(flags.maxRefused), allowEmpty: flags.allowEmpty ?? false };
        const asked = { where: hostFilter(flags.where, flags.authoritativeLabels), ...questionFrom(flags) };
        const pointInTime = pointInTimeFrom(flags, environment.now());
        const patience = flags.wait === undefined ? 0 : seconds('--wait', flags.wait);
        if (flags.wait !== undefined && isPast(pointInTime))
          throw usage(
            '--wait cannot be used with --as-of or --snapshot: the past does not change',
            'leave out --wait, or ask about the present',
          );

        const attempt = async () => {
          const question: FleetQuestion = {
            to: await resolveTarget(flags.to, flags.leaving, registry),
            ...asked,
          };
          const answer = await withCatalogHint(pointInTime, CATALOG_HINT, async () =>
            askFleet(question, pointInTime, registry),
          );
          const decision = decide(answer, gate);
          return {
            result: { question, answer, decision },
            undecided: mayChange(decision, answer) ? decision.why : null,
          };
        };
        const { question, answer, decision } = await waitUntilDecided(
          attempt,
          mayRecover,
          patience,
          environment,
        );

        const text = (width: number | null) =>
          fleetText(
            {
              title: titleFor(flags.where, question.to, answer, pointInTime),
              again: repeatFlags(pointInTime, answer.snapshot),
            },
            answer,
            decision,
            paintFor(environment),
            width,
          );
        show(
          asData({ ...question, ...pointInTime }, answer, decision),
          text,
          settings.output,
          environment.stdout,
        );
        return decision.exit;
      }),
    );
}

const CATALOG_HINT = 'this used the catalog of that time; --catalog now uses what is published today';

/** Returns the question as a sentence, with its point in time unless that is the present. */
function titleFor(
  where: string | undefined,
  to: TargetInput,
  { asOf }: FleetAnswer,
  { catalog }: PointInTime,
): string {
  const question =
    `${where === undefined ? 'every host' : `the hosts with ${where}`} ` +
    `be downgraded to ${formatTarget(to)}?`;
  return asOf === null
    ? `Can ${question}`
    : `As of ${formatInstant(asOf)}${catalog === 'NOW' ? " and by today's catalog" : ''}, could ${question}`;
}

/** The answer as data. Fields are only added, never removed. */
const asData = (question: FleetQuestion & PointInTime, answer: FleetAnswer, decision: Decision) => ({
  schemaVersion: 1,
  question,
  asOf: answer.asOf,
  kind: answer.kind,
  counts: answer.counts,
  matched: answer.matched,
  limitedByScope: answer.limitedByScope,
  reasons: answer.reasons.map(({ hosts, reason }) => ({ hosts, ...reason })),
  cohorts: answer.cohorts,
  complete: answer.complete,
  snapshot: answer.snapshot,
  answer: decision.answer,
  why: decision.why,
  exitCode: decision.exit,
});
