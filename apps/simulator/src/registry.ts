import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Stop } from './stop.js';

/** The registry that the demo and the fleet speak to. */
export interface Registry {
  readonly url: string;
  readonly token: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';
const ASK_FOR_MS = 5_000;

/** Where the registry keeps its data, and the demo what its agents remember. */
export const dataFolder = (env: NodeJS.ProcessEnv): string => path.resolve(env['KLPREG_DATA'] || '.data');

/**
 * Finds a registry that answers, and a token for it.
 *
 * @throws Stop that says how to start one, or where a token was looked for
 */
export async function findRegistry(env: NodeJS.ProcessEnv): Promise<Registry> {
  const url = (env['KLPREG_URL'] || DEFAULT_URL).replace(/\/+$/, '');
  await ready(url);
  return { url, token: env['KLPREG_TOKEN'] || readToken(path.join(dataFolder(env), 'admin-token')) };
}

async function ready(url: string): Promise<void> {
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ASK_FOR_MS) }).catch(
    (error: Error & { cause?: { code?: string } }) => error.cause?.code ?? error.message,
  );
  if (typeof answer === 'string')
    throw new Stop(
      `No registry answers at ${url} (${answer}).\nStart it first, in another terminal:  npm start\nWhere it is elsewhere:  set KLPREG_URL=http://HOST:PORT`,
    );
  await answer.body?.cancel();
  if (!answer.ok) throw new Stop(`What answers at ${url} is not ready (HTTP ${answer.status} for /readyz). Is it the registry? Try again in a moment.`);
}

/** The first line of the file that the registry wrote at its first start. */
function readToken(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').split('\n', 1)[0]!.trim();
    if (token !== '') return token;
  } catch {
    // said below, with what to do
  }
  throw new Stop(
    `There is no admin token in ${file}.\nStart the registry from this folder (npm start), name its data folder (KLPREG_DATA), or give a token (KLPREG_TOKEN).`,
  );
}
