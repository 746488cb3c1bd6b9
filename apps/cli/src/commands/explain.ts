import { Command } from 'commander';
import { EXIT, type ExitCode, unexpected, usage } from '../exits.js';
import { isAcceptable } from '../gate/consistent.js';
import { formatInstant, withCatalogHint, pointInTimeFrom } from '../gate/point-in-time.js';
import { type HostWaivers, waiversFor } from '../gate/host-waivers.js';
import { type QuestionFlags, questionFrom } from '../gate/question.js';
import {
  DESCRIBE_HOST,
  JUDGE_HOST,
  type Verdict,
  type VerdictKind,
  type WholeHost,
} from '../registry/generated/operations.js';
import { findHost } from '../registry/find-host.js';
import { resolveTarget, formatTarget } from '../registry/target.js';
import { hostText } from '../show/host.js';
import { show } from '../show/output.js';
import { paintFor } from '../show/paint.js';
import { hostWaiverLines, NO_PAST_WAIVERS, withNotes } from '../show/record.js';
import { verdictText } from '../show/verdict.js';
import type { Act } from './act.js';
import { AS_OF_OPTION, QUESTION_OPTIONS } from './flags.js';
import { helpText } from './help.js';

interface Flags extends QuestionFlags {
  readonly to?: string;
  readonly leaving: readonly string[];
  readonly asOf?: string;
}

/** The exit code for a verdict that the question does not accept: the same as for a fleet of one host. */
const EXIT_OF: Record<VerdictKind, ExitCode> = {
  SAFE: EXIT.YES,
  UNKNOWN: EXIT.CANNOT_TELL,
  UNSAFE: EXIT.NO,
  REFUSED: EXIT.NO,
};

/** `explain`: what a host runs, and with `--to` its verdict. */
export function explain(act: Act): Command {
  const command = new Command('explain')
    .summary('show what a host runs, and why it can or cannot be downgraded')
    .description(
      'Shows what a host runs and how fresh its facts are. With --to: the verdict with every reason. The ' +
        'exit code is the answer.',
    )
    .argument('<host>', 'hostname or id')
    .option(
      '--to <target>',
      'a release or module name, original, previous, release:NAME, name:NAME, build-id:HEX',
    );
  for (const option of QUESTION_OPTIONS()) command.addOption(option);
  return command
    .addOption(AS_OF_OPTION())
    .addHelpText('after', helpText('explain'))
    .action(
      act<Flags>(async ({ args, flags, settings, environment, registry }) => {
        const asked = questionFrom(flags);
        const { asOf } = pointInTimeFrom(flags, environment.now());
        if (flags.to === undefined && (Object.keys(asked).length > 0 || flags.leaving.length > 0))
          throw usage('flags of a question need --to');
        const found = await findHost(args[0] as string, registry, asOf);
        const paint = paintFor(environment);
        if (flags.to === undefined) {
          const host = known(
            (await registry.ask(DESCRIBE_HOST, { id: found.id, asOf })).host,
            found.hostname,
          );
          show(
            { schemaVersion: 1, asOf: asOf ?? null, host },
            () => hostText(host, paint, asOf),
            settings.output,
            environment.stdout,
          );
          return EXIT.YES;
        }
        const to = await resolveTarget(flags.to, flags.leaving, registry);
        const question = { to, ...asked, ...(asOf === undefined ? {} : { asOf }) };
        const { host: judgedThen } = await withCatalogHint(question, CATALOG_HINT, async () =>
          registry.ask(JUDGE_HOST, { id: found.id, ...question }),
        );
        const { canDowngrade: verdict, ...host } = known(judgedThen, found.hostname);
        if (verdict.accepted ? !isAcceptable(verdict) : verdict.kind === 'SAFE')
          throw unexpected(
            "the registry's answer contradicts itself: it accepts the host and has a reason against it " +
              'that was not allowed, or says SAFE and does not accept the host',
          );
        const exit = verdict.accepted ? EXIT.YES : EXIT_OF[verdict.kind];
        const waived =
          asOf === undefined ? await waiversFor(host, verdict, { to, ...asked }, registry) : null;
        show(
          {
            schemaVersion: 1,
            question,
            asOf: asOf ?? null,
            host,
            verdict,
            // those of that time are counted by a gate, not here
            waiversApply: asOf === undefined,
            waivers: waived?.waivers ?? [],
            acceptedByWaivers: waived?.accepted ?? false,
            exitCode: exit,
          },
          () => judged(host, verdict, formatTarget(to), waived),
          settings.output,
          environment.stdout,
        );
        return exit;

        function judged(
          host: WholeHost,
          verdict: Verdict,
          target: string,
          waivers: HostWaivers | null,
        ): string {
          const when = asOf === undefined ? target : `${target}, as of ${formatInstant(asOf)}`;
          const text = `${hostText(host, paint, asOf)}\n\n${verdictText(verdict, when, paint)}`;
          const notes =
            asOf !== undefined ? [NO_PAST_WAIVERS] : waivers === null ? [] : hostWaiverLines(waivers);
          return withNotes(text, notes, null);
        }
      }),
    );
}

const CATALOG_HINT =
  'this used the catalog of that time; klpreg can-i-downgrade --as-of … --catalog now uses what is ' +
  'published today';

/** @throws Failure 2 if the host was removed since it was found */
function known<T>(host: T | null, hostname: string): T {
  if (host === null) throw usage(`host '${hostname}' no longer exists`);
  return host;
}
