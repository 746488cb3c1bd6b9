import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import {
  ADD_HOST,
  DESCRIBE_HOST,
  LABEL_HOST,
  RELEASE_HOST,
  RESET_HOST,
  RETIRE_HOST,
  SET_BASELINE,
} from '../registry/generated/operations.js';
import { findHost } from '../registry/find-host.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { formatLabels } from '../show/patches.js';
import type { Act, Context } from './act.js';
import { collect } from './flags.js';
import { hostChanges } from './host-changes.js';

type Label = { key: string; value: string };
type Named = { id: string; hostname: string; labels: Label[] };

/** `host`: shows changes of hosts; adds, labels, releases, resets and retires them with an admin token. */
export function host(act: Act): Command {
  const parent = new Command('host')
    .summary('show changes of hosts; add, label, release and retire them')
    .description(
      'Shows what changed on a host. With an admin token: adds hosts ' +
        'before they report, labels them, decides ' +
        'about their identity and boot history, and retires them.',
    );
  const decisions = [release(act), reset(act), baseline(act)];
  return [hostChanges(act), add(act), label(act), ...decisions, retire(act)].reduce(
    (all, one) => all.addCommand(one),
    parent,
  );
}

const add = (act: Act): Command =>
  new Command('add')
    .summary('add a host before it reports')
    .description('Adds a host before it reports. Until then its verdicts have the reason NEVER_REPORTED.')
    .argument('<hostname>')
    .option('--id <uuid>', 'the instance id that it will report with (default: generated)')
    .option('--label <key=value>', 'an authoritative label (repeatable)', collect, [])
    .action(
      act<{ id?: string; label: string[] }>(async (context) => {
        const { args, flags, registry } = context;
        const input = {
          hostname: args[0] as string,
          labels: flags.label.map(labelFrom),
          ...(flags.id === undefined ? {} : { id: flags.id }),
        };
        return showNamed(context, (await registry.ask(ADD_HOST, { input })).addHost);
      }),
    );

const label = (act: Act): Command =>
  new Command('label')
    .summary("change a host's authoritative labels")
    .description(
      'Sets and removes authoritative labels of a host. Other labels stay, also those that its agent ' +
        'reports (agent.KEY).',
    )
    .argument('<host>', 'hostname or id')
    .argument('<changes...>', 'KEY=VALUE sets, KEY- removes')
    .action(
      act(async (context) => {
        const { args, registry } = context;
        const [words, changes] = args as [string, string[]];
        const found = await findHost(words, registry);
        const labels = new Map(
          found.labels.filter((each) => !each.key.startsWith('agent.')).map((each) => [each.key, each.value]),
        );
        for (const change of changes) {
          if (change.includes('=') || !change.endsWith('-'))
            labels.set(labelFrom(change).key, labelFrom(change).value);
          else if (!labels.delete(change.slice(0, -1)))
            throw usage(`${found.hostname} has no authoritative label '${change.slice(0, -1)}'`);
        }
        return showNamed(
          context,
          (
            await registry.ask(LABEL_HOST, {
              id: found.id,
              labels: [...labels].map(([key, value]) => ({ key, value })),
            })
          ).labelHost,
        );
      }),
    );

const release = (act: Act): Command =>
  new Command('release')
    .summary('confirm that a host is not a clone')
    .description(
      'Clears IDENTITY_SUSPECT. First remove the other machine or give it its own identity, or the host ' +
        'becomes suspect again.',
    )
    .argument('<host>', 'hostname or id')
    .requiredOption('--reason <text>', 'the reason, for the audit log')
    .action(
      act<{ reason: string }>(async (context) => {
        const found = await findHost(context.args[0] as string, context.registry);
        const { releaseHost } = await context.registry.ask(RELEASE_HOST, {
          id: found.id,
          reason: context.flags.reason,
        });
        return showDone(context, releaseHost, 'is released: its reports count again');
      }),
    );

const reset = (act: Act): Command =>
  new Command('reset')
    .summary('accept any next sequence number from a host')
    .description(
      'Accepts any next sequence number from a host, for an agent that lost its state directory or whose ' +
        'sequence numbers were used up. The facts of the host are superseded until it reports.',
    )
    .argument('<host>', 'hostname or id')
    .requiredOption('--reason <text>', 'the reason, for the audit log')
    .action(
      act<{ reason: string }>(async (context) => {
        const found = await findHost(context.args[0] as string, context.registry);
        const { resetHostSequence } = await context.registry.ask(RESET_HOST, {
          id: found.id,
          reason: context.flags.reason,
        });
        return showDone(
          context,
          resetHostSequence,
          'may continue at any sequence number; its facts are superseded until it reports',
        );
      }),
    );

const baseline = (act: Act): Command =>
  new Command('baseline')
    .summary('confirm that no unrecorded livepatch was loaded in this boot')
    .description(
      'Confirms that in its present boot the host loaded no livepatch that the registry has not ' +
        'recorded. This clears BOOT_HISTORY_INCOMPLETE until the next gap in its reports.',
    )
    .argument('<host>', 'hostname or id')
    .requiredOption('--reason <text>', 'the reason, for the audit log')
    .option('--boot <uuid>', 'the boot id that was checked (default: that of its last report)')
    .action(
      act<{ reason: string; boot?: string }>(async (context) => {
        const found = await findHost(context.args[0] as string, context.registry);
        const bootId =
          context.flags.boot ??
          (await context.registry.ask(DESCRIBE_HOST, { id: found.id })).host?.bootId ??
          null;
        if (bootId === null)
          throw usage(`${found.hostname} has not reported, so its boot id is unknown`, 'give it with --boot');
        const { setBootBaseline } = await context.registry.ask(SET_BASELINE, {
          id: found.id,
          bootId,
          reason: context.flags.reason,
        });
        return showDone(context, setBootBaseline, `has a complete history for boot ${bootId}`);
      }),
    );

const retire = (act: Act): Command =>
  new Command('retire')
    .summary('exclude a host from all answers')
    .description('Excludes a host from all answers. Its history is kept.')
    .argument('<host>', 'hostname or id')
    .requiredOption('--reason <text>', 'the reason, for the audit log')
    .option(
      '--compromised',
      'an attacker may control it: revoke its credential, and no ' +
        'longer count its observations for other hosts',
    )
    .action(
      act<{ reason: string; compromised?: boolean }>(
        async ({ args, flags, registry, settings, environment }) => {
          const found = await findHost(args[0] as string, registry);
          const asked = { id: found.id, reason: flags.reason, compromised: flags.compromised ?? false };
          const { retireHost: retired } = await registry.ask(RETIRE_HOST, asked);
          show(
            { schemaVersion: 1, ...retired },
            () => clean(`${retired.hostname} is retired since ${retired.retiredAt}`),
            settings.output,
            environment.stdout,
          );
          return EXIT.YES;
        },
      ),
    );

function labelFrom(text: string): Label {
  const [, key, value] = /^([A-Za-z0-9][A-Za-z0-9_./-]{0,62})=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw usage(
      `'${text}' is not a label`,
      'write KEY=VALUE, such as env=prod; a key has 1 to 63 letters, digits and _ . / -',
    );
  if (key.startsWith('agent.'))
    throw usage(`'${key}' is a label that the host's agent reports; set it in the agent's configuration`);
  return { key, value };
}

function showDone({ settings, environment }: Context<unknown>, host: { hostname: string }, became: string) {
  show(
    { schemaVersion: 1, ...host },
    () => clean(`${host.hostname} ${became}`),
    settings.output,
    environment.stdout,
  );
  return EXIT.YES;
}

function showNamed({ settings, environment }: Context<unknown>, named: Named) {
  show(
    { schemaVersion: 1, ...named },
    () => `${clean(named.hostname)}  ${clean(named.id)}  ${formatLabels(named.labels)}`,
    settings.output,
    environment.stdout,
  );
  return EXIT.YES;
}
