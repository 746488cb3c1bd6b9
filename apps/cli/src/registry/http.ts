import { certificateProblem, exchange, type Reply } from '@klpreg/connection';
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
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
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
    const response = await sendOnce(request, settings);
    const pause = retryAfter(response);
    if (pause === null || attempt > MAX_RETRIES) return { status: response.status, body: jsonOf(response) };
    environment.stderr.write(`the registry is busy (HTTP ${response.status}); asking again in ${pause} s\n`);
    await environment.sleep(pause * 1000);
  }
}

async function sendOnce(
  { method, path, body, timeoutMs = TIMEOUT_MS }: HttpRequest,
  { url, token, tls, timeoutMs: wanted }: Settings,
): Promise<Reply> {
  const headers: Record<string, string> = {
    accept: 'application/graphql-response+json, application/json, application/problem+json',
  };
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  const form = body instanceof FormData ? new Response(body) : null;
  const contentType = form?.headers.get('content-type') ?? (body === undefined ? null : 'application/json');
  if (contentType !== null) headers['content-type'] = contentType;
  const bytes = form === null ? (body as string | undefined) : Buffer.from(await form.arrayBuffer());
  const signal = AbortSignal.timeout(wanted ?? timeoutMs);
  try {
    const options = { method, headers, body: bytes, signal, maxAnswerBytes: MAX_ANSWER_BYTES, tls };
    const reply = await exchange(url + path, options);
    if (reply.status >= 300 && reply.status < 400)
      throw new Error(`it answered HTTP ${reply.status}, and redirects are not followed`);
    return reply;
  } catch (error) {
    throw unreachable(signal.aborted ? signal.reason : error, url);
  }
}

/** Returns the seconds to wait before a retry. Null: do not retry. */
function retryAfter({ status, headers }: Reply): number | null {
  if (status !== 429 && status !== 503) return null;
  const seconds = Number(headers['retry-after'] ?? 1);
  return Number.isFinite(seconds) && seconds >= 0 && seconds <= MAX_PAUSE_S
    ? Math.max(1, Math.ceil(seconds))
    : null;
}

function jsonOf({ text }: Reply): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function unreachable(error: unknown, url: string): Error {
  const { name, message, code } = error as Error & { code?: string };
  const problem = certificateProblem(error);
  const why = name === 'TimeoutError' ? 'it did not answer in time' : (problem?.what ?? code ?? message);
  return unexpected(
    `the registry at ${url} cannot be reached: ${why}`,
    problem?.next ?? 'set its URL with --url, KLPREG_URL, or url in the configuration',
  );
}
