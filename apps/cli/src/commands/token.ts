import { Command, Option } from 'commander';
import { EXIT, usage } from '../exits.js';
import {
  CREATE_TOKEN,
  type CreateTokenInput,
  REVOKE_TOKEN,
  type Token,
  TOKENS,
} from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import { parseWhere } from '../where/filter.js';
import type { Act } from './act.js';
import { collect, withValues } from './flags.js';
import { helpText } from './help.js';
import { publicName } from './public-name.js';

const ROLES = ['admin', 'publisher', 'gate', 'reader', 'relay'] as const;

interface CreateFlags {
  readonly role: string;
  readonly scope?: string;
  readonly owner: readonly string[];
  readonly expiresIn: string;
}

/** `token`: the tokens of people and programs. */
export const token = (act: Act): Command =>
  new Command('token')
    .summary('create, list and revoke tokens')
    .description('Manages the tokens of people and programs. Requires an admin token.')
    .addCommand(create(act))
    .addCommand(list(act))
    .addCommand(revoke(act));

const create = (act: Act): Command =>
  new Command('create')
    .summary('create a token')
    .description(
      'Creates a token, and writes it to stdout. The registry does not store it and cannot show it again.',
    )
    .argument('<name>', 'what it is for; the audit log names it')
    .addOption(withValues(new Option('--role <role>', 'what it may do').makeOptionMandatory(), ROLES))
    .option('--scope <selector>', 'only for hosts with these authoritative labels (default: all hosts)')
    .option('--owner <owner>', 'only for patches of this owner, for a publisher (repeatable)', collect, [])
    .option('--expires-in <time>', 'how long it is valid, such as 12h or 90d', '90d')
    .addHelpText('after', helpText('token-create'))
    .action(
      act<CreateFlags>(async ({ args, flags, registry, settings, environment }) => {
        const input = inputFrom(args[0] as string, flags);
        const { createToken: created } = await registry.ask(CREATE_TOKEN, { input });
        // the default in a pipe is JSON elsewhere; here it is the text alone, for a file or a variable
        if (settings.outputGiven)
          show(
            { schemaVersion: 1, ...created },
            () => clean(created.text),
            settings.output,
            environment.stdout,
          );
        else environment.stdout.write(`${clean(created.text)}\n`);
        environment.stderr.write(`${clean(`created ${describe(created.token)}. It is not shown again`)}\n`);
        return EXIT.YES;
      }),
    );

const list = (act: Act): Command =>
  new Command('list')
    .summary('list tokens')
    .description('Lists tokens, oldest first. Their texts are not known to the registry.')
    .option('--all', 'also those that have expired or were revoked')
    .action(
      act<{ all?: true }>(async ({ flags, registry, settings, environment }) => {
        const found = await gather(
          async (first, after) => (await registry.ask(TOKENS, { first, after })).tokens,
          10_000,
        );
        const now = environment.now();
        const tokens = found.nodes.filter((one) => flags.all === true || isValid(one, now));
        show(
          { schemaVersion: 1, tokens },
          (width) => tokensTable(tokens, now, width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const revoke = (act: Act): Command =>
  new Command('revoke')
    .summary('revoke a token')
    .description('Revokes a token. All servers refuse it within five seconds.')
    .argument('<id>', 'its id, from token list')
    .requiredOption('--reason <text>', 'why; it is in the audit log')
    .action(
      act<{ reason: string }>(async ({ args, flags, registry, settings, environment }) => {
        const variables = { id: args[0] as string, reason: flags.reason };
        const { revokeToken: revoked } = await registry.ask(REVOKE_TOKEN, variables);
        show(
          { schemaVersion: 1, ...revoked },
          () => clean(`revoked ${describe(revoked)}`),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

/** Checks the flags. @throws Failure 2 */
function inputFrom(name: string, { role, scope, owner, expiresIn }: CreateFlags): CreateTokenInput {
  if (!ROLES.some((one) => one === role))
    throw usage(`--role: '${role}' is not a role`, `write one of ${ROLES.join(', ')}`);
  return {
    name,
    role: role.toUpperCase() as CreateTokenInput['role'],
    expiresIn,
    ...(scope !== undefined && { scope: scopeFrom(scope) }),
    ...(owner.length > 0 && { owners: owner.map((each) => publicName('--owner', each)) }),
  };
}

const scopeFrom = (selector: string) =>
  parseWhere(selector, '--scope').map(({ key, operator, values }) => {
    if (operator !== 'in') throw usage(`--scope: ${key} needs its values: ${key}=VALUE or ${key} in (A,B)`);
    return { key, values: [...values] };
  });

const isValid = ({ revokedAt, expiresAt }: Token, now: number): boolean =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > now);

const formatScope = ({ scope, owners }: Token): string =>
  [
    ...(scope ?? []).map(({ key, values }) =>
      values.length === 1 ? `${key}=${values[0]!}` : `${key} in (${values.join(',')})`,
    ),
    ...(owners ?? []).map((owner) => `owner ${owner}`),
  ].join(' ') || 'all';

const describe = (one: Token): string =>
  `${one.role.toLowerCase()} token '${one.name}' (${one.id}) for ${formatScope(one)}${
    one.expiresAt === null ? '' : `, valid until ${one.expiresAt}`
  }`;

function noteOf({ expiresAt, revokedAt, revokedBy }: Token, now: number): string {
  if (revokedAt !== null) return `revoked ${revokedAt} by ${revokedBy ?? 'the server'}`;
  if (expiresAt === null) return 'does not expire';
  return `${Date.parse(expiresAt) > now ? 'until' : 'expired'} ${expiresAt}`;
}

function tokensTable(tokens: readonly Token[], now: number, width: number | null): string {
  if (tokens.length === 0) return 'no token is valid';
  const rows = tokens.map((one) =>
    [
      one.id,
      one.role.toLowerCase(),
      one.name,
      formatScope(one),
      one.createdBy ?? 'the server',
      one.lastUsedAt ?? 'never',
      noteOf(one, now),
    ].map(clean),
  );
  const columns = [
    { head: 'ID' },
    { head: 'ROLE' },
    { head: 'NAME' },
    { head: 'FOR', wrap: true },
    { head: 'CREATED BY' },
    { head: 'LAST USED' },
    { head: 'VALID', wrap: true },
  ] as const;
  return table(columns, rows, width);
}
