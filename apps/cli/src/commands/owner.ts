import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import { OWNER_POLICIES, type OwnerPolicy, SET_OWNER_POLICY } from '../registry/generated/operations.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import type { Act } from './act.js';
import { publicName } from './public-name.js';
import { timeFrom } from './time-flag.js';

interface SetFlags {
  readonly requireSigned?: true;
  readonly allowUnsigned?: true;
  readonly from?: string;
  readonly reason: string;
}

/** `owner`: what the registry demands of what is published for an owner. */
export function owner(act: Act): Command {
  const parent = new Command('owner')
    .summary('list owners, and require their author statements to be signed')
    .description('Manages what the registry demands of what is published for an owner.');
  return parent.addCommand(set(act)).addCommand(list(act));
}

const set = (act: Act): Command =>
  new Command('set')
    .summary("require an owner's author statements to be signed, or allow unsigned ones")
    .description(
      'Sets from when on unsigned submissions for an owner are ' +
        'refused. What was published before stays as it ' +
        'is: an unsigned author statement counts as unsigned. Requires an admin token.',
    )
    .argument('<owner>')
    .option('--require-signed', 'refuse unsigned submissions')
    .option('--from <time>', 'with --require-signed: from then on (default: now)')
    .option('--allow-unsigned', 'no longer refuse unsigned submissions')
    .requiredOption('--reason <text>', 'the reason, for the audit log')
    .action(
      act<SetFlags>(async ({ args, flags, registry, settings, environment }) => {
        const { setOwnerPolicy: policy } = await registry.ask(SET_OWNER_POLICY, {
          owner: publicName('owner', args[0] as string),
          ...requirement(flags),
          reason: flags.reason,
        });
        show(
          { schemaVersion: 1, ...policy },
          (width) => policiesTable([policy], width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

function requirement({ requireSigned, allowUnsigned, from }: SetFlags) {
  if ((requireSigned === undefined) === (allowUnsigned === undefined))
    throw usage('give either --require-signed or --allow-unsigned');
  if (allowUnsigned !== undefined && from !== undefined) throw usage('--from needs --require-signed');
  return {
    requireSigned: requireSigned !== undefined,
    from: from === undefined ? null : timeFrom('--from', from),
  };
}

const list = (act: Act): Command =>
  new Command('list')
    .summary('list owners with a policy')
    .description('Lists owners for which a policy was set.')
    .option('--owner <owner>', 'only this owner')
    .action(
      act<{ owner?: string }>(async ({ flags, registry, settings, environment }) => {
        const { ownerPolicies } = await registry.ask(OWNER_POLICIES, { where: flags });
        show(
          { schemaVersion: 1, ownerPolicies },
          (width) => policiesTable(ownerPolicies, width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

function policiesTable(policies: readonly OwnerPolicy[], width: number | null): string {
  if (policies.length === 0) return 'no owner has a policy: unsigned submissions are allowed';
  const rows = policies.map((policy) => [
    clean(policy.owner),
    policy.requireSignedFrom === null ? 'allowed' : `refused since ${clean(policy.requireSignedFrom)}`,
    clean(policy.setAt),
    clean(policy.setBy),
  ]);
  return table([{ head: 'OWNER' }, { head: 'UNSIGNED' }, { head: 'SET' }, { head: 'BY' }], rows, width);
}
