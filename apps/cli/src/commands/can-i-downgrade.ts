import { Command } from 'commander';
import { type Decision, decide, mayComeBack, mayPass } from '../gate/decide.js';
import { askFleet, type FleetAnswer, type FleetQuestion } from '../gate/fleet.js';
import { type QuestionFlags, questionFrom, seconds, toleranceFrom } from '../gate/question.js';
import { settle } from '../gate/wait.js';
import { resolveTarget, targetInWords } from '../registry/target.js';
import { fleetText } from '../show/fleet.js';
import { show } from '../show/output.js';
import { paintFor } from '../show/paint.js';
import { hostFilter } from '../where/filter.js';
import type { Act } from './act.js';
import { QUESTION_OPTIONS } from './flags.js';
import { helpText } from './help.js';

interface Flags extends QuestionFlags {
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
    .addHelpText('after', helpText('can-i-downgrade'))
    .action(
      act<Flags>(async ({ flags, settings, world, registry }) => {
        const gate = { maxRefused: toleranceFrom(flags.maxRefused), allowEmpty: flags.allowEmpty ?? false };
        const asked = { where: hostFilter(flags.where, flags.authoritativeLabels), ...questionFrom(flags) };
        const patience = flags.wait === undefined ? 0 : seconds('--wait', flags.wait);

        const attempt = async () => {
          const question: FleetQuestion = { to: await resolveTarget(flags.to, flags.leaving, registry), ...asked };
          const answer = await askFleet(question, registry);
          const decision = decide(answer, gate);
          return { result: { question, answer, decision }, unsettled: mayPass(decision, answer) ? decision.why : null };
        };
        const { question, answer, decision } = await settle(attempt, mayComeBack, patience, world);

        const title = `Can ${flags.where === undefined ? 'every host' : `the hosts with ${flags.where}`} go to ${targetInWords(question.to)}?`;
        show(asData(question, answer, decision), (width) => fleetText(title, answer, decision, paintFor(world), width), settings.output, world.stdout);
        return decision.exit;
      }),
    );
}

/** The answer for machines. It only grows. */
const asData = (question: FleetQuestion, answer: FleetAnswer, decision: Decision) => ({
  schemaVersion: 1,
  question,
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
