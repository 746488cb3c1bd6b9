import { Command } from 'commander';
import { EXIT } from '../exits.js';
import { TRANSFER_PATCH } from '../registry/generated/operations.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import type { Act } from './act.js';
import { publicName } from './public-name.js';
import { buildIdFrom } from './build-id.js';

interface Flags {
  readonly to: string;
  readonly reason: string;
}

/** `patch transfer`: gives a build to another owner. */
export const patchTransfer = (act: Act): Command =>
  new Command('transfer')
    .summary('give a patch to another owner')
    .description(
      'Gives a published patch to another owner. Its author ' +
        'statement counts as unsigned until the new owner ' +
        'publishes it again with a signature. Requires an admin token.',
    )
    .argument('<build-id>', 'the patch')
    .requiredOption('--to <owner>', 'the new owner')
    .requiredOption('--reason <text>', 'the reason, for the audit log')
    .action(
      act<Flags>(async ({ args, flags, settings, environment, registry }) => {
        const buildId = buildIdFrom(args[0] as string);
        const owner = publicName('--to', flags.to);
        const { reason } = flags;
        const { transferPatch: patch } = await registry.ask(TRANSFER_PATCH, { buildId, owner, reason });
        show(
          { schemaVersion: 1, ...patch },
          () => clean(`${patch.name} (${patch.release}, ${patch.buildId}) belongs to ${patch.owner}`),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );
