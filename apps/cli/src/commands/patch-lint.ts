import { type Declaration, explainFinding, type Finding, lint, severityOf } from '@klpreg/compat';
import { Command } from 'commander';
import { EXIT, type ExitCode, usage, worst } from '../exits.js';
import { readAuthor } from '../module/author.js';
import { declarationOf, type Line } from '../module/declaration.js';
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

/** What became of one file. */
interface Linted {
  readonly file: string;
  readonly findings: readonly Finding[];
  /** Why it could not be looked at; empty where it could. */
  readonly mistakes: readonly string[];
}

/** What should the author of these modules know before anyone installs them? */
export const patchLint = (act: Act): Command =>
  new Command('lint')
    .summary('what should their author know before anyone installs them? (asks no registry)')
    .description("Looks at livepatch modules and their author's words, as a reviewer would. Asks no registry.")
    .argument('<file...>', '.ko, .ko.xz, .ko.zst, .ko.gz; with FILE.klp.yaml beside it')
    .option('--after <file>', 'an earlier livepatch of the same line (repeatable, oldest first)', collect, [])
    .option('--release <release>', 'of which these are builds')
    .option('--owner <owner>', 'who answers for them')
    .addHelpText('after', helpText('patch-lint'))
    .action(
      act<Flags>(async ({ args, flags, settings, environment }) => {
        const line = { release: flags.release ?? '', owner: flags.owner ?? null };
        const before: Declaration[] = [];
        for (const file of flags.after) before.push(await predecessor(file, line.owner));
        const linted: Linted[] = [];
        for (const file of args[0] as string[]) linted.push(await lintFile(file, line, before));
        show({ schemaVersion: 1, files: linted.map(asData) }, () => linted.map(lintText).join('\n\n'), settings.output, environment.stdout);
        return worst(linted.map(exitOf));
      }),
    );

async function lintFile(file: string, line: Line, before: readonly Declaration[]): Promise<Linted> {
  const read = await declare(file, line);
  return Array.isArray(read) ? { file, findings: [], mistakes: read } : { file, findings: lint(read, before), mistakes: [] };
}

async function predecessor(file: string, owner: string | null): Promise<Declaration> {
  const read = await declare(file, { release: file, owner });
  if (Array.isArray(read)) throw usage(`--after: ${file}: ${read.join('; ')}`);
  return read;
}

/** @returns the declaration, or everything that keeps it from being read */
async function declare(file: string, line: Line): Promise<Declaration | string[]> {
  const { reading, error } = await readFileAsModule(file);
  if (error !== null) return [`${error.message} (${error.code})`];
  const author = readAuthor(file, undefined);
  if (author !== null && author.mistakes.length > 0) return author.mistakes.map((problem) => `${author.path}: ${problem}`);
  // signing comes with publishing: a word that will be signed then is not blamed for it now
  return declarationOf(reading, author?.word ?? null, true, line);
}

const exitOf = ({ findings, mistakes }: Linted): ExitCode =>
  mistakes.length > 0 || findings.some((finding) => severityOf(finding) === 'ERROR') ? EXIT.NO : EXIT.YES;

const asData = ({ file, findings, mistakes }: Linted) => ({
  file,
  mistakes,
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

function lintText({ file, findings, mistakes }: Linted): string {
  const lines = [...mistakes, ...findings.map((finding) => `${severityOf(finding).padEnd(7)} ${finding.code}\n    ${explainFinding(finding)}`)];
  return [clean(file), ...(lines.length === 0 ? ['nothing to say'] : lines).map((line) => `  ${line.split('\n').map(clean).join('\n  ')}`)].join('\n');
}
