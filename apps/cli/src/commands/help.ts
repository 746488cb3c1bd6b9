import { readFileSync } from 'node:fs';

/** Returns the details and examples of a command, from `help/NAME.txt`. */
export const helpText = (name: string): string =>
  `\n${readFileSync(new URL(`../../help/${name}.txt`, import.meta.url), 'utf8').trimEnd()}`;
