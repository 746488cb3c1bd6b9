import type { Roots } from './read/paths.js';

const MAX_LENGTH = 500;
const MAX_COUNT = 100;

/**
 * Prepares sentences for a report: one line each, without duplicates, at most 100.
 *
 * Replaces the paths of a captured tree by those on its host.
 */
export function sentencesOf(
  texts: readonly string[],
  { sys, proc, libModules, kpatch, system }: Roots,
): string[] {
  const places = [
    [sys, '/sys'],
    [proc, '/proc'],
    [libModules, '/lib/modules'],
    [kpatch, '/var/lib/kpatch'],
    [system === '/' ? null : system, ''],
  ] as const;
  const onHost = (text: string) =>
    places.reduce((found, [place, shown]) => (place === null ? found : found.replaceAll(place, shown)), text);
  const lines = texts.map((text) =>
    onHost(text)
      .replaceAll(/[\u0000-\u001f\u007f]/g, '?')
      .slice(0, MAX_LENGTH),
  );
  const all = [...new Set(lines)];
  return all.length <= MAX_COUNT
    ? all
    : [...all.slice(0, MAX_COUNT - 1), `${all.length - MAX_COUNT + 1} more`];
}
