import type { Answer } from './compatibility.js';

/** A sign for each answer, because colour is never the only one. */
export const SIGNS: Readonly<Record<Answer, string>> = {
  REPLACES: '→',
  NO_RETURN: '◆',
  REFUSED: '×',
  STACKS: '+',
  NOT_KNOWN: '?',
  SAME: '–',
};

/** The names of the colours in tokens.css: the cell's, and that of the sign in it. */
export const COLOURS: Readonly<Record<Answer, readonly [cell: string, sign: string]>> = {
  REPLACES: ['--late', '--ink'],
  NO_RETURN: ['--unsafe', '--ink'],
  REFUSED: ['--refused', '--paper'],
  STACKS: ['--hover', '--text'],
  NOT_KNOWN: ['--unknown', '--ink'],
  SAME: ['--border', '--text'],
};
