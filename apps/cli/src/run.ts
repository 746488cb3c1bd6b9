import { CommanderError } from 'commander';
import { EXIT, type ExitCode, Failure } from './exits.js';
import { NAGIOS, nagiosLine } from './commands/nagios.js';
import { commandsFor } from './commands/needed.js';
import { programFor } from './program.js';
import { clean } from './show/clean.js';
import { paintFor } from './show/paint.js';
import type { Environment } from './environment.js';

/**
 * Runs the program once. This is the only place where errors become exit codes.
 *
 * A `Failure` has its exit code. Commander's errors are usage errors, except for help and version.
 * Anything else is unexpected and never a yes or a no.
 *
 * @param words the arguments without the program's name
 */
export async function run(words: readonly string[], environment: Environment): Promise<ExitCode> {
  let exit: ExitCode = EXIT.UNREACHABLE;
  let command = '';
  try {
    await programFor(
      environment,
      await commandsFor(words),
      (code) => (exit = code),
      (name) => (command = name),
    ).parseAsync([...words], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error, words)) return EXIT.YES;
    // a wrong flag before the command ends the program before its command is known
    const isNagios = command === '' ? words.includes('nagios') : command === 'nagios';
    if (isNagios) return reportToNagios(error, environment);
    return error instanceof CommanderError ? EXIT.USAGE : report(error, environment);
  }
}

/** Whether help was asked for. Commander shows the same help, with the same code, if a command is missing. */
const isHelp = ({ code, exitCode }: CommanderError, words: readonly string[]): boolean =>
  exitCode === 0 || (code === 'commander.help' && words.includes('help'));

/** A plug-in says on stdout why there is no answer, and its code for that is UNKNOWN. */
function reportToNagios(error: unknown, environment: Environment): ExitCode {
  environment.stdout.write(
    `${nagiosLine('UNKNOWN', error instanceof Error ? error.message : String(error))}\n`,
  );
  return NAGIOS.UNKNOWN;
}

function report(error: unknown, environment: Environment): ExitCode {
  const red = paintFor(environment, 'stderr')('red', 'error');
  if (error instanceof Failure) {
    environment.stderr.write(
      `${red}: ${[error.message, ...error.hints.map((hint) => `  ${hint}`)].map(clean).join('\n')}\n`,
    );
    return error.exit;
  }
  const { stack } = error instanceof Error ? error : new Error(String(error));
  environment.stderr.write(
    `${red}: unexpected error in klpreg; please report ` +
      `it\n${(stack ?? '').split('\n').map(clean).join('\n')}\n`,
  );
  return EXIT.UNREACHABLE;
}
