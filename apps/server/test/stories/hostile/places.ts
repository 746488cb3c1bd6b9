import type { Chance } from './stream.js';

export type Json = any; // eslint-disable-line typescript/no-explicit-any -- these documents are of no type
export type Path = readonly (string | number)[];
/** Stands in a document for text that is no value of JavaScript. */
export const RAW = '@raw@';

export const pointerOf = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
export const at = (document: Json, path: Path): Json => path.reduce((value, key) => value[key], document);
export const put = (document: Json, path: Path, value: unknown): void =>
  void (at(document, path.slice(0, -1))[path.at(-1)!] = value);

export const isObject = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every place in a document; what labels are called is the host's own affair. */
export function placesOf(value: Json, path: Path = []): Path[] {
  if (value === null || typeof value !== 'object' || path.at(-1) === 'labels') return [path];
  return [
    path,
    ...Object.keys(value).flatMap((key) =>
      placesOf(value[key], [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

/** Puts one of these texts, as they stand, at one of these places. */
export const oneOf =
  (places: readonly Path[], texts: readonly string[]) =>
  (document: Json, chance: Chance): [Path, string] => {
    const path = chance.one(places);
    put(document, path, RAW);
    return [path, chance.one(texts)];
  };
export const strings = (...values: string[]): string[] => values.map((value) => JSON.stringify(value));
