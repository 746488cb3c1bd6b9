import { secondsIn } from '@klpreg/where';
import { Command, Option } from 'commander';
import { EXIT, Failure, usage } from '../exits.js';
import { oneOf } from '../gate/question.js';
import { DECISION_AFTERWARDS, DECISIONS, FIND_DECISION } from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { type Afterwards, decisionsTable, decisionText } from '../show/decisions.js';
import { show } from '../show/output.js';
import type { Act } from './act.js';
import { withValues } from './flags.js';
import { limitFrom } from './hosts.js';
import { timeFrom } from './time-flag.js';

const RESULTS = ['yes', 'no', 'cannot-tell'];

/** `decision`: what gates decided. */
export function decision(act: Act): Command {
  const parent = new Command('decision')
    .summary('list and show recorded decisions of gates')
    .description(
      'Shows what gates decided, and what happened on the hosts afterwards. Gates record with --change.',
    );
  return parent.addCommand(list(act)).addCommand(showOne(act));
}

interface Filter {
  readonly change?: string;
  readonly who?: string;
  readonly since?: string;
  readonly until?: string;
  readonly overridden?: true;
  readonly result?: string;
  readonly limit: string;
}

const list = (act: Act): Command =>
  new Command('list')
    .summary('list decisions')
    .description('Lists decisions, the newest first.')
    .option('--change <id>', 'only decisions for this change')
    .option('--who <name>', 'only decisions that this token or person recorded')
    .option('--since <time>', 'only decisions since this time, or of this age: 7d, 2027-01-01')
    .option('--until <time>', 'only decisions before this time')
    .option('--overridden', 'only decisions that passed although not every host was SAFE')
    .addOption(withValues(new Option('--result <result>', 'only decisions with this result'), RESULTS))
    .option('--limit <n>', 'the maximum number of decisions to list', '100')
    .action(
      act<Filter>(async ({ flags, settings, environment, registry }) => {
        const { change, who, since, until, overridden, result } = flags;
        const now = environment.now();
        const where = {
          ...(change !== undefined && { changeId: change }),
          ...(who !== undefined && { who }),
          ...(since !== undefined && { from: agoFrom('--since', since, now) }),
          ...(until !== undefined && { until: agoFrom('--until', until, now) }),
          ...(overridden === true && { overridden }),
          ...(result !== undefined && { decision: resultFrom(result) }),
        };
        const found = await gather(
          async (first, after) => (await registry.ask(DECISIONS, { where, first, after })).decisions,
          limitFrom(flags.limit),
        );
        show(
          { schemaVersion: 1, decisions: found.nodes, total: found.totalCount, cut: found.cut },
          (width) => decisionsTable(found.nodes, width),
          settings.output,
          environment.stdout,
        );
        if (found.cut)
          environment.stderr.write(
            `${found.nodes.length} of ${found.totalCount} decisions; --limit shows more\n`,
          );
        return EXIT.YES;
      }),
    );

const showOne = (act: Act): Command =>
  new Command('show')
    .summary('show a decision, and what happened on the hosts afterwards')
    .description(
      'Shows a decision with its question, answer and overrides, ' +
        'and where its hosts are now: at the target, ' +
        'unchanged, changed otherwise or gone.',
    )
    .argument('<id>')
    .option('--at <time>', 'where the hosts were at this time (default: now)')
    .action(
      act<{ at?: string }>(async ({ args, flags, settings, environment, registry }) => {
        const id = args[0] as string;
        const at = flags.at === undefined ? null : agoFrom('--at', flags.at, environment.now());
        const { decision: found } = await registry.ask(FIND_DECISION, { id });
        if (found === null)
          throw usage(`no decision has the id '${id}'`, 'klpreg decision list shows recorded ones');
        const afterwards = await registry
          .ask(DECISION_AFTERWARDS, { id, at })
          .then((answer): Afterwards => answer.decision?.afterwards ?? null, goneAs);
        show(
          { schemaVersion: 1, ...found, question: JSON.parse(found.question) as unknown, afterwards },
          (width) => decisionText(found, afterwards, width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

/** The history does not reach back, which the output says. */
function goneAs(error: unknown): Afterwards {
  if (error instanceof Failure && error.code === 'SNAPSHOT_GONE') return { historyGone: error.message };
  throw error;
}

const resultFrom = (text: string) => oneOf('--result', RESULTS, text) as 'YES' | 'NO' | 'CANNOT_TELL';

/** Returns the instant of a flag that is a time or an age. */
function agoFrom(flag: string, text: string, now: number): string {
  const ago = secondsIn(text);
  return ago === null ? timeFrom(flag, text) : new Date(now - ago * 1000).toISOString();
}
