import { Command, Option } from 'commander';
import { usage } from '../exits.js';
import { type Decision, decide, mayRecover, mayChange } from '../gate/decide.js';
import { askFleet, type FleetAnswer, type FleetQuestion } from '../gate/fleet.js';
import { repeatFlags, isPast, formatInstant, withCatalogHint, type PointInTimeFlags, pointInTimeFrom, type PointInTime } from '../gate/point-in-time.js';
import { type QuestionFlags, questionFrom, seconds, toleranceFrom } from '../gate/question.js';
import { waitUntilDecided } from '../gate/wait.js';
import { resolveTarget, type TargetInput, formatTarget } from '../registry/target.js';
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

/** Can the hosts that match go to this target? The gate before a rollback; its exit code is its answer. */
export function canIDowngrade(act: Act): Command {
  const command = new Command('can-i-downgrade')
    .summary('can these hosts go to that target, and if not, exactly why not?')
    .description('Asks whether every host that matches can go to a target. The exit code is the answer.')
    .requiredOption('--to <target>', 'a release or module name, original, previous, release:NAME, name:NAME, build-id:HEX')
    .option('--where <selector>', "which hosts, such as 'env=prod,role in (web,api)' (default: all)")
    .option('--authoritative-labels', "match only labels from enrolment or an admin, not a host's own words");
  for (const option of QUESTION_OPTIONS()) command.addOption(option);
  return command
    .option('--max-refused <n|n%>', 'tolerate so many refused hosts, if no harm or doubt hides behind the refusal (default: 0)')
    .option('--allow-empty', 'yes where no host matches')
    .option('--wait <time>', 'ask again for so long while it cannot be told, or while only time is missing')
    .addOption(AS_OF_OPTION())
    .option('--snapshot <id>', 'ask of the moment of another answer: the same question gets the same answer')
    .addOption(new Option('--catalog <then|now>', 'by which catalog to judge the past (default: then)'))
    .addHelpText('after', helpText('can-i-downgrade'))
    .action(
      act<Flags>(async ({ flags, settings, environment, registry }) => {
        const gate = { maxRefused: toleranceFrom(flags.maxRefused), allowEmpty: flags.allowEmpty ?? false };
        const asked = { where: hostFilter(flags.where, flags.authoritativeLabels), ...questionFrom(flags) };
        const pointInTime = pointInTimeFrom(flags, environment.now());
        const patience = flags.wait === undefined ? 0 : seconds('--wait', flags.wait);
        if (flags.wait !== undefined && isPast(pointInTime))
          throw usage('--wait: the past does not change by waiting', 'leave out --wait, or ask of the present');

        const attempt = async () => {
          const question: FleetQuestion = { to: await resolveTarget(flags.to, flags.leaving, registry), ...asked };
          const answer = await withCatalogHint(pointInTime, CATALOG_HINT, async () => askFleet(question, pointInTime, registry));
          const decision = decide(answer, gate);
          return { result: { question, answer, decision }, unsettled: mayChange(decision, answer) ? decision.why : null };
        };
        const { question, answer, decision } = await waitUntilDecided(attempt, mayRecover, patience, environment);

        const text = (width: number | null) =>
          fleetText(
            { title: titleFor(flags.where, question.to, answer, pointInTime), again: repeatFlags(pointInTime, answer.snapshot) },
            answer,
            decision,
            paintFor(environment),
            width,
          );
        show(asData({ ...question, ...pointInTime }, answer, decision), text, settings.output, environment.stdout);
        return decision.exit;
      }),
    );
}

const CATALOG_HINT = 'the catalog of then was asked; --catalog now judges what was by what is published today';

/** The question in words, and of which moment it is, where that is not now. */
function titleFor(where: string | undefined, to: TargetInput, { asOf }: FleetAnswer, { catalog }: PointInTime): string {
  const question = `${where === undefined ? 'every host' : `the hosts with ${where}`} go to ${formatTarget(to)}?`;
  return asOf === null ? `Can ${question}` : `As of ${formatInstant(asOf)}${catalog === 'NOW' ? " and by today's catalog" : ''}, could ${question}`;
}

/** The answer for machines. It only grows. */
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
