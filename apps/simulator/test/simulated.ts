import path from 'node:path';
import { PassThrough } from 'node:stream';
import { readOptions } from '../src/run/options.js';
import { run } from '../src/run/run.js';
import type { Summary } from '../src/run/summary.js';

/** Where the captured modules are. */
export const project = path.join(__dirname, '../../..');

/**
 * Runs a fleet against a played registry with these options.
 *
 * @param until ends the run once this is true; without it the options end it
 */
export async function simulate(url: string, words: string, until?: () => boolean): Promise<Summary> {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  stream.resume();
  const stop = new AbortController();
  const watch = setInterval(() => until?.() && stop.abort(), 5);
  try {
    return await run(readOptions(['--skip-publish', ...words.split(' ')]), { url, token: 'secret' }, project, stream, stop.signal);
  } finally {
    clearInterval(watch);
  }
}
