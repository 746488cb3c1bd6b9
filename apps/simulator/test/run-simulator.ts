import path from 'node:path';
import { PassThrough } from 'node:stream';
import { readOptions } from '../src/run/options.js';
import { run } from '../src/run/run.js';
import type { Summary } from '../src/run/summary.js';

/** The repository, which has the captured modules. */
export const project = path.join(__dirname, '../../..');

/**
 * Runs the simulator against a test registry.
 *
 * @param args options, separated by spaces
 * @param until stops the run when it returns true; by default the options end the run
 */
export async function simulate(url: string, args: string, until?: () => boolean): Promise<Summary> {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  stream.resume();
  const stop = new AbortController();
  const watch = setInterval(() => until?.() && stop.abort(), 5);
  try {
    const options = readOptions(['--skip-publish', ...args.split(' ')]);
    return await run(options, { url, token: 'secret' }, project, stream, stop.signal);
  } finally {
    clearInterval(watch);
  }
}
