import { Command, Option } from 'commander';
import { EXIT } from '../exits.js';
import {
  APPROVE_ENROLMENT,
  ENROLMENTS,
  type Enrolment,
  REJECT_ENROLMENT,
  RESET_HOST_CREDENTIAL,
  REVOKE_HOST_CREDENTIAL,
} from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import type { Act, Context } from './act.js';
import { enrolmentToken } from './enrolment-token.js';
import { limitFrom } from './hosts.js';

const STATES = ['PENDING', 'ACTIVE', 'REJECTED', 'REVOKED', 'RESET'] as const;

/** `enrolment`: the hosts that enrol, and the tokens with which they do. */
export function enrolment(act: Act): Command {
  const parent = new Command('enrolment')
    .summary('manage how hosts get their credentials')
    .description('Manages enrolment tokens and enrolled hosts. Requires an admin token.');
  parent.addCommand(enrolmentToken(act)).addCommand(list(act)).addCommand(approve(act));
  for (const change of CHANGES) parent.addCommand(changing(act, change));
  return parent;
}

interface ListFlags {
  readonly state?: Enrolment['state'];
  readonly enrolmentToken?: string;
  readonly limit: string;
}

const list = (act: Act): Command =>
  new Command('list')
    .summary('list enrolled hosts')
    .description('Lists the hosts that are enrolled, or wait for an admin.')
    .addOption(new Option('--state <state>', 'only hosts in this state').choices(STATES))
    .option('--enrolment-token <id>', 'only hosts that enrolled with this token')
    .option('--limit <n>', 'the maximum number of hosts to list', '500')
    .action(
      act<ListFlags>(async ({ flags, registry, settings, environment }) => {
        const where = { state: flags.state ?? null, tokenId: flags.enrolmentToken ?? null };
        const found = await gather(
          async (first, after) => (await registry.ask(ENROLMENTS, { where, first, after })).enrolments,
          limitFrom(flags.limit),
        );
        show(
          { schemaVersion: 1, enrolments: found.nodes, total: found.totalCount, cut: found.cut },
          (width) => hostsTable(found.nodes, width),
          settings.output,
          environment.stdout,
        );
        if (found.cut)
          environment.stderr.write(
            `${found.nodes.length} of ${found.totalCount} hosts; --limit shows more\n`,
          );
        return EXIT.YES;
      }),
    );

const approve = (act: Act): Command =>
  new Command('approve')
    .summary('approve a host that waits')
    .description('Approves a host whose enrolment waits. Its agent asks again at its next run.')
    .argument('<host>', 'the instance id')
    .action(
      act(async (context) => {
        const host = context.args[0] as string;
        return shown(context, (await context.registry.ask(APPROVE_ENROLMENT, { host })).approveEnrolment);
      }),
    );

interface Change {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly ask: (registry: Context<unknown>['registry'], host: string, reason: string) => Promise<Enrolment>;
}

/** Changes that have a reason. */
const CHANGES: readonly Change[] = [
  {
    name: 'reject',
    summary: 'reject a host that waits',
    description: 'Rejects a host whose enrolment waits.',
    ask: async (registry, host, reason) =>
      (await registry.ask(REJECT_ENROLMENT, { host, reason })).rejectEnrolment,
  },
  {
    name: 'revoke',
    summary: "revoke a host's credentials",
    description: 'Revokes the credentials of a host, on every server within 5 seconds.',
    ask: async (registry, host, reason) =>
      (await registry.ask(REVOKE_HOST_CREDENTIAL, { host, reason })).revokeHostCredential,
  },
  {
    name: 'reset',
    summary: 'let a host enrol again, with another key',
    description:
      'Revokes the credentials of a host, and lets it enrol again with another key. ' +
      'Use it if the host lost its key.',
    ask: async (registry, host, reason) =>
      (await registry.ask(RESET_HOST_CREDENTIAL, { host, reason })).resetHostCredential,
  },
];

const changing = (act: Act, { name, summary, description, ask }: Change): Command =>
  new Command(name)
    .summary(summary)
    .description(description)
    .argument('<host>', 'the instance id')
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action(
      act<{ reason: string }>(async (context) =>
        shown(context, await ask(context.registry, context.args[0] as string, context.flags.reason)),
      ),
    );

function shown({ settings, environment }: Context<unknown>, host: Enrolment) {
  show(
    { schemaVersion: 1, ...host },
    (width) => hostsTable([host], width),
    settings.output,
    environment.stdout,
  );
  return EXIT.YES;
}

function hostsTable(hosts: readonly Enrolment[], width: number | null): string {
  if (hosts.length === 0) return 'no host is enrolled';
  const rows = hosts.map(({ host, hostname, state, stateAt, stateBy, tokenId }) => [
    clean(host),
    clean(hostname),
    clean(state),
    clean(stateAt),
    clean(stateBy ?? ''),
    clean(tokenId),
  ]);
  const heads = ['HOST', 'NAME', 'STATE', 'SINCE', 'BY', 'TOKEN'];
  return table(
    heads.map((head) => ({ head })),
    rows,
    width,
  );
}
