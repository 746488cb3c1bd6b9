import { Command } from 'commander';
import { askDrift, decideDrift, type DriftQuestion } from '../gate/drift.js';
import { instantFrom } from '../gate/point-in-time.js';
import { type QuestionFlags, questionFrom } from '../gate/question.js';
import { formatTarget, resolveTarget } from '../registry/target.js';
import { driftText } from '../show/drift.js';
import { decisionLine } from '../show/fleet.js';
import { show } from '../show/output.js';
import { paintFor } from '../show/paint.js';
import { hostFilter } from '../where/filter.js';
import type { Act } from './act.js';
import { HOST_OPTIONS, QUESTION_OPTIONS } from './flags.js';
import { helpText } from './help.js';

interface Flags extends QuestionFlags {
  readonly to: string;
  readonly from: string;
  readonly until?: string;
  readonly where?: string;
  readonly authoritativeLabels?: true;
  readonly leaving: readonly string[];
}

/** The flags of a question that are not of use for two times. */
const WITHOUT = ['--max-age', '--rules', '--witnesses', '--shared-signing-keys'];

/** `drift`: which hosts lost or won the way back between two times. */
export function drift(act: Act): Command {
  const command = new Command('drift')
    .summary('show which hosts lost or won the way back between two times, and why')
    .description(
      'Shows which hosts lost or won the way back to a target between two times, and by which change.',
    )
    .requiredOption(
      '--to <target>',
      'a release or module name, original, previous, release:NAME, name:NAME, build-id:HEX',
    )
    .requiredOption(
      '--from <time>',
      'the earlier time: an instant with its offset, such as 2026-11-24T10:00:00Z, or an age: 15m, 2h, 3d',
    )
    .option('--until <time>', 'the later time (default: now)');
  const options = QUESTION_OPTIONS().filter(({ long }) => !WITHOUT.includes(long ?? ''));
  for (const option of [...HOST_OPTIONS(), ...options]) command.addOption(option);
  return command.addHelpText('after', helpText('drift')).action(
    act<Flags>(async ({ flags, settings, environment, registry }) => {
      const now = environment.now();
      const from = instantFrom(flags.from, now, '--from');
      const until = flags.until === undefined ? undefined : instantFrom(flags.until, now, '--until');
      const question: DriftQuestion = {
        to: await resolveTarget(flags.to, flags.leaving, registry),
        where: hostFilter(flags.where, flags.authoritativeLabels, environment.now()),
        ...questionFrom(flags),
        from,
        ...(until !== undefined && { until }),
      };
      const answer = await askDrift(question, registry);
      const decision = decideDrift(answer);
      const whose = flags.where === undefined ? 'every host' : `the hosts with ${flags.where}`;
      const title = `The way of ${whose} to ${formatTarget(question.to)}, from ${from} until ${answer.after.now}`;
      show(
        {
          schemaVersion: 1,
          answer: decision.answer,
          why: decision.why,
          exitCode: decision.exit,
          ...answer,
          question,
        },
        (width) => driftText(title, answer, decision, paintFor(environment), width),
        settings.output,
        environment.stdout,
      );
      if (settings.output !== 'table')
        environment.stderr.write(`${decisionLine(decision, paintFor(environment, 'stderr'))}\n`);
      return decision.exit;
    }),
  );
}
