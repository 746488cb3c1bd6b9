import type { Report } from '@klpreg/wire';
import { readText } from './attribute.js';

const LINE = /^([A-Z][A-Z0-9_]*)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))$/;

const clean = (text: string | undefined, max: number): string | null =>
  text
    ?.replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
    .trim()
    .slice(0, max) || null;

/**
 * Returns the distribution.
 *
 * @param paths `/etc/os-release`, then `/usr/lib/os-release`
 * @returns null if there is neither, or it has no ID
 * @see os-release(5)
 */
export function readDistribution(paths: readonly string[]): Report['host']['distribution'] {
  const text = paths.map((path) => readText(path, 65_536, true)).find((found) => found !== null);
  const fields = new Map<string, string>();
  for (const line of text?.split('\n') ?? []) {
    const [, key, double, single, plain] = LINE.exec(line.trim()) ?? [];
    if (key !== undefined) fields.set(key, double?.replaceAll(/\\(.)/g, '$1') ?? single ?? plain ?? '');
  }
  const id = clean(fields.get('ID'), 64);
  return id === null
    ? null
    : { id, version: clean(fields.get('VERSION_ID'), 64), name: clean(fields.get('PRETTY_NAME'), 128) };
}
