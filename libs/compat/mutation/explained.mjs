// Which survivors do we live with, and why? `survivors.json` says it.

import { readFileSync } from 'node:fs';
import path from 'node:path';

const FILE = path.join(import.meta.dirname, 'survivors.json');
const keyOf = (file, line, original, replacement) => JSON.stringify([file, line, original, replacement]);

/** Reads why each accepted survivor is one: by file, text of the line, what stood there and what stands there now; never by number of line. */
export function readExplanations() {
  const whys = new Map();
  for (const { file, why, mutants } of JSON.parse(readFileSync(FILE, 'utf8')))
    for (const [line, original, replacement] of mutants)
      whys.set(keyOf(file, line, original, replacement), why);
  return whys;
}

/** Why is this survivor accepted? null where no one said. */
export const whyAccepted = (whys, { file, line, original, replacement }) =>
  whys.get(keyOf(file, line, original, replacement)) ?? null;

/** Which explanations explain nothing any more? Of the files that were tried in full. */
export function idle(whys, tried) {
  const files = new Set(tried.map(({ file }) => file));
  const used = new Set(
    tried
      .filter(({ fate }) => fate === 'survived')
      .map(({ file, line, original, replacement }) => keyOf(file, line, original, replacement)),
  );
  return [...whys.keys()].filter((key) => !used.has(key) && files.has(JSON.parse(key)[0]));
}
