import { Option } from 'commander';
import type { Environment } from '../environment.js';
import { EXIT, type ExitCode } from '../exits.js';
import type { Decision } from './decide.js';

/** The flag for the first weeks of a gate, which must not yet stop a pipeline. */
export const WARN_ONLY_OPTION = (): Option =>
  new Option('--warn-only', 'exit with 0 also for no and for cannot tell; errors keep their exit codes');

/**
 * Returns the exit code of a gate. With `--warn-only` it is 0 for each decision, and stderr names the code
 * that it replaces. Errors are no decisions: they never get here.
 */
export function exitFor(
  { exit }: Decision,
  warnOnly: boolean | undefined,
  { stderr }: Environment,
): ExitCode {
  if (warnOnly !== true || exit === EXIT.YES) return exit;
  stderr.write(`--warn-only: exit code 0 instead of ${exit}\n`);
  return EXIT.YES;
}
