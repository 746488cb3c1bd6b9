import { Command } from 'commander';
import { EXIT, unexpected } from '../exits.js';
import { formatInstant, instantFrom } from '../gate/point-in-time.js';
import { findHost } from '../registry/find-host.js';
import { HOST_CHANGES, type HostChange } from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { formatLabels, formatStack } from '../show/patches.js';
import { table } from '../show/table.js';
import type { Act } from './act.js';
import { helpText } from './help.js';
import { limitFrom } from './hosts.js';

interface Flags {
  readonly from?: string;
  readonly until?: string;
  readonly limit: string;
}

/** `host changes`: what changed on a host, from the stored history. */
export const hostChanges = (act: Act): Command =>
  new Command('changes')
    .summary('show what changed on a host, and when')
    .description(
      'Shows what changed on a host, the newest change first: ' +
        'patches that came and left, kernel, boot, labels.',
    )
    .argument('<host>', 'hostname or id')
    .option('--from <time>', 'leave out what ended before this instant or age: 2026-03-14T00:00:00Z, 24h, 7d')
    .option('--until <time>', 'leave out what began after this instant or age')
    .option('--limit <n>', 'the maximum number of changes', '100')
    .addHelpText('after', helpText('host-changes'))
    .action(
      act<Flags>(async ({ args, flags, settings, environment, registry }) => {
        const time = (text: string | undefined, flag: string) =>
          text === undefined ? undefined : instantFrom(text, environment.now(), flag);
        const [from, until] = [time(flags.from, '--from'), time(flags.until, '--until')];
        const { id, hostname } = await findHost(args[0] as string, registry);
        const found = await gather(async (first, after) => {
          const { host } = await registry.ask(HOST_CHANGES, { id, from, until, first, after });
          if (host === null) throw unexpected(`the registry no longer has the host ${hostname}`);
          return host.changes;
        }, limitFrom(flags.limit));
        const { nodes: changes, totalCount: total, cut } = found;
        show(
          { schemaVersion: 1, id, hostname, from: from ?? null, until: until ?? null, total, cut, changes },
          (width) => changesTable(changes, width),
          settings.output,
          environment.stdout,
        );
        if (cut) environment.stderr.write(`${changes.length} of ${total} changes; --limit shows more\n`);
        return EXIT.YES;
      }),
    );

const formatSender = (sender: HostChange['sender']): string =>
  sender === null
    ? 'not known'
    : [sender.kind.toLowerCase(), sender.token ?? ''].filter(Boolean).map(clean).join(' ');

function changesTable(changes: readonly HostChange[], width: number | null): string {
  if (changes.length === 0) return 'nothing is kept of this time';
  const rows = changes.map((change) => [
    clean(formatInstant(change.at)),
    clean(change.what.join(' ').toLowerCase().replaceAll('_', '-')),
    change.kernelRelease === null ? '-' : formatStack(change.stack),
    clean(change.kernelRelease ?? '-'),
    formatLabels(change.labels),
    clean(change.sequence),
    formatSender(change.sender),
  ]);
  return table(
    [
      { head: 'SINCE' },
      { head: 'CHANGED', wrap: true },
      { head: 'RUNS', wrap: true },
      { head: 'KERNEL' },
      { head: 'LABELS', wrap: true },
      { head: 'REPORT' },
      { head: 'SENT BY', wrap: true },
    ],
    rows,
    width,
  );
}
