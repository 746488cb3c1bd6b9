import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { EXIT, Failure, type ExitCode, unexpected, usage } from '../exits.js';
import type { Registry } from '../registry/client.js';
import { AuditAction } from '../registry/generated/audit-actions.js';
import {
  AUDIT_CHECK,
  AUDIT_HEAD,
  AUDIT_LOG,
  type AuditCheck,
  type AuditRow,
} from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import type { Act } from './act.js';
import { withValues } from './flags.js';
import { limitFrom } from './hosts.js';

/** How klpreg writes an action of the schema: `RETIRE_HOST` becomes `retire-host`. */
const written = (action: string): string => action.toLowerCase().replaceAll('_', '-');

/** The actions of this version. A newer registry may record more. */
const ACTIONS = AuditAction.map(written);

/** `audit`: shows and checks the audit log. Requires an admin token. */
export function audit(act: Act): Command {
  const parent = new Command('audit')
    .summary('show and check the audit log')
    .description(
      'Shows who changed what, and checks that no entry was changed or removed. Requires an admin token.',
    );
  return parent.addCommand(list(act)).addCommand(check(act)).addCommand(head(act));
}

interface Filter {
  readonly who?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly limit: string;
}

const list = (act: Act): Command =>
  new Command('list')
    .summary('list entries')
    .description('Lists entries of the audit log, the newest first.')
    .option('--who <name>', 'only entries of this token or person')
    .addOption(withValues(new Option('--action <action>', 'only this action'), ACTIONS))
    .option('--subject <subject>', 'only entries about this host id, build-id or fingerprint')
    .option('--limit <n>', 'the maximum number of entries to list', '100')
    .action(
      act<Filter>(async ({ flags, settings, environment, registry }) => {
        const { who = null, subject = null } = flags;
        const action = flags.action === undefined ? null : actionFrom(flags.action);
        const where = { who, action, subject };
        const found = await gather(
          async (first, after) => (await registry.ask(AUDIT_LOG, { where, first, after })).auditLog,
          limitFrom(flags.limit),
        ).catch((error: unknown) => {
          throw isUnknownAction(error) ? unknownAction(flags.action!, error.message) : error;
        });
        show(
          { schemaVersion: 1, entries: found.nodes, total: found.totalCount, cut: found.cut },
          (width) => entriesTable(found.nodes, width),
          settings.output,
          environment.stdout,
        );
        if (found.cut)
          environment.stderr.write(
            `${found.nodes.length} of ${found.totalCount} entries; --limit shows more\n`,
          );
        return EXIT.YES;
      }),
    );

/** Returns the schema's spelling of an action: `retire-host` becomes `RETIRE_HOST`. Accepts either. */
function actionFrom(text: string): string {
  if (!/^[A-Za-z][A-Za-z_-]{0,63}$/.test(text))
    throw usage(`--action: '${text}' is not an action`, 'write an action such as retire-host');
  return text.toUpperCase().replaceAll('-', '_');
}

/** The registry has the list of actions, because a newer one may record more of them. */
const isUnknownAction = (error: unknown): error is Failure =>
  error instanceof Failure && error.message.includes('"AuditAction"');

const unknownAction = (text: string, why: string): Failure =>
  usage(
    `--action: '${text}' is not an action that the registry records`,
    why,
    `write one of ${ACTIONS.join(', ')}`,
  );

const head = (act: Act): Command =>
  new Command('head')
    .summary('print the signed last entry')
    .description(
      'Prints the last entry of the log, signed by the registry. Keep ' +
        'it outside the registry, for example with ' +
        '`klpreg audit head -o json | logger -t klpreg-audit`: `klpreg audit verify --head FILE` later ' +
        'shows whether entries were removed.',
    )
    .action(
      act(async ({ settings, environment, registry }) => {
        const { auditHead } = await registry.ask(AUDIT_HEAD, {});
        if (auditHead === null) {
          environment.stderr.write('the audit log is empty\n');
          return EXIT.CANNOT_TELL;
        }
        show(
          { schemaVersion: 1, ...auditHead },
          () => clean(`entry ${auditHead.number}  ${auditHead.link}  signed ${auditHead.signedAt}`),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const check = (act: Act): Command =>
  new Command('verify')
    .summary('check that no entry was changed or removed')
    .description(
      'Checks the chain of the whole log. Exit code 0: nothing is wrong. 1: ' +
        'an entry was changed, removed, added or moved.',
    )
    .option('--head <file>', 'a head that `klpreg audit head -o json` printed earlier')
    .action(
      act<{ head?: string }>(async ({ flags, settings, environment, registry }) => {
        const kept = flags.head === undefined ? null : readHead(flags.head);
        const { checked, problems } = await checkAll(registry, kept, (done) =>
          environment.stderr.isTTY ? environment.stderr.write(`${done} entries are checked\n`) : undefined,
        );
        const exit: ExitCode = problems.length > 0 ? EXIT.NO : checked === 0 ? EXIT.CANNOT_TELL : EXIT.YES;
        show(
          { schemaVersion: 1, checked, problems, comparedWithHead: kept?.number ?? null, exitCode: exit },
          () => result(checked, problems, kept),
          settings.output,
          environment.stdout,
        );
        return exit;
      }),
    );

type Check = AuditCheck['auditCheck'];
type Kept = { readonly number: string; readonly link: string };

async function checkAll(
  registry: Registry,
  head: Kept | null,
  progress: (checked: number) => void,
): Promise<{ checked: number; problems: Check['problems'][number][] }> {
  const problems: Check['problems'][number][] = [];
  let checked = 0;
  let from: string | null = '1';
  for (let part = 0; from !== null; part++) {
    const answer: Check = (await registry.ask(AUDIT_CHECK, { from, head: part === 0 ? head : null }))
      .auditCheck;
    checked += answer.checked;
    problems.push(...answer.problems);
    if (answer.next !== null && BigInt(answer.next) !== BigInt(from) + BigInt(answer.checked))
      throw unexpected(
        `the registry checked ${answer.checked} entries from ${from}, and goes on at ${answer.next}`,
      );
    if (answer.next !== null && answer.checked === 0)
      throw unexpected('the registry says that there are more entries, and checks none');
    from = answer.next;
    progress(checked);
  }
  return { checked, problems };
}

function result(checked: number, problems: Check['problems'], kept: Kept | null): string {
  if (checked === 0 && problems.length === 0) return 'CANNOT TELL: the audit log is empty';
  if (problems.length === 0) {
    const compared = kept === null ? '' : `, and entry ${clean(kept.number)} is that of the kept head`;
    return `OK: ${checked} entries are unchanged and complete${compared}`;
  }
  const lines = problems.map(
    ({ number, kind, message }) => `  entry ${number}  ${clean(kind)}: ${clean(message)}`,
  );
  return [`WRONG: ${problems.length} problems in ${checked} entries`, ...lines].join('\n');
}

/** @throws Failure unless it is a head whose signature is valid under the key in it */
function readHead(file: string): Kept {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw usage(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    const { number, link, signedAt, publicKey, signature } = JSON.parse(text) as Record<string, string>;
    const signed = Buffer.from(JSON.stringify({ link, number, signedAt }));
    if (verify(null, signed, createPublicKey(publicKey!), Buffer.from(signature!, 'base64')))
      return { number: number!, link: link! };
  } catch {
    // not JSON, or not a head
  }
  throw usage(
    `${file} is not a signed head`,
    'it must be the output of `klpreg audit head -o json`, unchanged',
  );
}

function entriesTable(entries: readonly AuditRow[], width: number | null): string {
  if (entries.length === 0) return 'no entry matches';
  const rows = entries.map(({ number, at, who, action, subject, detail }) => [
    number,
    clean(at),
    clean(who),
    clean(written(action)),
    clean(subject),
    detail === '{}' ? '' : clean(detail),
  ]);
  return table(
    [
      { head: 'ENTRY', align: 'right' },
      { head: 'AT' },
      { head: 'WHO' },
      { head: 'ACTION' },
      { head: 'SUBJECT' },
      { head: 'DETAIL', wrap: true },
    ],
    rows,
    width,
  );
}
