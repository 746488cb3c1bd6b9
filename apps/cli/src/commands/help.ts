import { readFileSync } from 'node:fs';

/** The examples and the fine print of a command: `help/NAME.txt` beside the sources. */
export const helpText = (name: string): string => `\n${readFileSync(new URL(`../../help/${name}.txt`, import.meta.url), 'utf8').trimEnd()}`;
