import { styleText } from 'node:util';
import type { Environment } from '../environment.js';

export type Paint = (style: 'green' | 'yellow' | 'red' | 'bold' | 'dim', text: string) => string;

/** Colours only where somebody looks, and has not asked for none (https://no-color.org). */
export function paintFor(environment: Environment, stream: 'stdout' | 'stderr' = 'stdout'): Paint {
  const wanted = environment[stream].isTTY && !environment.env['NO_COLOR'] && environment.env['TERM'] !== 'dumb';
  return wanted ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}
