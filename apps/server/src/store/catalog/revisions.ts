import { randomUUID } from 'node:crypto';
import type { Connection, Database } from '../../database/database.js';
import { NOTIFY_CHANGES } from '../changes/channel.js';
import { type StoredPatch, toPatch } from './manifests.js';

/**
 * One state of the catalog. The number gives the order. The name identifies the history: a database that was
 * restored reaches the same numbers with other contents.
 */
export interface Revision {
  readonly number: bigint;
  readonly name: string;
}

/** A transaction of Prisma, with its models. */
export type Transaction = Parameters<Parameters<Database['$transaction']>[0]>[0];

/**
 * Changes the catalog, and stores a version of the changed patches under the new revision.
 *
 * Every change of the catalog locks its one row until the transaction ends. So a revision that is visible has
 * all earlier ones before it.
 *
 * @param change returns the build-ids that it changed; null: nothing changed, and there is no new revision
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

/**
 * Begins a new revision and returns its number; the catalog's row stays locked until the transaction ends.
 */
export async function nextRevision(tx: Connection, at: Date): Promise<bigint> {
  const rows = await tx.$queryRaw<{ number: bigint }[]>`
    WITH next AS (
           UPDATE catalog
              SET revision = revision + 1, at = ${at}
           RETURNING revision)
    INSERT INTO catalog_revision (number, name)
    SELECT revision, ${randomUUID()}::uuid FROM next
    RETURNING number, ${NOTIFY_CHANGES} AS notified`;
  return rows[0]!.number;
}

async function keepVersions(
  tx: Connection,
  revision: bigint,
  buildIds: readonly string[],
  at: Date,
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO patch_version (build_id, revision, at, patch)
    SELECT p.build_id, ${revision}, ${at}, to_jsonb(p) || jsonb_build_object(
             'states', coalesce(
               (SELECT jsonb_agg(
                         jsonb_build_object(
                           'position', s.position, 'id', s.id::text, 'version', s.version::text)
                         ORDER BY s.position)
                  FROM patch_state s
                 WHERE s.build_id = p.build_id), '[]'),
             'files', coalesce(
               (SELECT jsonb_agg(
                         jsonb_build_object(
                           'sha256', f.sha256, 'signed', f.signed, 'signer', f.signer, 'size', f.size)
                         ORDER BY f.published_at, f.sha256)
                  FROM patch_file f
                 WHERE f.build_id = p.build_id), '[]'),
             'author',
               (SELECT to_jsonb(a)
                  FROM patch_author a
                 WHERE a.build_id = p.build_id
                 ORDER BY a.revision DESC
                 LIMIT 1))
      FROM patch p
     WHERE p.build_id = ANY(${[...buildIds]}::text[])`;
}

type Json = Record<string, unknown>;
const camelCase = (row: Json): Json =>
  Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key.replace(/_(\w)/g, (_, first: string) => first.toUpperCase()),
      value,
    ]),
  );
const toDate = (value: unknown): Date | null => (value === null ? null : new Date(value as string));

/** Reads the column `patch_version.patch`. */
export function fromVersion(version: unknown): StoredPatch {
  const { author, files = [], ...row } = camelCase(version as Json) as Json & { author: Json | null };
  return toPatch({
    // columns that earlier versions do not have
    contentSha256: null,
    rewritesEarlierStates: false,
    ownership: 'UNSIGNED',
    ...row,
    files,
    publishedAt: toDate(row['publishedAt']),
    recalledAt: toDate(row['recalledAt']),
    authors: author === null ? [] : [{ ...camelCase(author), at: toDate(author['at']) }],
  } as unknown as Parameters<typeof toPatch>[0]);
}
