import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { PolicyDocument } from '@klpreg/wire';
import { stringify } from 'yaml';
import { EXIT, usage } from '../exits.js';
import { readYaml } from '../read-yaml.js';
import type { Registry } from '../registry/client.js';
import { APPLY_POLICY, POLICIES, SHOW_POLICY, type TargetInput } from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { resolveTarget } from '../registry/target.js';
import { cleanLines } from '../show/clean.js';
import { show } from '../show/output.js';
import { changeText, historyTable, policyText } from '../show/policy.js';
import type { Act } from './act.js';
import { helpText } from './help.js';
import { limitFrom } from './hosts.js';

/** `policy`: the rules by which the registry judges more strictly than the kernel. */
export function policy(act: Act): Command {
  const parent = new Command('policy')
    .summary('show and change the policy of the registry')
    .description(
      'Shows and changes the policy of the registry: rules that ' +
        'raise advisories to UNSAFE for some hosts, and ' +
        'set defaults for questions.',
    );
  return parent.addCommand(showCurrent(act)).addCommand(apply(act)).addCommand(history(act));
}

const showCurrent = (act: Act): Command =>
  new Command('show')
    .summary('show the policy')
    .description('Shows the current policy, or an earlier one.')
    .option('--revision <n>', 'the revision of an earlier policy')
    .option('--document', 'print the document alone, as YAML for policy apply')
    .action(
      act<{ revision?: string; document?: true }>(async ({ flags, settings, environment, registry }) => {
        const revision = flags.revision === undefined ? null : revisionFrom('--revision', flags.revision, 1);
        const { policy: found } = await registry.ask(SHOW_POLICY, { revision });
        if (found === null && revision !== null) throw usage(`there is no policy of revision ${revision}`);
        if (flags.document === true)
          environment.stdout.write(
            cleanLines(stringify(found === null ? EMPTY : (JSON.parse(found.document) as unknown))),
          );
        else
          show(
            { schemaVersion: 1, policy: found },
            (width) => policyText(found, width),
            settings.output,
            environment.stdout,
          );
        return EXIT.YES;
      }),
    );

const EMPTY = { schema: 'policy/v1', rules: [] };

interface ApplyFlags {
  readonly reason: string;
  readonly dryRun?: true;
  readonly expectedRevision?: string;
  readonly to: readonly string[];
}

const apply = (act: Act): Command =>
  new Command('apply')
    .summary('replace the policy, or show what that would change')
    .description(
      'Replaces the policy of the registry by a document (YAML or JSON). It holds for all later answers. ' +
        'Requires an admin token without a scope.',
    )
    .argument('<file>', 'the document; - reads it from stdin')
    .option('--dry-run', "change nothing, and show the difference to today's verdicts")
    .option(
      '--to <target>',
      'with --dry-run: a target to compare, repeatable (default: previous and original)',
      (one, others: readonly string[]) => [...others, one],
      [] as readonly string[],
    )
    .option('--expected-revision <n>', 'apply only if the current policy has this revision; 0: there is none')
    .requiredOption('--reason <text>', 'the reason, for the audit log')
    .addHelpText('after', helpText('policy-apply'))
    .action(
      act<ApplyFlags>(async ({ args, flags, settings, environment, registry }) => {
        const document = read(args[0] as string);
        const dryRun = flags.dryRun === true;
        if (!dryRun && flags.to.length > 0) throw usage('--to needs --dry-run');
        const expected = flags.expectedRevision;
        const { applyPolicy: change } = await registry.ask(APPLY_POLICY, {
          document: JSON.stringify(document),
          reason: flags.reason,
          dryRun,
          expectedRevision: expected === undefined ? null : revisionFrom('--expected-revision', expected, 0),
          targets: flags.to.length === 0 ? null : await targetsFrom(flags.to, registry),
        });
        show(
          { schemaVersion: 1, applied: change.policy !== null, ...change },
          (width) => changeText(change, width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const targetsFrom = async (words: readonly string[], registry: Registry): Promise<TargetInput[]> =>
  Promise.all(words.map(async (word) => resolveTarget(word, [], registry)));

const history = (act: Act): Command =>
  new Command('history')
    .summary('list all policies')
    .description('Lists all policies, the newest first.')
    .option('--limit <n>', 'the maximum number of policies to list', '100')
    .action(
      act<{ limit: string }>(async ({ flags, settings, environment, registry }) => {
        const found = await gather(
          async (first, after) => (await registry.ask(POLICIES, { first, after })).policies,
          limitFrom(flags.limit),
        );
        show(
          { schemaVersion: 1, policies: found.nodes, total: found.totalCount, cut: found.cut },
          (width) => historyTable(found.nodes, width),
          settings.output,
          environment.stdout,
        );
        if (found.cut)
          environment.stderr.write(
            `${found.nodes.length} of ${found.totalCount} policies; --limit shows more\n`,
          );
        return EXIT.YES;
      }),
    );

function revisionFrom(flag: string, text: string, least: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw usage(
    `${flag}: '${text}' is not a revision`,
    `write a whole number from ${least}; see policy history`,
  );
}

/** Reads and checks a document. The registry checks it again. */
function read(file: string): PolicyDocument {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw usage(`${file} cannot be read: ${(error as Error).message}`);
  }
  const { value, errors } = readYaml(text, PolicyDocument);
  if (value === null) throw usage(`${file} is not a policy`, ...errors);
  return value;
}
