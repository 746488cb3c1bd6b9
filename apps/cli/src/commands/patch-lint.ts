import { type Declaration, explainFinding, type Finding, lint, severityOf } from '@klpreg/compat';
import { Command } from 'commander';
import { EXIT, type ExitCode, usage, worst } from '../exits.js';
import { readAuthor } from '../module/author.js';
import { declarationOf, type Publication } from '../module/declaration.js';
import { readFileAsModule } from '../module/read-file.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import type { Act } from './act.js';
import { collect } from './flags.js';
import { helpText } from './help.js';

interface Flags {
  readonly after: readonly string[];
  readonly release?: string;
  readonly owner?: string;
}

/** The result for one file. */
interface Linted {
  readonly file: string;
  readonly findings: readonly Finding[];
  /** Why the file could not be checked. Empty if it was. */
  readonly errors: readonly string[];
}

/** `patch lint`: reviews modules before they are installed, without a registry. */
export const patchLint = (act: Act): Command =>
  new Command('lint')
    .summary('review modules before they are installed (without a registry)')
    .description('Checks livepatch modules and their author statements. Needs no registry.')
    .argument('<file...>', '.ko, .ko.xz, .ko.zst, .ko.gz, each with FILE.klp.yaml next to it')
    .option(
      '--after <file>',
      'an earlier livepatch of the same series (repeatable, oldest first)',
      collect,
      [],
    )
    .option('--release <release>', 'the release that these modules are builds of')
    .option('--owner <owner>', 'the team that is responsible for them')
    .addHelpText('after', helpText('patch-lint'))
    .action(
      act<Flags>(async ({ args, flags, settings, environment }) => {
        const publication = { release: flags.release ?? '', owner: flags.owner ?? null };
        const before: Declaration[] = [];
        for (const file of flags.after) before.push(await predecessor(file, publication.owner));
        const linted: Linted[] = [];
        for (const file of args[0] as string[]) linted.push(await lintFile(file, publication, before));
        show(
          { schemaVersion: 1, files: linted.map(asData) },
          () => linted.map(lintText).join('\n\n'),
          settings.output,
          environment.stdout,
        );
        return worst(linted.map(exitOf));
      }),
    );

async function lintFile(
  file: string,
  publication: Publication,
  before: readonly Declaration[],
): Promise<Linted> {
  const read = await declare(file, publication);
  return Array.isArray(read)
    ? { file, findings: [], errors: read }
    : { file, findings: lint(read, before), errors: [] };
}

async function predecessor(file: string, owner: string | null): Promise<Declaration> {
  const read = await declare(file, { release: file, owner });
  if (Array.isArray(read)) throw usage(`--after: ${file}: ${read.join('; ')}`);
  return read;
}

/** Returns the declaration, or the problems that prevent reading it. */
async function declare(file: string, publication: Publication): Promise<Declaration | string[]> {
  const { reading, error } = await readFileAsModule(file);
  if (error !== null) return [`${error.message} (${error.code})`];
  const author = readAuthor(file, undefined);
  if (author !== null && author.errors.length > 0)
    return author.errors.map((problem) => `${author.path}: ${problem}`);
  // Statements are signed when they are published, so a missing signature is no finding here.
  return declarationOf(reading, author?.word ?? null, true, publication);
}

const exitOf = ({ findings, errors }: Linted): ExitCode =>
  errors.length > 0 || findings.some((finding) => severityOf(finding) === 'ERROR') ? EXIT.NO : EXIT.YES;

const asData = ({ file, findings, errors }: Linted) => ({
  file,
  errors,
  findings: findings.map((finding) => ({
    code: finding.code,
    severity: severityOf(finding),
    stateId: finding.stateId?.toString() ?? null,
    version: finding.version ?? null,
    otherVersion: finding.otherVersion ?? null,
    other: finding.other ?? null,
    function: finding.function ?? null,
    detail: finding.detail ?? null,
    text: explainFinding(finding),
  })),
});

function lintText({ file, findings, errors }: Linted): string {
  const lines = [
    ...errors,
    ...findings.map(
      (finding) => `${severityOf(finding).padEnd(7)} ${finding.code}\n    ${explainFinding(finding)}`,
    ),
  ];
  return [
    clean(file),
    ...(lines.length === 0 ? ['no findings'] : lines).map(
      (line) => `  ${line.split('\n').map(clean).join('\n  ')}`,
    ),
  ].join('\n');
}
