import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import { RECALL_PATCH } from '../registry/generated/operations.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import type { Act } from './act.js';
import { buildIdFrom } from './build-id.js';

interface Flags {
  readonly reason?: string;
  readonly undo?: true;
}

/** `patch recall`: recalls a published patch, or undoes that. */
export const patchRecall = (act: Act): Command =>
  new Command('recall')
    .summary('mark a patch as one that no host should load')
    .description(
      'Recalls a published patch: every verdict about it as a target gets the reason TARGET_RECALLED ' +
        '(UNSAFE).',
    )
    .argument('<build-id>', 'the patch')
    .option('--reason <text>', 'the reason; required without --undo')
    .option('--undo', 'undo the recall')
    .action(
      act<Flags>(async ({ args, flags, settings, environment, registry }) => {
        const buildId = buildIdFrom(args[0] as string);
        if (!flags.undo && !flags.reason) throw usage('a recall requires --reason');
        const { recallPatch: patch } = await registry.ask(RECALL_PATCH, {
          buildId,
          reason: flags.reason ?? null,
          recalled: !flags.undo,
        });
        const name = clean(`${patch.name} (${patch.release}, ${patch.buildId})`);
        show(
          { schemaVersion: 1, ...patch },
          () =>
            patch.recalledAt === null
              ? `${name} is not recalled`
              : `${name} is recalled since ${clean(patch.recalledAt)}`,
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );
