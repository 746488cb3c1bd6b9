import { Instant } from '@klpreg/wire';
import { Failure, unexpected, usage } from '../exits.js';
import type { Snapshot } from '../registry/answers.js';
import { oneOf, secondsIn } from './question.js';

/** Flags that name a moment of the past. */
export interface PointInTimeFlags {
  readonly snapshot?: string;
  readonly asOf?: string;
  readonly catalog?: string;
}

/** Of which moment is asked, as variables of the schema; where neither `snapshot` nor `asOf` is there, of the present. */
export interface PointInTime {
  snapshot?: string;
  asOf?: string;
  catalog?: string;
}

/** The moment as the flags name it. @param now in milliseconds: what "so long ago" is counted from */
export function pointInTimeFrom({ snapshot, asOf, catalog }: PointInTimeFlags, now: number): PointInTime {
  if (snapshot !== undefined && asOf !== undefined) throw usage('--snapshot and --as-of both name a moment; give one');
  // an empty variable of a script must not make it a question of the present
  if (snapshot !== undefined && (!/^[\w-]+$/.test(snapshot) || snapshot === 'null'))
    throw usage(
      `--snapshot: '${snapshot}' is not the id of a snapshot`,
      'it is snapshot.id in the JSON of another answer; null where that was asked with --as-of',
    );
  const pointInTime: PointInTime = {
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(asOf === undefined ? {} : { asOf: instantFrom(asOf, now) }),
  };
  if (catalog === undefined) return pointInTime;
  if (!isPast(pointInTime)) throw usage('--catalog goes with --snapshot or --as-of: the present is judged by the catalog of today');
  return { ...pointInTime, catalog: oneOf('--catalog', ['then', 'now'], catalog) };
}

/** Is it a moment of the past that is asked of? */
export const isPast = ({ snapshot, asOf }: PointInTime): boolean => snapshot !== undefined || asOf !== undefined;

const EXAMPLES = 'such as 2026-11-24T10:00:00Z or 2026-11-24T11:00:00+01:00; or 15m, 2h, 3d: so long ago';
/** The last instant that RFC 3339 can write. */
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Which instant is meant by what somebody typed after `--as-of`?
 *
 * Either an instant with its offset, or a length of time: so long ago, by the clock of this machine. Whether it lies ahead of the registry's clock, or before its history, is
 * the registry's to say.
 *
 * @returns UTC, in milliseconds
 */
export function instantFrom(text: string, now: number): string {
  const ago = secondsIn(text);
  const instant = ago !== null ? now - ago * 1000 : Instant.safeParse(text).success ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant)) throw notAnInstant(text);
  if (instant < 0 || instant > LAST) throw usage(`--as-of: '${text}' lies ${instant < 0 ? 'before' : 'after'} every history`, EXAMPLES);
  return new Date(instant).toISOString();
}

function notAnInstant(text: string): Failure {
  const [, day, minute, second, zone] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(.*)$/i.exec(text) ?? [];
  if (day === undefined || /^(?:z|[+-]\d\d:\d\d)$/i.test(zone!)) return usage(`--as-of: '${text}' is neither an instant nor a length of time`, EXAMPLES);
  const bare = `${day}T${minute}${second ?? ':00'}`;
  return usage(
    `--as-of: '${text}' does not say its time zone${zone === '' ? '' : ' as an offset'}`,
    `write ${bare}Z where it is UTC, else its offset, such as ${bare}+01:00`,
  );
}

/** An instant of an answer as it is shown: UTC, which the `Z` says, and as `--as-of` takes it. */
export const formatInstant = (instant: string): string => instant.replace(/\.000Z$/, 'Z');

/** How the moment of an answer is asked of again, in flags; null where it cannot be. */
export function repeatFlags({ asOf, catalog }: PointInTime, snapshot: Snapshot): string | null {
  if (snapshot.id !== null) return `--snapshot ${snapshot.id}`;
  return asOf === undefined ? null : `--as-of ${formatInstant(asOf)}${catalog === 'NOW' ? ' --catalog now' : ''}`;
}

/** Is this the answer of another moment than the one that was asked of? @returns how; null where it is not */
export function wrongPointInTime({ snapshot, asOf, catalog }: PointInTime, answered: Snapshot): Failure | null {
  const otherInstant = asOf !== undefined && Date.parse(answered.now) !== Date.parse(asOf);
  // by another catalog it is another snapshot of the same fleet
  const otherSnapshot = snapshot !== undefined && catalog !== 'NOW' && answered.id !== snapshot;
  if (!otherInstant && !otherSnapshot) return null;
  const told = otherInstant ? answered.now : (answered.id ?? answered.now);
  return unexpected(`the registry's answer contradicts itself: it was asked of the moment ${asOf ?? snapshot}, and tells of ${told}`);
}

/** A name that is published today may not have been then: says which catalog was asked. */
export async function withCatalogHint<T>(pointInTime: PointInTime, hint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'NOT_FOUND' || !isPast(pointInTime) || pointInTime.catalog === 'NOW') throw error;
    throw new Failure(error.exit, error.message, [...error.hints, hint], error.code);
  }
}
