import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import {
  ADD_OWNER_KEY,
  OWNER_KEYS,
  REVOKE_OWNER_KEY,
  type OwnerKey,
} from '../registry/generated/operations.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import type { Act } from './act.js';
import { publicName } from './public-name.js';
import { timeFrom } from './time-flag.js';

interface AddFlags {
  readonly validFrom?: string;
  readonly validUntil?: string;
}

/** `owner-key`: the keys that owners sign their statements with. */
export function ownerKey(act: Act): Command {
  const parent = new Command('owner-key')
    .summary('add, list and revoke signing keys of owners')
    .description(
      "Manages the keys that owners sign author statements with. An author's promise counts for SAFE " +
        'only if a valid key signed it.',
    );
  return parent.addCommand(add(act)).addCommand(list(act)).addCommand(revoke(act));
}

const add = (act: Act): Command =>
  new Command('add')
    .summary('register a key')
    .description(
      'Registers an Ed25519 public key (PEM, from openssl pkey -in KEY -pubout). Requires an admin token.',
    )
    .argument('<owner>')
    .argument('<file>', 'the public key')
    .option('--valid-from <time>', 'statements can be signed with it from then on (default: now)')
    .option('--valid-until <time>', 'statements can be signed with it before then (default: without end)')
    .action(
      act<AddFlags>(async ({ args, flags, registry, settings, environment }) => {
        const [owner, file] = args as [string, string];
        const { validFrom, validUntil } = flags;
        const { addOwnerKey: key } = await registry.ask(ADD_OWNER_KEY, {
          owner: publicName('owner', owner),
          publicKey: read(file),
          validFrom: validFrom === undefined ? null : timeFrom('--valid-from', validFrom),
          validUntil: validUntil === undefined ? null : timeFrom('--valid-until', validUntil),
        });
        show(
          { schemaVersion: 1, ...key },
          (width) => keysTable([key], width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const list = (act: Act): Command =>
  new Command('list')
    .summary('list registered keys')
    .description('Lists registered keys, newest first.')
    .option('--owner <owner>', 'only keys of this owner')
    .action(
      act<{ owner?: string }>(async ({ flags, registry, settings, environment }) => {
        const { ownerKeys } = await registry.ask(OWNER_KEYS, { where: flags });
        show(
          { schemaVersion: 1, ownerKeys },
          (width) => keysTable(ownerKeys, width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

const revoke = (act: Act): Command =>
  new Command('revoke')
    .summary('revoke a key')
    .description(
      'Revokes a key: statements that it signed count as unsigned from now on. Requires an admin token.',
    )
    .argument('<fingerprint>')
    .action(
      act(async ({ args, registry, settings, environment }) => {
        const { revokeOwnerKey: key } = await registry.ask(REVOKE_OWNER_KEY, {
          fingerprint: args[0] as string,
        });
        show(
          { schemaVersion: 1, ...key },
          (width) => keysTable([key], width),
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usage(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function keysTable(keys: readonly OwnerKey[], width: number | null): string {
  if (keys.length === 0) return 'no key is registered';
  const rows = keys.map((key) => [
    clean(key.owner),
    clean(key.fingerprint),
    clean(key.addedAt),
    clean(key.addedBy),
    clean(key.validFrom),
    key.validUntil === null ? 'without end' : clean(key.validUntil),
    key.revokedAt === null ? '' : `revoked ${clean(key.revokedAt)}`,
  ]);
  return table(
    [
      { head: 'OWNER' },
      { head: 'FINGERPRINT' },
      { head: 'ADDED' },
      { head: 'BY' },
      { head: 'VALID FROM' },
      { head: 'VALID UNTIL' },
      { head: 'NOTE' },
    ],
    rows,
    width,
  );
}
