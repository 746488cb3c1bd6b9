import { Command, Option } from 'commander';
import { dump } from './commands/dump.js';
import { enrol } from './commands/enrol.js';
import { run } from './commands/run.js';
import { configure } from './config/configure.js';
import type { Message } from './state/spool.js';
import { spool, reportOnce, type Cycle, type Mode } from './cycle.js';
import { VERSION } from './version.js';

/** The output streams. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const EXITS = `
Exit codes:
  0  success: printed, or delivered
  1  the registry rejected the message; it is kept in the state directory, below refused/
  2  usage or configuration error
  3  the tree could not be read
  4  the registry is unreachable; the message is spooled, and the next run sends it first
  5  not authorised; the message is spooled
  6  the state directory cannot be written, for example because the disk is full; nothing was sent
  70 an unexpected error in this program

Configuration: /etc/klpreg/agent.toml, /etc/klpreg/agent.d/*.toml, KLPREG_* variables, flags.
Later ones take precedence.`;

const collect = (value: string, before: string[] = []): string[] => [...before, value];

function withTree(command: Command): Command {
  return command
    .optionsGroup('Tree to read:')
    .option('--root <dir>', 'directory to read as / (default: /)')
    .option('--sys <dir>', 'directory to read as /sys')
    .option('--proc <dir>', 'directory to read as /proc')
    .option('--lib-modules <dir>', 'directory to read as /lib/modules')
    .option('--kpatch <dir>', 'directory to read as /var/lib/kpatch')
    .option(
      '--modules <dir>',
      'another directory to search for module files, with its subdirectories (repeatable)',
      collect,
    )
    .optionsGroup('Facts that the tree lacks, or has wrong:')
    .option('--instance <id>', "the registry's id of this host: a UUID, or a text that is hashed to a UUID")
    .option('--hostname <name>', 'host name')
    .addOption(
      new Option(
        '--label <key=value>',
        'a label, which the registry stores as agent.KEY (repeatable)',
      ).argParser(collect),
    )
    .option('--boot-id <uuid>', 'boot id')
    .option('--arch <name>', 'architecture, as printed by `uname -m`')
    .option('--kernel-release <release>', 'kernel release, as printed by `uname -r`')
    .optionsGroup('This program:')
    .option('--state <dir>', 'state directory (default: /var/lib/klpreg; without root ~/.local/state/klpreg)')
    .option('--config <file>', 'read only this configuration file');
}

function withRegistry(command: Command): Command {
  return withTree(command)
    .optionsGroup('The registry:')
    .option('--url <url>', 'base URL of the registry')
    .option(
      '--token <token>',
      'token of this host; other users can see it in the process list, so prefer --token-file',
    )
    .option(
      '--token-file <file>',
      'file with the token; an enrolment token enrols this host at its first run',
    )
    .option('--enrol-token-file <file>', 'file with an enrolment token')
    .option('--ca-file <file>', 'file with the CA of the registry, if it is your own (PEM)')
    .option('--cert-file <file>', 'file with the client certificate of this host (PEM)')
    .option('--key-file <file>', 'file with the key of the client certificate (PEM)')
    .option('--timeout <seconds>', 'the time to keep trying (default: 30)');
}

const instanceOf = ({ document }: Message): string =>
  'host' in document ? document.host.instance : document.instance;

/** Formats one line for each delivered message, with the registry's answer. */
function formatCycle({ delivered, byAnother }: Cycle): string {
  const lines = delivered.map(
    ({ message, answer }) =>
      `${message.kind} ${message.document.sequence} of ${instanceOf(message)}: ` +
      `${answer.outcome}${answer.reason === null ? '' : ` (${answer.reason})`}\n`,
  );
  return (
    lines.join('') +
    (byAnother === null ? '' : `message ${byAnother} was sent by another agent on this host\n`)
  );
}

/**
 * Builds the command line.
 *
 * @param signal ends `run`
 */
export function programOf({ out, err }: Streams, signal: AbortSignal): Command {
  const warn = (text: string) => err(`klpreg-agent: warning: ${text}\n`);
  const settingsOf = (options: Record<string, unknown>) => {
    const {
      label,
      full: _full,
      spool: _spool,
      libModules,
      tokenFile,
      enrolTokenFile,
      caFile,
      certFile,
      keyFile,
      bootId,
      kernelRelease,
      ...others
    } = options;
    return configure({
      ...others,
      labels: label,
      lib_modules: libModules,
      token_file: tokenFile,
      enrol_token_file: enrolTokenFile,
      ca_file: caFile,
      cert_file: certFile,
      key_file: keyFile,
      boot_id: bootId,
      kernel_release: kernelRelease,
    });
  };
  const reportAction = (mode: Mode) => async (options: Record<string, unknown>) =>
    out(
      formatCycle(
        await reportOnce(settingsOf(options), options['full'] === true ? 'report' : mode, warn, signal),
      ),
    );

  const spoolAction = async (options: Record<string, unknown>) => {
    const message = await spool(settingsOf(options), options['full'] === true ? 'report' : 'due', warn);
    if (message !== null)
      out(`${message.kind} ${message.document.sequence} of ${instanceOf(message)}: spooled\n`);
  };

  const program = new Command('klpreg-agent')
    .description(
      'Reports to the registry which livepatches this host runs.\nIt never writes below /sys or /proc, ' +
        'and never loads, disables or removes anything.',
    )
    .version(VERSION, '--version', 'print the version')
    .helpOption('--help', 'show this help')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: (text, write) => write(text.replace(/^error: /, 'klpreg-agent: ')),
    })
    .exitOverride()
    .addHelpText('after', EXITS);

  withTree(program.command('dump').description('print the report that would be sent, as JSON')).action(
    async (options: Record<string, unknown>) =>
      out(`${JSON.stringify(await dump(settingsOf(options), warn), null, 2)}\n`),
  );
  withRegistry(
    program.command('report').description('report once: a heartbeat if nothing changed, else a report'),
  )
    .option('--full', 'send a report even if nothing changed')
    .option(
      '--spool',
      'send nothing: the next run sends the message; for use at boot, before the network is up',
    )
    .action((options: Record<string, unknown>) =>
      options['spool'] === true ? spoolAction(options) : reportAction('due')(options),
    );
  withRegistry(
    program.command('heartbeat').description('send a heartbeat, and a report if the registry asks for one'),
  ).action(reportAction('heartbeat'));
  withRegistry(
    program.command('enrol').description('enrol this host with an enrolment token, or renew its credential'),
  ).action(async (options: Record<string, unknown>) =>
    out(`${await enrol(settingsOf(options), warn, signal)}: enrolled\n`),
  );
  withRegistry(program.command('run').description('report in cycles until SIGTERM'))
    .option('--interval <seconds>', 'the interval until the registry asks for another one (default: 60)')
    .action((options: Record<string, unknown>) =>
      run(settingsOf(options), signal, (cycle) => out(formatCycle(cycle)), warn),
    );
  return program;
}
