import { styleText } from 'node:util';
import type { Environment } from '../environment.js';

export type Paint = (style: 'green' | 'yellow' | 'red' | 'bold' | 'dim', text: string) => string;

/** Returns a function that colours text on a terminal, unless NO_COLOR is set (https://no-color.org). */
export function paintFor(environment: Environment, stream: 'stdout' | 'stderr' = 'stdout'): Paint {
  const wanted =
    environment[stream].isTTY && !environment.env['NO_COLOR'] && environment.env['TERM'] !== 'dumb';
  return wanted ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}
