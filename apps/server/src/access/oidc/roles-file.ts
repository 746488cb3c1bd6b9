import { readFileSync } from 'node:fs';
import { Labels } from '@klpreg/wire';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Bearer } from '../../store/access/tokens.store.js';
import { AGENT_PREFIX } from '../../store/content/labels.store.js';

/** What an account may do. */
export type Grant = Pick<Bearer, 'role' | 'scope' | 'owners'>;

const NO_ROLE: Grant = { role: 'none', scope: null, owners: null };

const isLabel = (key: string, value: string): boolean =>
  !key.startsWith(AGENT_PREFIX) && Labels.safeParse(Object.fromEntries([[key, value]])).success;

const Scope = z
  .record(z.string(), z.array(z.string()).min(1).max(64))
  .refine((scope) => Object.keys(scope).length > 0, 'names no label: leave it out for all hosts')
  .refine(
    (scope) => Object.entries(scope).every(([key, values]) => values.every((value) => isLabel(key, value))),
    'has a label that an admin cannot give to a host',
  );

/** One row: accounts whose claim has this value. */
const Row = z
  .strictObject({
    value: z.string().min(1),
    role: z.enum(['admin', 'publisher', 'gate', 'reader']),
    scope: Scope.optional(),
    owners: z.array(z.string().min(1).max(128)).min(1).max(64).optional(),
  })
  .refine(({ role, scope }) => role !== 'publisher' || scope === undefined, 'a publisher has no scope')
  .refine(({ role, owners }) => role === 'publisher' || owners === undefined, 'only a publisher has owners');

const Rows = z.array(Row).max(1000);

/** Which accounts have which role. */
export class RolesFile {
  /** @param rows the first one that matches counts */
  private constructor(
    private readonly claim: string,
    private readonly rows: z.infer<typeof Rows>,
  ) {}

  /**
   * Reads the file of roles.
   *
   * @param claim a name, or an RFC 6901 pointer that begins with `/`
   * @param file YAML; null: no account has a role
   * @throws Error if the file cannot be read, with what is wrong in it
   */
  static read(claim: string, file: string | null): RolesFile {
    if (file === null) return new RolesFile(claim, []);
    const parsed = Rows.safeParse(parse(readFileSync(file, 'utf8')) ?? []);
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
    return new RolesFile(claim, parsed.data);
  }

  /** Returns what the account with these claims may do. */
  grantOf(claims: Readonly<Record<string, unknown>>): Grant {
    const values = new Set(this.valuesIn(claims));
    const row = this.rows.find(({ value }) => values.has(value));
    return row === undefined
      ? NO_ROLE
      : { role: row.role, scope: row.scope ?? null, owners: row.owners ?? null };
  }

  private valuesIn(claims: Readonly<Record<string, unknown>>): unknown[] {
    const keys = this.claim.startsWith('/')
      ? this.claim
          .slice(1)
          .split('/')
          .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
      : [this.claim];
    let found: unknown = claims;
    for (const key of keys)
      found =
        typeof found === 'object' && found !== null && Object.hasOwn(found, key)
          ? (found as Record<string, unknown>)[key]
          : undefined;
    return Array.isArray(found) ? found : [found];
  }
}
