import { instantFrom as parseInstant } from '@klpreg/where';
import { Failure, unexpected, usage } from '../exits.js';
import type { Snapshot } from '../registry/generated/operations.js';
import { oneOf } from './question.js';

/** The flags that select a point in time. */
export interface PointInTimeFlags {
  readonly snapshot?: string;
  readonly asOf?: string;
  readonly catalog?: string;
}

/**
 * The point in time of a question, as variables of the
 * schema. Without `snapshot` and `asOf` it is the present.
 */
export interface PointInTime {
  snapshot?: string;
  asOf?: string;
  catalog?: string;
}

/**
 * Returns the point in time that the flags select. @param now in milliseconds; ages are subtracted from it
 */
export function pointInTimeFrom({ snapshot, asOf, catalog }: PointInTimeFlags, now: number): PointInTime {
  if (snapshot !== undefined && asOf !== undefined)
    throw usage('--snapshot and --as-of cannot be used together');
  // A script's empty variable must not turn this into a question about the present.
  if (snapshot !== undefined && (!/^[\w-]+$/.test(snapshot) || snapshot === 'null'))
    throw usage(
      `--snapshot: '${snapshot}' is not the id of a snapshot`,
      'use snapshot.id from the JSON of an earlier answer; if that is null, use --as-of',
    );
  const pointInTime: PointInTime = {
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(asOf === undefined ? {} : { asOf: instantFrom(asOf, now) }),
  };
  if (catalog === undefined) return pointInTime;
  if (!isPast(pointInTime))
    throw usage('--catalog requires --snapshot or --as-of: the present is judged by the present catalog');
  return { ...pointInTime, catalog: oneOf('--catalog', ['then', 'now'], catalog) };
}

/** Returns true for a point in time of the past. */
export const isPast = ({ snapshot, asOf }: PointInTime): boolean =>
  snapshot !== undefined || asOf !== undefined;

/**
 * Parses the value of a flag, such as `--as-of`: an instant with its offset, or an age by the clock of this
 * machine.
 *
 * The registry checks that it is neither in the future nor before its history.
 *
 * @returns an instant in UTC with milliseconds
 */
export function instantFrom(text: string, now: number, flag = '--as-of'): string {
  const result = parseInstant(text, now);
  if ('wrong' in result) throw usage(`${flag}: ${result.wrong}`, result.hint);
  return result.instant;
}

/** Formats an instant of an answer in UTC, in the form that `--as-of` accepts. */
export const formatInstant = (instant: string): string => instant.replace(/\.000Z$/, 'Z');

/** Returns the flags that select the point in time of an answer again. Null if no flags can. */
export function repeatFlags({ asOf, catalog }: PointInTime, snapshot: Snapshot): string | null {
  if (snapshot.id !== null) return `--snapshot ${snapshot.id}`;
  return asOf === undefined
    ? null
    : `--as-of ${formatInstant(asOf)}${catalog === 'NOW' ? ' --catalog now' : ''}`;
}

/** Checks that an answer is of the requested point in time. @returns the difference; null if there is none */
export function wrongPointInTime(
  { snapshot, asOf, catalog }: PointInTime,
  answered: Snapshot,
): Failure | null {
  const otherInstant = asOf !== undefined && Date.parse(answered.now) !== Date.parse(asOf);
  // With another catalog it is another snapshot of the same fleet.
  const otherSnapshot = snapshot !== undefined && catalog !== 'NOW' && answered.id !== snapshot;
  if (!otherInstant && !otherSnapshot) return null;
  const found = otherInstant ? answered.now : (answered.id ?? answered.now);
  return unexpected(
    `the registry's answer contradicts itself: the question was about ${asOf ?? snapshot}, and the ` +
      `answer is about ${found}`,
  );
}

/** Adds a hint to NOT_FOUND if the catalog of the past was used: a name of today may not exist there. */
export async function withCatalogHint<T>(
  pointInTime: PointInTime,
  hint: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (
      !(error instanceof Failure) ||
      error.code !== 'NOT_FOUND' ||
      !isPast(pointInTime) ||
      pointInTime.catalog === 'NOW'
    )
      throw error;
    throw new Failure(error.exit, error.message, [...error.hints, hint], error.code);
  }
}
