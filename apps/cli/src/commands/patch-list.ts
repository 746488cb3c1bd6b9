import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import { PATCHES, type PatchRow } from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { formatReplace, formatStates } from '../show/patches.js';
import { table } from '../show/table.js';
import type { Act } from './act.js';
import { collect } from './flags.js';
import { limitFrom } from './hosts.js';

interface Flags {
  readonly name: readonly string[];
  readonly release: readonly string[];
  readonly owner: readonly string[];
  readonly kernel: readonly string[];
  readonly state?: string;
  readonly recalled?: true;
  readonly limit: string;
}

/** `patch list`: lists published patches. */
export const patchList = (act: Act): Command =>
  new Command('list')
    .summary('list published patches')
    .description(
      'Lists published patches, sorted by name and build-id. Repeat a flag for "or". Different flags ' +
        'mean "and".',
    )
    .option('--name <name>', 'only with this module name (repeatable)', collect, [])
    .option('--release <release>', 'only from this release (repeatable)', collect, [])
    .option('--owner <owner>', 'only from this owner (repeatable)', collect, [])
    .option('--kernel <release>', 'only for this kernel release (repeatable)', collect, [])
    .option('--state <id>', 'only if it declares this state, at any version')
    .option('--recalled', 'only if it is recalled')
    .option('--limit <n>', 'the maximum number of patches to list', '500')
    .action(
      act<Flags>(async ({ flags, settings, environment, registry }) => {
        const where = filterFrom(flags);
        const found = await gather(
          async (first, after) => (await registry.ask(PATCHES, { where, first, after })).patches,
          limitFrom(flags.limit),
        );
        show(
          { schemaVersion: 1, patches: found.nodes, total: found.totalCount, cut: found.cut },
          (width) => patchesTable(found.nodes, width),
          settings.output,
          environment.stdout,
        );
        if (found.cut)
          environment.stderr.write(
            `${found.nodes.length} of ${found.totalCount} patches; --limit shows more\n`,
          );
        return EXIT.YES;
      }),
    );

/** Returns the flags as a `PatchFilter` of the schema. */
function filterFrom({ name, release, owner, kernel, state, recalled }: Flags): Record<string, unknown> {
  if (state !== undefined && !(/^(0|[1-9]\d{0,19})$/.test(state) && BigInt(state) < 2n ** 64n))
    throw usage(`--state: '${state}' is not an unsigned 64-bit number`);
  const demands = {
    names: name.map((each) => each.replaceAll('-', '_')),
    releases: release,
    owners: owner,
    kernelReleases: kernel,
  };
  return {
    ...Object.fromEntries(Object.entries(demands).filter(([, values]) => values.length > 0)),
    ...(state === undefined ? {} : { stateId: state }),
    ...(recalled ? { recalled } : {}),
  };
}

function patchesTable(found: readonly PatchRow[], width: number | null): string {
  if (found.length === 0) return 'no published patch matches';
  const rows = found.map((patch) => [
    clean(patch.release),
    clean(patch.name),
    clean(patch.buildId),
    clean(patch.kernelRelease),
    formatReplace(patch.replace),
    formatStates(patch.states),
    clean(patch.impact),
    clean(patch.owner),
    [patch.recalledAt === null ? null : 'recalled', patch.conflicts.length === 0 ? null : 'in conflict']
      .filter((note) => note !== null)
      .join(', '),
  ]);
  const columns = [
    { head: 'RELEASE' },
    { head: 'NAME' },
    { head: 'BUILD-ID' },
    { head: 'KERNEL' },
    { head: 'REPLACE' },
    { head: 'STATES', wrap: true },
    { head: 'IMPACT' },
    { head: 'OWNER' },
    { head: 'NOTE' },
  ] as const;
  return table(columns, rows, width);
}
