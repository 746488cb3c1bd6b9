import { Command, Option } from 'commander';
import { dump } from './commands/dump.js';
import { run } from './commands/run.js';
import { configure } from './config/configure.js';
import type { Message } from './state/spool.js';
import { spool, reportOnce, type Cycle, type Mode } from './cycle.js';
import { VERSION } from './version.js';

/** Where a program says things. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const EXITS = `
Exit codes:
  0  done: shown, or delivered
  1  the registry refused the document (it is kept in the state directory, below refused/)
  2  wrong usage or configuration
  3  the tree could not be read
  4  the registry is not reachable; the document waits on disk and is sent first next time
  5  not authorised; the document waits on disk
  6  the state directory cannot be written now, such as with a full disk; nothing was sent
  70 a fault in this program

Configuration: /etc/klpreg/agent.toml, /etc/klpreg/agent.d/*.toml, KLPREG_* variables, flags; the later wins.`;

const collect = (value: string, before: string[] = []): string[] => [...before, value];

function withTree(command: Command): Command {
  return command
    .optionsGroup('Which tree to read:')
    .option('--root <dir>', 'folder that stands for / (default: /)')
    .option('--sys <dir>', 'folder that stands for /sys alone')
    .option('--proc <dir>', 'folder that stands for /proc alone')
    .option('--lib-modules <dir>', 'folder that stands for /lib/modules alone')
    .option('--kpatch <dir>', 'folder that stands for /var/lib/kpatch alone')
    .option('--modules <dir>', 'also look for module files here, and below (repeatable)', collect)
    .optionsGroup('What the tree does not tell, or tells wrong:')
    .option('--instance <id>', "the registry's id of this host: a UUID, or any text, which always makes the same UUID")
    .option('--hostname <name>', 'host name')
    .addOption(new Option('--label <key=value>', 'a label, kept under agent. by the registry (repeatable)').argParser(collect))
    .option('--boot-id <uuid>', 'boot id')
    .option('--arch <name>', 'architecture, as `uname -m` says it')
    .option('--kernel-release <release>', 'kernel release, as `uname -r` says it')
    .optionsGroup('This program:')
    .option('--state <dir>', 'folder for what must outlive a run (default: /var/lib/klpreg; without root ~/.local/state/klpreg)')
    .option('--config <file>', 'read this configuration file and no other');
}

function withRegistry(command: Command): Command {
  return withTree(command)
    .optionsGroup('The registry:')
    .option('--url <url>', 'base URL of the registry')
    .option('--token <token>', 'token of this host; better in KLPREG_TOKEN or a file: command lines can be read by others')
    .option('--token-file <file>', 'file with the token')
    .option('--timeout <seconds>', 'how long to try (default: 30)');
}

const instanceOf = ({ document }: Message): string => ('host' in document ? document.host.instance : document.instance);

/** One line for each document that was sent, and what the registry said. */
function formatCycle({ delivered, byAnother }: Cycle): string {
  const lines = delivered.map(
    ({ message, answer }) =>
      `${message.kind} ${message.document.sequence} of ${instanceOf(message)}: ${answer.outcome}${answer.reason === null ? '' : ` (${answer.reason})`}\n`,
  );
  return lines.join('') + (byAnother === null ? '' : `document ${byAnother} was sent by another agent on this host\n`);
}

/**
 * What does `klpreg-agent` understand?
 *
 * @param signal ends `run`
 */
export function programOf({ out, err }: Streams, signal: AbortSignal): Command {
  const warn = (text: string) => err(`klpreg-agent: warning: ${text}\n`);
  const settingsOf = (options: Record<string, unknown>) => {
    const { label, full: _full, spool: _spool, libModules, tokenFile, bootId, kernelRelease, ...others } = options;
    return configure({ ...others, labels: label, lib_modules: libModules, token_file: tokenFile, boot_id: bootId, kernel_release: kernelRelease });
  };
  const reportAction = (mode: Mode) => async (options: Record<string, unknown>) =>
    out(formatCycle(await reportOnce(settingsOf(options), options['full'] === true ? 'report' : mode, warn, signal)));

  const spoolAction = async (options: Record<string, unknown>) => {
    const message = await spool(settingsOf(options), options['full'] === true ? 'report' : 'due', warn);
    if (message !== null) out(`${message.kind} ${message.document.sequence} of ${instanceOf(message)}: waits\n`);
  };

  const program = new Command('klpreg-agent')
    .description(
      'Reads which livepatches this host runs and tells the registry.\nIt never writes below /sys or /proc, and never loads, disables or removes anything.',
    )
    .version(VERSION, '--version', 'print the version')
    .helpOption('--help', 'show this help')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ writeOut: out, writeErr: err, outputError: (text, write) => write(text.replace(/^error: /, 'klpreg-agent: ')) })
    .exitOverride()
    .addHelpText('after', EXITS);

  withTree(program.command('dump').description('print the report that would be sent, as JSON')).action(async (options: Record<string, unknown>) =>
    out(`${JSON.stringify(await dump(settingsOf(options), warn), null, 2)}\n`),
  );
  withRegistry(program.command('report').description('tell the registry once: a heartbeat where nothing changed, else a report'))
    .option('--full', 'send a report even where nothing changed')
    .option('--spool', 'send nothing: the document waits for the next run that sends, such as at boot before there is a network')
    .action((options: Record<string, unknown>) => (options['spool'] === true ? spoolAction(options) : reportAction('due')(options)));
  withRegistry(program.command('heartbeat').description('send a heartbeat; a report follows at once where the registry wants one')).action(
    reportAction('heartbeat'),
  );
  withRegistry(program.command('run').description('tell the registry again and again, until SIGTERM'))
    .option('--interval <seconds>', 'until the registry asks for another (default: 60)')
    .action((options: Record<string, unknown>) => run(settingsOf(options), signal, (cycle) => out(formatCycle(cycle)), warn));
  return program;
}
