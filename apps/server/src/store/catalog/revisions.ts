import { randomUUID } from 'node:crypto';
import { type Connection, type Database, Prisma } from '../../database/database.js';
import type { PatchRow } from './manifests.js';

/** One state of the catalog. The number tells the order; the name tells the history, because a database that was restored comes to the same numbers with another content. */
export interface Revision {
  readonly number: bigint;
  readonly name: string;
}

/** A transaction of Prisma, with its models. */
export type Transaction = Parameters<Parameters<Database['$transaction']>[0]>[0];

/**
 * Changes the catalog, and keeps these patches as they are from the new revision on.
 *
 * Whoever changes the catalog holds its one row to the end of the transaction, so that a revision that is seen has all earlier ones before it.
 *
 * @param change what it returns `null` for has changed nothing, and makes no revision
 */
export async function revise<Result>(
  tx: Transaction,
  at: Date,
  change: () => Promise<{ readonly result: Result; readonly changed: readonly string[] | null }>,
): Promise<Result> {
  const { result, changed } = await change();
  if (changed !== null) await keepVersions(tx, await nextRevision(tx, at), changed, at);
  return result;
}

/** The number of a change of the catalog; the row stays locked until the transaction ends. */
export async function nextRevision(tx: Connection, at: Date): Promise<bigint> {
  const rows = await tx.$queryRaw<{ number: bigint }[]>`
    WITH next AS (UPDATE catalog SET revision = revision + 1, at = ${at} RETURNING revision)
    INSERT INTO catalog_revision (number, name) SELECT revision, ${randomUUID()}::uuid FROM next RETURNING number`;
  return rows[0]!.number;
}

/** As the migration that began it wrote it: every column of a patch, its states with numbers as text, and the author's last word. */
async function keepVersions(tx: Connection, revision: bigint, buildIds: readonly string[], at: Date): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO patch_version (build_id, revision, at, patch)
    SELECT p.build_id, ${revision}, ${at}, to_jsonb(p) || jsonb_build_object(
             'states', coalesce((SELECT jsonb_agg(jsonb_build_object('position', s.position, 'id', s.id::text, 'version', s.version::text) ORDER BY s.position)
                                   FROM patch_state s WHERE s.build_id = p.build_id), '[]'),
             'files', coalesce((SELECT jsonb_agg(jsonb_build_object('sha256', f.sha256, 'signed', f.signed, 'signer', f.signer, 'size', f.size) ORDER BY f.published_at, f.sha256)
                                  FROM patch_file f WHERE f.build_id = p.build_id), '[]'),
             'author', (SELECT to_jsonb(a) FROM patch_author a WHERE a.build_id = p.build_id ORDER BY a.revision DESC LIMIT 1))
      FROM patch p WHERE p.build_id = ANY(${[...buildIds]}::text[])`;
}

type Kept = Record<string, unknown>;
const camel = (row: Kept): Kept =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), value]));
const instant = (value: unknown): Date | null => (value === null ? null : new Date(value as string));

/** The patch that a version keeps. */
export function fromVersion(kept: unknown): PatchRow {
  const {
    states,
    author,
    files = [],
    ...plain
  } = kept as Kept & { states: { position: number; id: string; version: string }[]; author: Kept | null; files?: Kept[] };
  const row = camel(plain);
  const buildId = row['buildId'] as string;
  return {
    // versions of before the columns were there
    contentSha256: null,
    rewritesEarlierStates: false,
    ...row,
    files,
    publishedAt: instant(row['publishedAt'])!,
    recalledAt: instant(row['recalledAt']),
    states: states.map(({ position, id, version }) => ({ buildId, position, id: new Prisma.Decimal(id), version: BigInt(version) })),
    authors: author === null ? [] : [{ ...camel(author), at: instant(author['at'])! }],
  } as unknown as PatchRow;
}
