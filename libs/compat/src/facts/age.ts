const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/**
 * Formats an age as people say it: `45 s`, `7 min`, `3 h`, `2 d`. It is rounded down, two of a unit at least.
 */
export function formatAge(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds >= 2 * each) ?? ['s', 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}
