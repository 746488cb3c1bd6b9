import { Failure } from '../failure.js';
import { VERSION } from '../version.js';
import { readAnswer, readProblem, type Answer } from './answer.js';
import { exchange, type Reply } from './http-post.js';

/** It may work later. */
export class RetryableError extends Failure {
  constructor(
    message: string,
    /** What `Retry-After` asked for, in seconds; null where it was not said. */
    readonly retryAfterSeconds: number | null,
  ) {
    super('UNREACHABLE', message);
  }
}

/** Seconds until then; both forms of RFC 9110, 10.2.3. */
export function retryAfter(header: string | undefined, now = Date.now()): number | null {
  if (header === undefined) return null;
  if (/^[0-9]{1,9}$/.test(header.trim())) return Number(header);
  const instant = Date.parse(header);
  return Number.isNaN(instant) ? null : Math.max(0, Math.ceil((instant - now) / 1000));
}

/** The network's own word: `ECONNREFUSED`, `ENOTFOUND`, a certificate's fault. */
function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return (signal.reason as Error).name === 'TimeoutError' ? 'no answer in time' : 'stopped';
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}

/**
 * A signal that ends an exchange when its time is up, or when another signal says so.
 *
 * With a timer of our own: on Node 20 a signal of `AbortSignal.timeout` that only `AbortSignal.any` refers to is collected, and then never fires.
 */
function limitOf(timeoutMs: number, stop: AbortSignal | undefined): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('the time is up', 'TimeoutError')), Math.max(1, Math.ceil(timeoutMs)));
  const end = () => controller.abort(stop?.reason);
  if (stop?.aborted) end();
  stop?.addEventListener('abort', end, { once: true });
  const release = () => {
    clearTimeout(timer);
    stop?.removeEventListener('abort', end);
  };
  return { signal: controller.signal, release };
}

/**
 * Sends one document, once.
 *
 * @param url of the door, such as `https://registry/v1/reports`
 * @param timeoutMs for the whole exchange
 * @param stop ends it at once
 * @throws TryLater where it may work later (no connection, 408, 425, 429, 5xx); Failure UNAUTHORISED (401, 403), REFUSED (every other 4xx), UNREACHABLE (no registry there)
 */
export async function sendOnce(url: string, token: string | null, document: object, timeoutMs: number, stop?: AbortSignal): Promise<Answer> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, application/problem+json',
    'accept-encoding': 'identity',
    'user-agent': `klpreg-agent/${VERSION}`,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const limit = limitOf(timeoutMs, stop);
  let reply: Reply;
  try {
    reply = await exchange(url, headers, JSON.stringify(document), limit.signal);
  } catch (error) {
    throw new RetryableError(`${url}: ${reasonOf(error, limit.signal)}`, null);
  } finally {
    limit.release();
  }
  const { status, text } = reply;
  if (status >= 200 && status < 300) return readAnswer(url, text);
  const problem = `${url}: ${readProblem(status, text)}`;
  if (status === 401 || status === 403) throw new Failure('UNAUTHORISED', problem);
  if (status === 408 || status === 425 || status === 429 || status >= 500) throw new RetryableError(problem, retryAfter(reply.headers['retry-after']));
  if (status < 400 || status === 404 || status === 405) throw new Failure('UNREACHABLE', `${problem} (is the URL that of a registry?)`);
  throw new Failure('REFUSED', problem);
}
