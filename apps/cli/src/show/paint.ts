import { styleText } from 'node:util';
import type { World } from '../world.js';

export type Paint = (style: 'green' | 'yellow' | 'red' | 'bold' | 'dim', text: string) => string;

/** Colours only where somebody looks, and has not asked for none (https://no-color.org). */
export function paintFor(world: World, sink: 'stdout' | 'stderr' = 'stdout'): Paint {
  const wanted = world[sink].isTTY && !world.env['NO_COLOR'] && world.env['TERM'] !== 'dumb';
  return wanted ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}
