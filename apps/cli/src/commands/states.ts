import { Command } from 'commander';
import { EXIT } from '../exits.js';
import { STATES, type StateRow } from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import type { Act } from './act.js';
import { limitFrom } from './hosts.js';

/** `states`: lists the state ids that published patches declare, with versions and owners. */
export const states = (act: Act): Command =>
  new Command('states')
    .summary('list the states that published patches declare')
    .description('Lists every state id that a published patch declares, with its versions and owners.')
    .option('--limit <n>', 'the maximum number of ids to list', '500')
    .action(
      act<{ limit: string }>(async ({ flags, settings, environment, registry }) => {
        const found = await gather(
          async (first, after) => (await registry.ask(STATES, { first, after })).states,
          limitFrom(flags.limit),
        );
        show(
          { schemaVersion: 1, states: found.nodes, total: found.totalCount, cut: found.cut },
          (width) => statesTable(found.nodes, width),
          settings.output,
          environment.stdout,
        );
        if (found.cut)
          environment.stderr.write(
            `${found.nodes.length} of ${found.totalCount} states; --limit shows more\n`,
          );
        return EXIT.YES;
      }),
    );

function statesTable(found: readonly StateRow[], width: number | null): string {
  if (found.length === 0) return 'no published patch declares a state';
  const rows = found.flatMap((state) =>
    state.versions.map((each) => [
      state.stateId,
      String(each.version),
      String(each.patches),
      String(each.hosts),
      clean(each.owners.join(', ')),
    ]),
  );
  return table(
    [
      { head: 'STATE', align: 'right' },
      { head: 'VERSION', align: 'right' },
      { head: 'PATCHES', align: 'right' },
      { head: 'HOSTS', align: 'right' },
      { head: 'OWNERS', wrap: true },
    ],
    rows,
    width,
  );
}
