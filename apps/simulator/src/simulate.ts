import { fileURLToPath } from 'node:url';
import { findRegistry } from './registry.js';
import { help, type Options, readOptions } from './run/options.js';
import { run } from './run/run.js';
import { show } from './run/summary.js';
import { FatalError } from './fatal-error.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));

/** @returns the exit code */
async function simulate(options: Options): Promise<number> {
  const { url, token, json } = options;
  const given = {
    ...(url === null ? {} : { KLPREG_URL: url }),
    ...(token === null ? {} : { KLPREG_TOKEN: token }),
  };
  const registry = await findRegistry({ ...process.env, ...given });
  const stop = new AbortController();
  // a second signal kills the process
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const summary = await run(options, registry, project, process.stderr, stop.signal);
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : show(summary));
  return Object.keys(summary.refused).length > 0 ? 1 : 0;
}

function parseOptions(): Options | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}

const options = parseOptions();
if (options === null) process.exitCode = 2;
else if (options.help) process.stdout.write(help());
else {
  try {
    process.exitCode = await simulate(options);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
