import { Command } from 'commander';
import { usage } from '../exits.js';
import { askPlan, decidePlan, type PlanQuestion } from '../gate/plan.js';
import { instantFrom } from '../gate/point-in-time.js';
import { type QuestionFlags, questionFrom } from '../gate/question.js';
import { formatTarget, resolveTarget } from '../registry/target.js';
import { decisionLine } from '../show/fleet.js';
import { show } from '../show/output.js';
import { paintFor } from '../show/paint.js';
import { planText } from '../show/plan.js';
import { hostFilter } from '../where/filter.js';
import type { Act } from './act.js';
import { AS_OF_OPTION, HOST_OPTIONS, QUESTION_OPTIONS } from './flags.js';
import { helpText } from './help.js';

interface Flags extends QuestionFlags {
  readonly to?: string;
  readonly newest?: true;
  readonly where?: string;
  readonly authoritativeLabels?: true;
  readonly leaving: readonly string[];
  readonly drainBy?: string;
  readonly atOnce?: string;
  readonly asOf?: string;
  readonly list?: true;
}

/** `plan`: the cheapest route for every group of hosts, in the order to go. */
export function plan(act: Act): Command {
  const command = new Command('plan')
    .summary('show the cheapest route for every group of hosts, in the order to go')
    .description(
      'Shows by which route each group of hosts gets to a target, what ' +
        'it costs, and the order to go: the cheapest ' +
        'first, reboots last. It only shows; you run the steps.',
    )
    .option(
      '--to <target>',
      'a release or module name, original, previous, release:NAME, name:NAME, build-id:HEX',
    )
    .option('--newest', 'instead of --to: each host goes to the newest release that it can take');
  const options = QUESTION_OPTIONS().filter(({ long }) => long !== '--route');
  for (const option of [...HOST_OPTIONS(), ...options]) command.addOption(option);
  return command
    .option('--drain-by <key>', 'put reboots in batches by this label, such as rack')
    .option(
      '--at-once <number>',
      'the hosts with the same value of that label that reboot at once (default: 1)',
    )
    .option('--list', 'also list the hosts of each group, at most 10,000 of one')
    .addOption(AS_OF_OPTION())
    .addHelpText('after', helpText('plan'))
    .action(
      act<Flags>(async ({ flags, settings, environment, registry }) => {
        if ((flags.to === undefined) === (flags.newest === undefined))
          throw usage(
            'either --to or --newest is needed',
            'write --to TARGET, or --newest for the newest safe release',
          );
        const target =
          flags.to === undefined
            ? { newest: true as const }
            : { to: await resolveTarget(flags.to, flags.leaving, registry) };
        const question: PlanQuestion = {
          ...target,
          where: hostFilter(flags.where, flags.authoritativeLabels, environment.now()),
          ...questionFrom(flags),
          ...(flags.asOf !== undefined && { asOf: instantFrom(flags.asOf, environment.now()) }),
          ...(flags.drainBy !== undefined && { drainBy: flags.drainBy }),
          ...(flags.atOnce !== undefined && { atOnce: atOnceFrom(flags.atOnce) }),
        };
        const answer = await askPlan(question, registry, flags.list);
        const decision = decidePlan(answer);
        const whose = flags.where === undefined ? 'every host' : `the hosts with ${flags.where}`;
        const where =
          question.to === undefined ? 'the newest release that each can take' : formatTarget(question.to);
        const when = question.asOf === undefined ? '' : `, as of ${question.asOf}`;
        const { matched, served, blocked, ...rest } = answer;
        show(
          {
            schemaVersion: 1,
            answer: decision.answer,
            why: decision.why,
            exitCode: decision.exit,
            matched,
            served,
            blocked,
            ...rest,
            question,
          },
          (width) =>
            planText(
              `Plan for ${whose}: to ${where}${when}`,
              answer,
              decision,
              flags.drainBy ?? null,
              paintFor(environment),
              width,
            ),
          settings.output,
          environment.stdout,
        );
        if (settings.output !== 'table')
          environment.stderr.write(`${decisionLine(decision, paintFor(environment, 'stderr'))}\n`);
        return decision.exit;
      }),
    );
}

function atOnceFrom(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text))
    throw usage(
      `--at-once: '${text}' is not a number from 1 to 999`,
      'it is the number of hosts that reboot at once',
    );
  return Number(text);
}
