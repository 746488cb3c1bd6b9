import { CommanderError } from 'commander';
import { EXIT, type ExitCode, Failure } from './exits.js';
import { programFor } from './program.js';
import { clean } from './show/clean.js';
import { paintFor } from './show/paint.js';
import type { Environment } from './environment.js';

/**
 * Runs the program once.
 *
 * The only place where errors become exit codes: a `Failure` knows its own, commander's are mistakes of usage (asking for help is none),
 * anything else is unexpected and never a yes or a no.
 *
 * @param words the command line without the program's name
 */
export async function run(words: readonly string[], environment: Environment): Promise<ExitCode> {
  let exit: ExitCode = EXIT.UNREACHABLE;
  try {
    await programFor(environment, (code) => (exit = code)).parseAsync([...words], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.YES : EXIT.USAGE;
    return complain(error, environment);
  }
}

function complain(error: unknown, environment: Environment): ExitCode {
  const red = paintFor(environment, 'stderr')('red', 'error');
  if (error instanceof Failure) {
    environment.stderr.write(`${red}: ${[error.message, ...error.hints.map((hint) => `  ${hint}`)].map(clean).join('\n')}\n`);
    return error.exit;
  }
  const { stack } = error instanceof Error ? error : new Error(String(error));
  environment.stderr.write(`${red}: something unexpected happened in klpreg itself; please report it\n${(stack ?? '').split('\n').map(clean).join('\n')}\n`);
  return EXIT.UNREACHABLE;
}
