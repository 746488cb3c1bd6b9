import type { Random } from '../../random.js';

// eslint-disable-line typescript/no-explicit-any -- these documents may have any shape
export type Json = any;
export type Path = readonly (string | number)[];
/** Placeholder in a document for JSON text that no JavaScript value serializes to. */
export const RAW = '@raw@';

export const pointerOf = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
export const at = (document: Json, path: Path): Json => path.reduce((value, key) => value[key], document);
export const put = (document: Json, path: Path, value: unknown): void =>
  void (at(document, path.slice(0, -1))[path.at(-1)!] = value);

export const isObject = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the path of every value in a document, except those inside labels, whose keys are free. */
export function pathsOf(value: Json, path: Path = []): Path[] {
  if (value === null || typeof value !== 'object' || path.at(-1) === 'labels') return [path];
  return [
    path,
    ...Object.keys(value).flatMap((key) =>
      pathsOf(value[key], [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

/** Puts one of these JSON texts at one of these paths. */
export const oneOf =
  (paths: readonly Path[], texts: readonly string[]) =>
  (document: Json, random: Random): [Path, string] => {
    const path = random.pick(paths);
    put(document, path, RAW);
    return [path, random.pick(texts)];
  };
export const strings = (...values: string[]): string[] => values.map((value) => JSON.stringify(value));
