import { unexpected } from '../exits.js';
import type { Settings } from '../settings.js';
import type { Environment } from '../environment.js';

/** The status and the JSON body of a response. */
export interface HttpResponse {
  readonly status: number;
  /** Undefined if the body is not JSON. */
  readonly body: unknown;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string | FormData;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const MAX_RETRIES = 3;
/** A registry that asks for a longer pause is not retried. */
const MAX_PAUSE_S = 20;

/**
 * Sends one request and returns the answer, whatever its status.
 *
 * Retries `429` and `503` after `Retry-After`. Never follows
 * a redirect, which would send the token to another server.
 *
 * @throws Failure 4 if there is no response
 */
export async function send(
  request: HttpRequest,
  settings: Settings,
  environment: Environment,
): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetchOnce(request, settings);
    const pause = retryAfter(response);
    if (pause === null || attempt > MAX_RETRIES)
      return { status: response.status, body: await jsonOf(response, settings) };
    await response.body?.cancel();
    environment.stderr.write(`the registry is busy (HTTP ${response.status}); asking again in ${pause} s\n`);
    await environment.sleep(pause * 1000);
  }
}

async function fetchOnce(request: HttpRequest, settings: Settings): Promise<Response> {
  const headers: Record<string, string> = {
    accept: 'application/graphql-response+json, application/json, application/problem+json',
  };
  if (settings.token !== null) headers['authorization'] = `Bearer ${settings.token}`;
  if (typeof request.body === 'string') headers['content-type'] = 'application/json';
  try {
    const body = request.body === undefined ? {} : { body: request.body };
    return await fetch(`${settings.url}${request.path}`, {
      method: request.method,
      headers,
      ...body,
      redirect: 'error',
      signal: AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS),
    });
  } catch (error) {
    throw unreachable(error, settings);
  }
}

/** Returns the seconds to wait before a retry. Null: do not retry. */
function retryAfter(response: Response): number | null {
  if (response.status !== 429 && response.status !== 503) return null;
  const seconds = Number(response.headers.get('retry-after') ?? 1);
  return Number.isFinite(seconds) && seconds >= 0 && seconds <= MAX_PAUSE_S
    ? Math.max(1, Math.ceil(seconds))
    : null;
}

async function jsonOf(response: Response, settings: Settings): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw unreachable(error, settings);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function unreachable(error: unknown, settings: Settings): Error {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  const why =
    name === 'TimeoutError' ? 'it did not answer in time' : (cause?.code ?? cause?.message ?? message);
  return unexpected(
    `the registry at ${settings.url} cannot be reached: ${why}`,
    'set its URL with --url, KLPREG_URL, or url in the configuration',
  );
}
