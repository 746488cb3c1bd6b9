import { Command, Option } from 'commander';
import { type Act, actIn } from './commands/act.js';
import { withValues } from './commands/flags.js';
import { helpText } from './commands/help.js';
import type { ExitCode } from './exits.js';
import { cleanLines } from './show/clean.js';
import { FORMATS } from './show/output.js';
import { VERSION } from './version.js';
import type { Environment } from './environment.js';

/** Makes commands. The second argument returns the command line that they are part of. */
export type Commands = (act: Act, program: () => Command) => Command[];

/**
 * Builds a command line with these commands.
 *
 * @param started gets the name of the command before its arguments are parsed
 * @param ended gets its exit code
 */
export function programFor(
  environment: Environment,
  commands: Commands,
  ended: (exit: ExitCode) => void,
  started: (command: string) => void = () => {},
): Command {
  const act = actIn(environment, ended);
  const program = new Command('klpreg')
    .description(
      'Asks a registry of kernel livepatch states which hosts can be downgraded, and exactly why the ' +
        'others cannot.',
    )
    .version(VERSION)
    .option('--url <url>', 'the URL of the registry (default: http://127.0.0.1:3000)')
    .option(
      '--token <token>',
      'the token; other users can see it in the process list, so prefer --token-file',
    )
    .option('--token-file <file>', 'a file with the token in its first line')
    .option('--ca-file <file>', 'the CA of the registry, if it is your own (PEM)')
    .option('--cert-file <file>', 'the client certificate of this program (PEM)')
    .option('--key-file <file>', 'the key of the client certificate (PEM)')
    .addOption(
      withValues(
        new Option('-o, --output <format>', 'the format (default: table on a terminal, else json)'),
        FORMATS,
      ),
    )
    .option('--timeout <time>', 'how long to wait for the answer to one request (default: 30s)')
    .option('--config <file>', 'the configuration file (default: ~/.config/klpreg/config.toml)')
    .addHelpText('after', helpText('klpreg'))
    .hook('preSubcommand', (_program, command) => started(command.name()));
  for (const command of commands(act, () => program)) program.addCommand(command);
  for (const command of withAll(program)) configure(command, environment);
  return program;
}

const withAll = (command: Command): Command[] => [command, ...command.commands.flatMap(withAll)];

/** Describes an option with its closed list of values and its default. */
function describe({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const values = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`;
  const [text, note = ''] = description.split(/ (?=\(default: )/);
  const standard =
    defaultValueDescription ?? (typeof defaultValue === 'string' ? `"${defaultValue}"` : undefined);
  return `${text}${values}${note && ` ${note}`}${standard === undefined ? '' : ` (default: ${standard})`}`;
}

/**
 * Applies the settings that all commands share. Commander
 * does not pass them to commands added with addCommand.
 */
function configure(command: Command, environment: Environment): void {
  command
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureHelp({ showGlobalOptions: true, optionDescription: describe })
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      // It repeats arguments, which a script may have taken from untrusted input.
      writeErr: (text) => environment.stderr.write(cleanLines(text)),
      getOutHelpWidth: () => environment.stdout.columns ?? 100,
      getErrHelpWidth: () => environment.stderr.columns ?? 100,
    });
}
