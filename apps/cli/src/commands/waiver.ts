import { Command, Option } from 'commander';
import { EXIT, usage } from '../exits.js';
import { codeOf, seconds } from '../gate/question.js';
import { ADD_WAIVER, REVOKE_WAIVER, type Waiver, WAIVERS } from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import { hostFilter } from '../where/filter.js';
import type { Act } from './act.js';
import { ALLOWABLE, collect, withValues } from './flags.js';
import { limitFrom } from './hosts.js';

/** `waiver`: reasons that are accepted for some hosts until a time. */
export function waiver(act: Act): Command {
  const parent = new Command('waiver')
    .summary('add, list and revoke waivers')
    .description(
      'Manages waivers: each accepts UNKNOWN reasons for some hosts ' +
        'until a time, as --allow does. It applies to ' +
        'questions that provably select only these hosts: with ' +
        '--authoritative-labels, and the labels in --where.',
    );
  return parent.addCommand(add(act)).addCommand(list(act)).addCommand(revoke(act));
}

interface AddFlags {
  readonly owner: string;
  readonly reason: string;
  readonly allow: readonly string[];
  readonly where: string;
  readonly release?: string;
  readonly expiresIn: string;
}

const add = (act: Act): Command =>
  new Command('add')
    .summary('add a waiver')
    .description('Accepts UNKNOWN reasons for some hosts until a time. Requires an admin token.')
    .requiredOption('--owner <name>', 'who answers for it: a person or a team')
    .requiredOption('--reason <text>', 'why')
    .requiredOption(
      '--where <selector>',
      "which hosts, by authoritative labels: 'env=prod' or 'env=prod,role in (web,api)'",
    )
    .addOption(
      withValues(new Option('--allow <code>', 'accept this UNKNOWN reason (repeatable)'), ALLOWABLE)
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--release <name>', 'only for this release as the target')
    .option('--expires-in <time>', 'how long it is valid, at most 90d', '30d')
    .action(
      act<AddFlags>(async ({ flags, settings, environment, registry }) => {
        const { owner, reason, release, expiresIn } = flags;
        seconds('--expires-in', expiresIn);
        if (flags.allow.length === 0)
          throw usage('--allow is needed', `write one of ${ALLOWABLE.join(', ')}`);
        const input = {
          owner,
          reason,
          codes: flags.allow.map((code) => codeOf('--allow', code)),
          selector: selectorFrom(flags.where),
          ...(release !== undefined && { release }),
          expiresIn,
        };
        const { addWaiver } = await registry.ask(ADD_WAIVER, { input });
        show(
          { schemaVersion: 1, ...addWaiver },
          (width) => waiversTable([addWaiver], width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const list = (act: Act): Command =>
  new Command('list')
    .summary('list waivers')
    .description('Lists waivers, the newest first.')
    .option('--active', 'only waivers that are valid now')
    .option('--owner <name>', 'only waivers of this owner')
    .addOption(withValues(new Option('--code <code>', 'only waivers that accept this code'), ALLOWABLE))
    .option('--limit <n>', 'the maximum number of waivers to list', '100')
    .action(
      act<{ active?: true; owner?: string; code?: string; limit: string }>(
        async ({ flags, settings, environment, registry }) => {
          const { active, owner, code } = flags;
          const where = {
            ...(active === true && { active }),
            ...(owner !== undefined && { owner }),
            ...(code !== undefined && { code: codeOf('--code', code) }),
          };
          const found = await gather(
            async (first, after) => (await registry.ask(WAIVERS, { where, first, after })).waivers,
            limitFrom(flags.limit),
          );
          show(
            { schemaVersion: 1, waivers: found.nodes, total: found.totalCount, cut: found.cut },
            (width) => waiversTable(found.nodes, width),
            settings.output,
            environment.stdout,
          );
          return EXIT.YES;
        },
      ),
    );

const revoke = (act: Act): Command =>
  new Command('revoke')
    .summary('end a waiver')
    .description('Ends a waiver now. Answers about earlier times still have it. Requires an admin token.')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why')
    .action(
      act<{ reason: string }>(async ({ args, flags, settings, environment, registry }) => {
        const { revokeWaiver } = await registry.ask(REVOKE_WAIVER, {
          id: args[0] as string,
          reason: flags.reason,
        });
        show(
          { schemaVersion: 1, ...revokeWaiver },
          (width) => waiversTable([revokeWaiver], width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

/** A waiver selects by the values of labels, so that a question can be compared with it. */
function selectorFrom(where: string): { key: string; values: string[] }[] {
  const { labels = [], ...others } = hostFilter(where);
  const selector = (labels ?? []).map(({ key, in: values }) => ({ key, values: [...(values ?? [])] }));
  if (Object.keys(others).length > 0 || selector.some(({ values }) => values.length === 0))
    throw usage(
      `--where: '${where}' has more than labels with their values`,
      "a waiver takes only conditions such as 'env=prod' and 'role in (web,api)'",
    );
  return selector;
}

const selectorTerm = ({ key, values }: Waiver['selector'][number]): string =>
  values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;

function waiversTable(waivers: readonly Waiver[], width: number | null): string {
  if (waivers.length === 0) return 'no waiver matches';
  const rows = waivers.map((row) => [
    row.active ? 'active' : row.revokedAt === null ? 'expired' : `revoked by ${clean(row.revokedBy ?? '')}`,
    clean(row.owner),
    clean(row.codes.join(' ')),
    clean(row.selector.map(selectorTerm).join(',')),
    clean(row.release ?? 'any'),
    clean(row.expiresAt),
    clean(row.id),
    clean(row.revokeReason ?? row.reason),
  ]);
  return table(
    [
      { head: 'STATE' },
      { head: 'OWNER' },
      { head: 'CODES', wrap: true },
      { head: 'HOSTS', wrap: true },
      { head: 'TARGET' },
      { head: 'UNTIL' },
      { head: 'ID' },
      { head: 'WHY', wrap: true },
    ],
    rows,
    width,
  );
}
