import { Command, Option } from 'commander';
import { actIn } from './commands/act.js';
import { audit } from './commands/audit.js';
import { canIDeploy } from './commands/can-i-deploy.js';
import { canIDowngrade } from './commands/can-i-downgrade.js';
import { certificate } from './commands/certificate.js';
import { completion } from './commands/completion.js';
import { drift } from './commands/drift.js';
import { decision } from './commands/decision.js';
import { explain } from './commands/explain.js';
import { withValues } from './commands/flags.js';
import { helpText } from './commands/help.js';
import { host } from './commands/host.js';
import { hosts } from './commands/hosts.js';
import { enrolment } from './commands/enrolment.js';
import { owner } from './commands/owner.js';
import { login, logout } from './commands/login.js';
import { nagios } from './commands/nagios.js';
import { ownerKey } from './commands/owner-key.js';
import { patchInspect } from './commands/patch-inspect.js';
import { patchLint } from './commands/patch-lint.js';
import { patchList } from './commands/patch-list.js';
import { patchPublish } from './commands/patch-publish.js';
import { patchRecall } from './commands/patch-recall.js';
import { patchShow } from './commands/patch-show.js';
import { patchStatement } from './commands/patch-statement.js';
import { patchTransfer } from './commands/patch-transfer.js';
import { plan } from './commands/plan.js';
import { policy } from './commands/policy.js';
import { schema } from './commands/schema.js';
import { states } from './commands/states.js';
import { token } from './commands/token.js';
import { version } from './commands/version.js';
import { waiver } from './commands/waiver.js';
import type { ExitCode } from './exits.js';
import { cleanLines } from './show/clean.js';
import { FORMATS } from './show/output.js';
import { VERSION } from './version.js';
import type { Environment } from './environment.js';

/**
 * Builds the whole command line.
 *
 * @param started gets the name of the command before its arguments are parsed
 * @param ended gets its exit code
 */
export function programFor(
  environment: Environment,
  ended: (exit: ExitCode) => void,
  started: (command: string) => void = () => {},
): Command {
  const act = actIn(environment, ended);
  const patch = new Command('patch')
    .description('Inspects, lints, publishes, recalls, transfers and lists livepatch modules.')
    .summary('inspect, lint, publish, recall, transfer and list livepatch modules');
  for (const command of [
    patchInspect(act),
    patchLint(act),
    patchStatement(act),
    patchPublish(act),
    patchRecall(act),
    patchTransfer(act),
    patchList(act),
    patchShow(act),
  ])
    patch.addCommand(command);

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
  for (const command of [
    canIDowngrade(act),
    canIDeploy(act),
    plan(act),
    drift(act),
    nagios(act),
    explain(act),
    hosts(act),
    host(act),
    states(act),
    patch,
    owner(act),
    ownerKey(act),
    decision(act),
    waiver(act),
    certificate(act),
    policy(act),
    audit(act),
    token(act),
    enrolment(act),
    login(act),
    logout(act),
    schema(act),
    version(act),
    completion(act, () => program),
  ])
    program.addCommand(command);
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
