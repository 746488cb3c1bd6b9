import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import {
  CREATE_ENROLMENT_TOKEN,
  ENROLMENT_TOKENS,
  REVOKE_ENROLMENT_TOKEN,
  type EnrolmentToken,
} from '../registry/generated/operations.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import type { Act } from './act.js';
import { collect } from './flags.js';

/** `enrolment token`: the tokens with which hosts enrol. */
export function enrolmentToken(act: Act): Command {
  const parent = new Command('token')
    .summary('create, list and revoke enrolment tokens')
    .description('Manages the tokens with which hosts enrol. Requires an admin token.');
  return parent.addCommand(create(act)).addCommand(list(act)).addCommand(revoke(act));
}

interface CreateFlags {
  readonly uses?: string;
  readonly group?: true;
  readonly expiresIn: string;
  readonly address: string[];
  readonly approval?: true;
  readonly label: string[];
  readonly certificate?: string;
}

const create = (act: Act): Command =>
  new Command('create')
    .summary('create a token')
    .description('Creates a token for one host, and prints it once: the registry stores only its hash.')
    .argument('<name>', 'what it is for')
    .option('--uses <n>', 'the number of hosts that may enrol with it (default: 1)')
    .option('--group', 'any number of hosts may enrol with it')
    .option('--expires-in <time>', 'how long it is valid, 1m to 366d', '7d')
    .option('--address <range>', 'an address or CIDR range of the hosts (repeatable)', collect, [])
    .option('--approval', 'an admin must approve each host')
    .option('--label <key=value>', 'an authoritative label for its hosts (repeatable)', collect, [])
    .option(
      '--certificate <file>',
      'certificate of the registry or its CA (PEM): agents send the token to no other',
    )
    .action(
      act<CreateFlags>(async ({ args, flags, registry, settings, environment }) => {
        const { createEnrolmentToken: created } = await registry.ask(CREATE_ENROLMENT_TOKEN, {
          input: {
            name: args[0] as string,
            uses: usesFrom(flags),
            expiresIn: flags.expiresIn,
            addresses: flags.address,
            approval: flags.approval ?? false,
            labels: flags.label.map(labelFrom),
          },
        });
        const pin = flags.certificate === undefined ? '' : `#sha256:${pinOf(flags.certificate)}`;
        const token = `${created.token}${pin}`;
        show(
          { schemaVersion: 1, token, ...created.enrolmentToken },
          () => clean(token),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const list = (act: Act): Command =>
  new Command('list')
    .summary('list tokens')
    .description('Lists enrolment tokens, newest first, without their text.')
    .action(
      act(async ({ registry, settings, environment }) => {
        const { enrolmentTokens } = await registry.ask(ENROLMENT_TOKENS, {});
        show(
          { schemaVersion: 1, enrolmentTokens },
          (width) => tokensTable(enrolmentTokens, width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const revoke = (act: Act): Command =>
  new Command('revoke')
    .summary('revoke a token')
    .description('Revokes an enrolment token. Hosts that enrolled with it keep their credentials.')
    .argument('<id>')
    .option('--with-hosts', 'also revoke the credentials of all hosts that enrolled with it')
    .action(
      act<{ withHosts?: true }>(async ({ args, flags, registry, settings, environment }) => {
        const { revokeEnrolmentToken: token } = await registry.ask(REVOKE_ENROLMENT_TOKEN, {
          id: args[0] as string,
          withHosts: flags.withHosts ?? false,
        });
        show(
          { schemaVersion: 1, ...token },
          (width) => tokensTable([token], width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

function usesFrom({ uses, group }: CreateFlags): number | null {
  if (group === true && uses !== undefined) throw usage('--uses and --group exclude each other');
  if (group === true) return null;
  if (uses !== undefined && !/^[1-9]\d{0,6}$/.test(uses))
    throw usage(`--uses: found ${JSON.stringify(uses)}; allowed: a whole number from 1`);
  return Number(uses ?? 1);
}

function labelFrom(text: string): { key: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw usage(`--label: found ${JSON.stringify(text)}; allowed: key=value`);
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

/** SHA-256 of the public key of a certificate. */
function pinOf(file: string): string {
  try {
    const { publicKey } = new X509Certificate(readFileSync(file));
    return createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex');
  } catch (error) {
    throw usage(`${file} is not a certificate in PEM: ${(error as Error).message}`);
  }
}

function tokensTable(tokens: readonly EnrolmentToken[], width: number | null): string {
  if (tokens.length === 0) return 'there is no enrolment token';
  const rows = tokens.map((token) => [
    clean(token.id),
    clean(token.name),
    `${token.uses} of ${token.useLimit ?? 'any'}`,
    clean(token.expiresAt),
    clean(token.labels.map(({ key, value }) => `${key}=${value}`).join(' ')),
    noteOn(token),
  ]);
  return table(
    [
      { head: 'ID' },
      { head: 'NAME' },
      { head: 'USES' },
      { head: 'EXPIRES' },
      { head: 'LABELS', wrap: true },
      { head: 'NOTE', wrap: true },
    ],
    rows,
    width,
  );
}

const noteOn = ({ revokedAt, hostsRevokedAt, needsApproval, addresses }: EnrolmentToken): string =>
  [
    ...(revokedAt === null
      ? []
      : [`revoked ${clean(revokedAt)}${hostsRevokedAt === null ? '' : ' with its hosts'}`]),
    ...(needsApproval ? ['needs approval'] : []),
    ...(addresses.length > 0 ? [`from ${clean(addresses.join(', '))}`] : []),
  ].join('; ');
