const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Parses a duration such as `90s`, `15m`, `2h` or `1d` to seconds. Null if it is not a duration. */
export function secondsIn(text: string): number | null {
  const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return number === undefined ? null : Number(number) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
}

const EXAMPLES =
  'write an instant, such as 2026-11-24T10:00:00Z or 2026-11-24T11:00:00+01:00, or an age: 15m, 2h, 3d';
/** The last instant that RFC 3339 can express. */
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/** An instant in UTC with milliseconds; or what is wrong with the text, and what to write. */
export type InstantResult = { readonly instant: string } | { readonly wrong: string; readonly hint: string };

/**
 * Parses an instant with its offset, or an age. The registry checks that the instant is neither in the future
 * nor before its history.
 *
 * @param now in milliseconds; ages are subtracted from it
 */
export function instantFrom(text: string, now: number): InstantResult {
  const ago = secondsIn(text);
  const instant = ago === null ? timeOf(text) : now - ago * 1000;
  if (Number.isNaN(instant)) return notAnInstant(text);
  return instant < 0 || instant > LAST
    ? { wrong: `'${text}' is out of range`, hint: EXAMPLES }
    : { instant: new Date(instant).toISOString() };
}

const RFC3339 =
  /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Parses RFC 3339 to milliseconds. NaN for any other text. */
function timeOf(text: string): number {
  const [, day] = RFC3339.exec(text) ?? [];
  // Date.parse() reads 30 February as 2 March.
  const isDay = day !== undefined && new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day);
  return isDay ? Date.parse(text) : Number.NaN;
}

function notAnInstant(text: string): InstantResult {
  const [, day, minute, second, zone] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(.*)$/i.exec(text) ?? [];
  if (day === undefined || /^(?:z|[+-]\d\d:\d\d)$/i.test(zone!))
    return { wrong: `'${text}' is neither an instant nor an age`, hint: EXAMPLES };
  const bare = `${day}T${minute}${second ?? ':00'}`;
  return {
    wrong: `'${text}' has no time zone${zone === '' ? '' : ' offset'}`,
    hint: `write ${bare}Z for UTC, or an offset such as ${bare}+01:00`,
  };
}
