import { freshnessLimits } from '@klpreg/compat';
import { z } from 'zod';
import { RequestError } from '../errors.js';
import type { CatalogStore } from '../store/catalog/catalog.store.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import type { EpochsStore } from '../store/history/epochs.store.js';
import { type AsOf, present, type SnapshotOrigin } from '../store/history/as-of.js';
import type { QueryCanDowngradeArgs, Snapshot } from './generated/schema.js';
import type { AppliedPolicy } from './policy-rules.js';
import type { Revision } from '../store/catalog/revisions.js';

/** Changes with every change of the program that can change an answer. */
export const RULES_VERSION = '2026-11-27.3';

/** The instant and the catalog of an answer, as the SDL shows them. */
export const snapshotView = ({
  snapshotId,
  pinned,
  view,
  policy,
}: {
  readonly snapshotId: string | null;
  readonly pinned: AsOf;
  readonly view: CatalogSnapshot;
  readonly policy: AppliedPolicy | null;
}): Snapshot => ({
  id: snapshotId,
  now: pinned.now,
  catalogRevision: view.revision.number,
  policyRevision: policy?.revision ?? null,
  rules: RULES_VERSION,
});

/** The time that a question is about, and its catalog. */
export interface AskedTime {
  readonly asOf: AsOf;
  /** A revision of the catalog, or the one at that time, or the current one. */
  readonly catalog: Revision | 'THEN' | 'NOW';
}

export type TimeArguments = Partial<Pick<QueryCanDowngradeArgs, 'snapshot' | 'asOf' | 'catalog'>>;

/** How long history is kept, and the agents' interval, which limits the precision of stored ages. */
export interface HistoryLimits {
  readonly intervalSeconds: number;
  readonly historyDays: number;
}

/** Transaction ids of PostgreSQL have 64 bits, and our columns are signed. */
const MAX_TRANSACTION_ID = 2n ** 63n - 1n;

/**
 * Whether the text is a valid `pg_snapshot`: `xmin:xmax:` and the transactions in progress between these, in
 * ascending order.
 */
function isPgSnapshot(text: string): boolean {
  const [, min, max, list] = /^(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)$/.exec(text) ?? [];
  if (min === undefined || max === undefined) return false;
  const inProgress = list ? list.split(',').map(BigInt) : [];
  const ascending = inProgress.every((id, i) => i === 0 || id > inProgress[i - 1]!);
  return (
    BigInt(min) > 0n &&
    BigInt(min) <= BigInt(max) &&
    BigInt(max) <= MAX_TRANSACTION_ID &&
    ascending &&
    inProgress.every((id) => id >= BigInt(min) && id < BigInt(max))
  );
}

const Parts = z.tuple([
  z.literal('klp3'),
  z.string(),
  z.number().int().min(0).max(Date.parse('9999-12-31T23:59:59.999Z')),
  z.string().refine(isPgSnapshot),
  z.string().regex(/^\d{1,18}$/),
  z.guid(),
  z.guid(),
  z.string().regex(/^\d{1,20}$/),
]);
const DAY_MS = 24 * 60 * 60 * 1000;

/** The id of a snapshot. With the stored history it determines an answer. */
export const toSnapshotId = (
  now: Date,
  committed: string,
  { number, name }: Revision,
  { epoch, position }: SnapshotOrigin,
): string =>
  Buffer.from(
    JSON.stringify([
      'klp3',
      RULES_VERSION,
      now.getTime(),
      committed,
      number.toString(),
      name,
      epoch,
      position.toString(),
    ]),
  ).toString('base64url');

function fromSnapshotId(id: string): {
  now: Date;
  committed: string;
  revision: Revision;
  origin: SnapshotOrigin;
} {
  const parts = Parts.safeParse(readJson(id));
  if (!parts.success)
    throw new RequestError(
      'BAD_USER_INPUT',
      `${JSON.stringify(id.slice(0, 200))} is not the id of a snapshot`,
    );
  const [, version, now, committed, number, name, epoch, position] = parts.data;
  if (version !== RULES_VERSION)
    throw new RequestError(
      'SNAPSHOT_GONE',
      `the snapshot was taken by the rules of ${version}, and this server judges by those of ` +
        `${RULES_VERSION}: ask again without it, or by \`asOf\``,
    );
  return {
    now: new Date(now),
    committed,
    revision: { number: BigInt(number), name },
    origin: { epoch, position: BigInt(position) },
  };
}

function readJson(id: string): unknown {
  try {
    return JSON.parse(Buffer.from(id, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}

/** The youngest age, in seconds, that is known for earlier times: no shorter silence is stored. */
const youngestOfThePast = ({ intervalSeconds }: HistoryLimits): number =>
  freshnessLimits(intervalSeconds).late;

/** Whether such an age is known for earlier times, so that the question can be repeated. */
export const isKnownOfThePast = (maxAgeSeconds: number, history: HistoryLimits): boolean =>
  maxAgeSeconds >= youngestOfThePast(history);

/**
 * @param rule the name of the rule that sets the maximum age, if the question does not
 * @throws RequestError if a question about an earlier time needs ages that are not stored
 */
export function refuseUnknownAges(maxAgeSeconds: number, history: HistoryLimits, rule?: string): void {
  if (isKnownOfThePast(maxAgeSeconds, history)) return;
  throw new RequestError(
    'BAD_USER_INPUT',
    `ages below ${youngestOfThePast(history)} s are not stored for earlier times: \`maxAge\` must be at ` +
      `least that, found ${maxAgeSeconds} s` +
      (rule === undefined
        ? ''
        : ` in the rule ${JSON.stringify(rule)} of the policy; name \`maxAge\` in the question`),
  );
}

/** @throws RequestError unless this earlier time is before the asked one, and within the stored history */
export function refuseForgotten(
  since: Date | null | undefined,
  asOf: AsOf,
  { historyDays }: HistoryLimits,
): void {
  if (since == null) return;
  const kept = new Date(asOf.now.getTime() - historyDays * DAY_MS);
  if (since <= kept || since >= asOf.now)
    throw new RequestError(
      'BAD_USER_INPUT',
      `\`where.changedSince\` must be before ${asOf.now.toISOString()} and after ` +
        `${kept.toISOString()}, because history is kept for ` +
        `${historyDays} days; found ${since.toISOString()}`,
    );
}

/**
 * Returns the time that a question is about.
 *
 * @param maxAgeSeconds of the question; null: it has none
 * @throws RequestError if the time is given twice, lies in the future or before the stored history, or if the
 *   question needs ages that are not stored
 */
export function toAskedTime(
  { snapshot, asOf, catalog }: TimeArguments,
  maxAgeSeconds: number | null,
  history: HistoryLimits,
  now: Date,
): AskedTime {
  if (snapshot != null && asOf != null)
    throw new RequestError('BAD_USER_INPUT', 'give `snapshot` or `asOf`, not both');
  if (snapshot == null && asOf == null) return { asOf: present(now), catalog: 'NOW' };
  const pinned = snapshot == null ? null : fromSnapshotId(snapshot);
  const then = pinned?.now ?? asOf!;
  if (then > now && pinned === null)
    throw new RequestError(
      'BAD_USER_INPUT',
      `\`asOf\` must not be in the future: it is ${now.toISOString()} now, found ${then.toISOString()}`,
    );
  const kept = new Date(now.getTime() - history.historyDays * DAY_MS);
  if (then < kept)
    throw new RequestError(
      'SNAPSHOT_GONE',
      `history is kept for ${history.historyDays} days, since ${kept.toISOString()}; found ` +
        then.toISOString(),
    );
  if (maxAgeSeconds !== null) refuseUnknownAges(maxAgeSeconds, history);
  return {
    asOf: {
      now: then,
      snapshot: pinned?.committed ?? null,
      past: true,
      ...(pinned !== null && { origin: pinned.origin }),
    },
    catalog: catalog === 'NOW' ? 'NOW' : (pinned?.revision ?? 'THEN'),
  };
}

/**
 * Checks that the snapshot belongs to the history of this database.
 *
 * @throws RequestError SNAPSHOT_GONE if it does not
 */
export async function inEpoch(epochs: EpochsStore, asOf: AsOf): Promise<AsOf> {
  if (asOf.origin === undefined) return asOf;
  const epoch = await epochs.epochFor(asOf.origin);
  if (epoch !== null) return { ...asOf, epoch };
  throw new RequestError(
    'SNAPSHOT_GONE',
    `the database was restored or replaced after this snapshot (epoch ${asOf.origin.epoch}), and may lack ` +
      `what the snapshot has seen: ask without it, or by \`asOf\``,
  );
}

/**
 * Returns the catalog for a question.
 *
 * @throws RequestError SNAPSHOT_GONE if the snapshot belongs to a history that the database no longer has
 */
export async function catalogOf(store: CatalogStore, { catalog, asOf }: AskedTime): Promise<CatalogSnapshot> {
  if (catalog === 'NOW') return store.now();
  const view = catalog === 'THEN' ? await store.asOf(asOf.now) : await store.noted(catalog);
  if (view === null)
    throw new RequestError(
      'SNAPSHOT_GONE',
      'the database was restored and does not have the catalog of this snapshot: ask again without it, or ' +
        'by `asOf`',
    );
  return view;
}
