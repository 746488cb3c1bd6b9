import { Command, Option } from 'commander';
import { EXIT, usage } from '../exits.js';
import { HOSTS, type HostRow } from '../registry/generated/operations.js';
import { formatInstant, pointInTimeFrom } from '../gate/point-in-time.js';
import { seconds } from '../gate/question.js';
import { gather } from '../registry/pages.js';
import { clean } from '../show/clean.js';
import { LABELS, formatLabels, formatStack } from '../show/patches.js';
import { show } from '../show/output.js';
import { paintFor } from '../show/paint.js';
import { table } from '../show/table.js';
import { hostFilter } from '../where/filter.js';
import { hintNoMatch } from '../where/suggest.js';
import type { Act } from './act.js';
import { AS_OF_OPTION, withValues } from './flags.js';
import { helpText } from './help.js';

interface Flags {
  readonly where?: string;
  readonly authoritativeLabels?: true;
  readonly limit: string;
  readonly sort?: string;
  readonly asOf?: string;
  readonly withoutDecision?: string;
}

/** `hosts`: lists hosts and what they run. */
export const hosts = (act: Act): Command =>
  new Command('hosts')
    .summary('list hosts and what they run')
    .description('Lists the matching hosts.')
    .option('--where <selector>', "which hosts, such as 'env=prod,role in (web,api)' (default: all)")
    .option(
      '--authoritative-labels',
      'match only labels from enrolment or an admin, not those that agents report',
    )
    .option('--limit <n>', 'the maximum number of hosts to list', '500')
    .addOption(
      withValues(
        new Option(
          '--sort <order>',
          'the order (default: hostname); with :desc at its end, the highest first',
        ),
        Object.keys(ORDERS),
      ),
    )
    .option(
      '--without-decision <age>',
      'only hosts with a change (--where changed=24h) that no decision covers: none let a change of the host ' +
        'pass at most this long before',
    )
    .addOption(AS_OF_OPTION())
    .addHelpText('after', helpText('hosts'))
    .action(
      act<Flags>(async ({ flags, settings, environment, registry }) => {
        const where = hostFilter(flags.where, flags.authoritativeLabels, environment.now());
        const limit = limitFrom(flags.limit);
        const orderBy = flags.sort === undefined ? undefined : orderFrom(flags.sort);
        // An age becomes one instant here, so that all pages are of the same time.
        const { asOf } = pointInTimeFrom(flags, environment.now());
        const withoutDecision = withoutDecisionFrom(flags, where);
        const question = { where, orderBy, asOf, withoutDecision };
        const found = await gather(
          async (first, after) => (await registry.ask(HOSTS, { ...question, first, after })).hosts,
          limit,
        );
        const headline =
          asOf === undefined ? [] : [paintFor(environment)('bold', `As of ${formatInstant(asOf)}:`)];
        show(
          {
            schemaVersion: 1,
            asOf: asOf ?? null,
            hosts: found.nodes,
            total: found.totalCount,
            cut: found.cut,
          },
          (width) => [...headline, hostsTable(found.nodes, width)].join('\n'),
          settings.output,
          environment.stdout,
        );
        if (found.cut)
          environment.stderr.write(
            `${found.nodes.length} of ${found.totalCount} hosts; --limit shows more\n`,
          );
        await hintNoMatch(found.totalCount, flags.where, registry, environment);
        return EXIT.YES;
      }),
    );

const ORDERS = {
  hostname: 'HOSTNAME',
  confirmed: 'CONFIRMED_AT',
  kernel: 'KERNEL_RELEASE',
  transition: 'TRANSITION_SINCE',
} as const;

/** Parses the value of `--sort`. */
function orderFrom(text: string): { field: string; direction: string } {
  const [field, direction = 'asc', ...more] = text.split(':');
  if (!Object.hasOwn(ORDERS, field!) || !['asc', 'desc'].includes(direction) || more.length > 0)
    throw usage(
      `--sort: '${text}' is no order`,
      `write one of ${Object.keys(ORDERS).join(', ')}, with :desc at its end for the highest first`,
    );
  return { field: ORDERS[field as keyof typeof ORDERS], direction: direction.toUpperCase() };
}

/** Parses the value of `--without-decision`, which needs the time since which hosts have changed. */
function withoutDecisionFrom(
  { withoutDecision, asOf }: Flags,
  where: ReturnType<typeof hostFilter> | undefined,
): string | undefined {
  if (withoutDecision === undefined) return undefined;
  if (asOf !== undefined) throw usage('--without-decision is about the present', 'leave out --as-of');
  if (where?.changedSince == null)
    throw usage(
      '--without-decision needs the time since which hosts have changed',
      "add it to --where, such as --where 'env=prod,changed=24h'",
    );
  return `${seconds('--without-decision', withoutDecision)}s`;
}

/** Parses the value of `--limit`. */
export function limitFrom(text: string): number {
  const limit = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 0;
  if (limit === 0) throw usage(`--limit: '${text}' is not a number from 1 to 9999999`);
  return limit;
}

function hostsTable(found: readonly HostRow[], width: number | null): string {
  if (found.length === 0) return 'no host matches';
  const rows = found.map((host) => [
    clean(host.hostname),
    clean(host.kernelRelease ?? '-'),
    host.freshness.level === 'NEVER' ? '-' : formatStack(host.stack),
    clean(host.retiredAt === null ? host.freshness.level : 'RETIRED'),
    formatLabels(host.labels),
  ]);
  return table(
    [
      { head: 'HOST' },
      { head: 'KERNEL' },
      { head: 'RUNS', wrap: true },
      { head: 'KNOWN' },
      { head: LABELS, wrap: true },
    ],
    rows,
    width,
  );
}
