import { Command } from 'commander';
import { askGate, type Asked, type GateFlags } from '../gate/ask.js';
import { clean } from '../show/clean.js';
import type { Act } from './act.js';
import { withGateOptions } from './gate-options.js';
import { helpText } from './help.js';

/** The exit codes of monitoring plug-ins. They differ from those of the other commands. */
export const NAGIOS = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;
export type NagiosStatus = keyof typeof NAGIOS;

/** The first line of a plug-in. What follows a `|` is performance data, so that texts must not have one. */
export const nagiosLine = (status: NagiosStatus, text: string): string =>
  `KLPREG ${status} - ${clean(text).replaceAll('|', '/')}`;

/** `nagios`: the gate as a monitoring plug-in. */
export const nagios = (act: Act): Command =>
  withGateOptions(
    new Command('nagios')
      .summary('the check of can-i-downgrade as a monitoring plug-in, with its own exit codes')
      .description(
        'Checks whether every matching host can be downgraded, as a plug-in for Nagios, Icinga and others: ' +
          'one line, performance data, and the exit codes 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
      ),
  )
    .addHelpText('after', helpText('nagios'))
    .action(
      act<GateFlags>(async ({ flags, environment, registry }) => {
        const asked = await askGate(flags, environment, registry);
        const status = statusOf(asked);
        environment.stdout.write(`${nagiosLine(status, asked.decision.why)} | ${performance(asked)}\n`);
        return NAGIOS[status];
      }),
    );

/** A yes that tolerates refused hosts, or accepts doubts, is a warning. */
function statusOf({ decision, answer: { counts } }: Asked): NagiosStatus {
  if (decision.answer === 'no') return 'CRITICAL';
  if (decision.answer === 'cannot tell') return 'UNKNOWN';
  return counts.safe === counts.total ? 'OK' : 'WARNING';
}

const performance = ({ answer: { counts } }: Asked): string =>
  (['safe', 'unknown', 'unsafe', 'refused', 'total'] as const)
    .map((name) => `${name}=${counts[name]};;;0;${counts.total}`)
    .join(' ');
