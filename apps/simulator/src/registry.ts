import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FatalError } from './fatal-error.js';

/** The registry that receives the messages. */
export interface Registry {
  readonly url: string;
  readonly token: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';
const READY_TIMEOUT_MS = 5_000;

/** Returns the folder in which the registry keeps its data, and the demo the state of its agents. */
export const dataFolder = (env: NodeJS.ProcessEnv): string => path.resolve(env['KLPREG_DATA'] || '.data');

/**
 * Finds a registry that is ready, and a token for it.
 *
 * @throws FatalError if there is no registry or no token, with what to do
 */
export async function findRegistry(env: NodeJS.ProcessEnv): Promise<Registry> {
  const url = (env['KLPREG_URL'] || DEFAULT_URL).replace(/\/+$/, '');
  await checkReady(url);
  return { url, token: env['KLPREG_TOKEN'] || readToken(path.join(dataFolder(env), 'admin-token')) };
}

async function checkReady(url: string): Promise<void> {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_TIMEOUT_MS) }).catch(
    (error: Error & { cause?: { code?: string } }) => error.cause?.code ?? error.message,
  );
  if (typeof response === 'string')
    throw new FatalError(
      [
        `No registry answers at ${url} (${response}).`,
        'To start one, in another terminal:  npm start',
        'To use another one:  set KLPREG_URL=http://HOST:PORT',
      ].join('\n'),
    );
  await response.body?.cancel();
  if (response.ok) return;
  const found = `The server at ${url} is not ready (HTTP ${response.status} for /readyz).`;
  throw new FatalError(`${found} Check that it is a registry, or try again in a moment.`);
}

/** Reads the first line of the token file, which the registry wrote at its first start. */
function readToken(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').split('\n', 1)[0]!.trim();
    if (token !== '') return token;
  } catch {
    // the error below also covers an unreadable file
  }
  throw new FatalError(
    [
      `There is no admin token in ${file}.`,
      'Start the registry in this folder (npm start), or set its data folder (KLPREG_DATA) or a token ' +
        '(KLPREG_TOKEN).',
    ].join('\n'),
  );
}
