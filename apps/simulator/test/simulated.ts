import path from 'node:path';
import { PassThrough } from 'node:stream';
import { readOptions } from '../src/run/options.js';
import { run } from '../src/run/run.js';
import type { Summary } from '../src/run/summary.js';

/** Where the captured modules are. */
export const project = path.join(__dirname, '../../..');

/** Runs a fleet against a played registry, as these words ask for. */
export async function simulate(url: string, words: string): Promise<Summary> {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  stream.resume();
  return run(readOptions(['--skip-publish', ...words.split(' ')]), { url, token: 'secret' }, project, stream, new AbortController().signal);
}
