// The accepted survivors, each with its reason, from `survivors.json`.

import { readFileSync } from 'node:fs';
import path from 'node:path';

const FILE = path.join(import.meta.dirname, 'survivors.json');
const keyOf = (file, line, original, replacement) => JSON.stringify([file, line, original, replacement]);

/** Reads the reasons. A key is the file, the line text, the original and the replacement: numbers change. */
export function readReasons() {
  const reasons = new Map();
  for (const { file, why, mutants } of JSON.parse(readFileSync(FILE, 'utf8')))
    for (const [line, original, replacement] of mutants)
      reasons.set(keyOf(file, line, original, replacement), why);
  return reasons;
}

/** Returns the reason of a survivor, or null. */
export const reasonFor = (reasons, { file, line, original, replacement }) =>
  reasons.get(keyOf(file, line, original, replacement)) ?? null;

/** Returns the keys of reasons in files with mutants, for which no mutant survived. */
export function unusedReasons(reasons, tried) {
  const files = new Set(tried.map(({ file }) => file));
  const used = new Set(
    tried
      .filter(({ fate }) => fate === 'survived')
      .map(({ file, line, original, replacement }) => keyOf(file, line, original, replacement)),
  );
  return [...reasons.keys()].filter((key) => !used.has(key) && files.has(JSON.parse(key)[0]));
}
