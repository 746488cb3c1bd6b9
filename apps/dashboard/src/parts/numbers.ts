const whole = new Intl.NumberFormat('en');

/** A count with separators: `12,345`. */
export const count = (n: number): string => whole.format(n);

/** A share in percent. Neither a small nor an almost full share is rounded to none or all. */
export function share(part: number, total: number): string {
  if (total === 0) return '–';
  const percent = (100 * part) / total;
  if (part > 0 && percent < 0.1) return '< 0.1 %';
  if (part < total && percent > 99.9) return '> 99.9 %';
  return `${percent < 10 || percent > 90 ? percent.toFixed(1) : percent.toFixed(0)} %`.replace('.0 %', ' %');
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** A length of time in its largest unit: `3 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [unit, size] = UNITS.find(([, size]) => whole >= size) ?? ['s', 1];
  return `${Math.floor(whole / size)} ${unit}`;
}

/** The first digits of a build-id or digest, which people compare. */
export const short = (hex: string): string => hex.slice(0, 12);

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** A time in the time zone of the person. */
export const localTime = (instant: string): string => clock.format(new Date(instant));
